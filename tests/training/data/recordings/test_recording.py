import numpy as np

from training.data.recordings.recording import Frame, Recording, Verdict, find_revisits, stamps


def frames(count, session=lambda number: 0):
    return [
        Frame(stamp, lambda: np.zeros((4, 4, 3), np.uint8), session(number))
        for number, stamp in enumerate(stamps(count, 1.0))
    ]


def same_place(*places):
    place = np.array(places)
    return place[:, None] == place[None]


def test_a_place_seen_again_after_the_camera_was_elsewhere_is_a_revisit():
    same = same_place(*[0] * 3, *[1] * 9, *[0] * 3)
    assert find_revisits(frames(15), same, same) == (12, 13, 14)


def test_a_match_must_be_ten_seconds_old():
    same = same_place(0, *[1] * 5, 0, 0)
    assert find_revisits(frames(8), same, same) == ()


def test_a_camera_that_stays_makes_no_revisit():
    same = same_place(*[0] * 20)
    assert find_revisits(frames(20), same, same) == ()


def test_a_short_look_elsewhere_is_part_of_the_visit():
    same = same_place(*[0] * 9, 1, 1, *[0] * 9)
    assert find_revisits(frames(20), same, same) == ()


def test_a_match_in_an_earlier_session_needs_neither_age_nor_absence():
    same = same_place(0, 0)
    assert find_revisits(frames(2, lambda number: number), same, same) == (1,)


def test_verdicts_are_looked_up_by_frame():
    recording = Recording("set", "set", frames(2), np.array([[1, 2], [0, 1]], np.int8), ())
    assert recording.judge(0, 1) == Verdict.UNKNOWN
    assert recording.judge(1, 0) == Verdict.WRONG
    assert recording.numbers() == {10**9: 0, 2 * 10**9: 1}
