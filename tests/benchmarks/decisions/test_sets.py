import numpy as np
import pytest

from benchmarks.decisions.sets import SETS, open_set
from training.data.recordings.recording import Verdict

QUICK = (
    "drive",
    "drive_depth",
    "ie_tower",
    "two_floors",
    "rtabmap_corridor",
    "koe_landmarks",
    "sped_half",
    "outdoor",
    "facades",
)


def opened(name):
    try:
        return open_set(name)
    except OSError as error:
        pytest.skip(str(error))


def number_of(recording, name):
    return next(number for number, frame in enumerate(recording.frames) if frame.name == name)


@pytest.mark.parametrize("name", QUICK)
def test_a_set_is_in_order_and_its_truth_is_symmetric(name):
    recording = opened(name)
    stamps = np.array([frame.stamp for frame in recording.frames])
    assert stamps[0] > 0
    assert (np.diff(stamps) > 0).all()
    assert (np.diff([frame.session for frame in recording.frames]) >= 0).all()
    assert (recording.verdicts == recording.verdicts.T).all()
    assert recording.verdicts.shape == (len(stamps), len(stamps))
    assert set(recording.revisits) <= set(range(1, len(stamps)))
    for query in recording.revisits:
        assert (recording.verdicts[query, :query] == Verdict.RIGHT).any()


def test_a_set_is_opened_by_its_name():
    assert all(name in SETS for name in QUICK)
    with pytest.raises(KeyError):
        open_set("no_set")


def test_the_corridor_is_revisited_by_its_second_and_third_lap():
    recording = opened("rtabmap_corridor")
    assert [recording.frames[number].name for number in recording.revisits] == [
        f"{number:03d}.webp" for number in range(41, 85) if number != 46
    ]
    lap1, lap2, wall = (number_of(recording, f"{n:03d}.webp") for n in (10, 50, 19))
    assert recording.judge(lap2, lap1) == Verdict.RIGHT
    assert recording.judge(lap2, lap1 + 6) == Verdict.WRONG
    assert recording.judge(lap2, lap1 + 4) == Verdict.UNKNOWN
    assert (recording.verdicts[wall] == Verdict.UNKNOWN).all()


def test_no_match_between_two_floors_is_right():
    recording = opened("two_floors")
    upper = np.array([frame.name.startswith("b") for frame in recording.frames])
    assert (recording.verdicts[upper][:, ~upper] == Verdict.WRONG).all()
    assert recording.revisits == ()


def test_a_mislabelled_clip_of_the_tower_is_on_its_true_floor():
    recording = opened("ie_tower")
    eighth, ninth, labelled_ninth = (
        number_of(recording, f"{clip}_frame_000001.webp")
        for clip in ("f08_hallway_main", "f09_hallway_alt", "f09_hallway_main")
    )
    assert recording.judge(labelled_ninth, eighth) == Verdict.UNKNOWN
    assert recording.judge(labelled_ninth, ninth) == Verdict.WRONG
