import numpy as np
import pytest

from place_recognition_ros.errors import KeyframeError
from place_recognition_ros.memory.store import StoredKeyframe
from place_recognition_ros.tools.explain.find import find

STAMPS = {3: 1_500_000_000_123456789, 4: 1_500_000_001_250000000, 7: 1_500_000_002_000000000}
KEYFRAMES = [StoredKeyframe(number, 1, stamp, None, np.zeros(2)) for number, stamp in STAMPS.items()]


@pytest.mark.parametrize(
    "text, number, understood",
    [
        ("4", 4, "id 4"),
        ("1500000001.250000000", 4, "stamp 1500000001.250000000 s"),
        ("1500000001.25", 4, "stamp 1500000001.250000000 s"),
        ("1500000000.12", 3, "stamp 1500000000.123456789 s"),
        ("1500000000123456789", 3, "stamp 1500000000.123456789 s"),
        ("1500000002", 7, "stamp 1500000002.000000000 s"),
    ],
)
def test_ids_seconds_and_nanoseconds_are_understood(text, number, understood):
    found = find(KEYFRAMES, text)
    assert (found.keyframe.id, found.understood) == (number, understood)


def test_a_whole_number_with_a_point_is_a_stamp():
    keyframes = [StoredKeyframe(number, 1, 10**9 * (number + 1), None, np.zeros(2)) for number in (1, 2)]
    assert find(keyframes, "2").keyframe.id == 2
    assert find(keyframes, "2.0").keyframe.id == 1


@pytest.mark.parametrize("text", ["1500000001.26", "5", "-1", "1500000000123456788", "0.0"])
def test_an_unknown_keyframe_is_refused_with_the_nearest_stamps(text):
    with pytest.raises(KeyframeError) as caught:
        find(KEYFRAMES, text)
    message = str(caught.value)
    assert f"Received: {text}; " in message
    assert "3 to 7" in message
    assert "1500000000.123456789 (keyframe 3)" in message


@pytest.mark.parametrize("text", ["", "three", "nan", "inf", "1e400", "1.2.3"])
def test_what_is_not_a_number_is_refused(text):
    with pytest.raises(KeyframeError, match="which is not a number"):
        find(KEYFRAMES, text)


def test_an_empty_map_is_refused():
    with pytest.raises(KeyframeError, match="an empty map"):
        find([], "1")
