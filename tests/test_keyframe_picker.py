import math

import numpy as np
import pytest

from place_recognition_ros.poses import Pose
from place_recognition_ros.stream.keyframe_picker import KeyframePicker
from place_recognition_ros.types import Count

MS = 10**6
START = 10**18  # nanoseconds; a typical time of day clock


def pose(x=0.0, turn=0.0):
    """A pose at ``x`` metres, turned by ``turn`` radians about z."""
    half = turn / 2
    return Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, math.sin(half), math.cos(half)]))


def picked(picker, stamps, poses=None):
    """The stamps of the images that become keyframes."""
    poses = poses or [None] * len(stamps)
    return [stamp for stamp, each in zip(stamps, poses) if picker.pick(stamp, each) == Count.KEYFRAME]


def test_without_limits_every_image_is_a_keyframe():
    stamps = [START + n for n in range(10)]
    assert picked(KeyframePicker(0, 0, 0), stamps) == stamps


@pytest.mark.parametrize(
    "camera_hz, rate_hz, every", [(30, 1, 30), (30, 10, 3), (30, 15, 2), (30, 30, 1), (10, 30, 1)]
)
def test_max_rate_picks_evenly_despite_jitter(camera_hz, rate_hz, every, rng):
    jitter = rng.integers(-MS // 2, MS // 2, 300)
    stamps = [START + int(n * 1e9 / camera_hz + jitter[n]) for n in range(300)]
    assert len(picked(KeyframePicker(rate_hz, 0, 0), stamps)) == pytest.approx(300 / every, abs=1)


def test_translation_or_rotation_is_sufficient():
    picker = KeyframePicker(0, 1.0, 0.5)
    stamp = START
    for step, expected in [
        (pose(), Count.KEYFRAME),
        (pose(0.9, 0.4), Count.NOT_MOVED),
        (pose(1.1), Count.KEYFRAME),
        (pose(1.2, 0.6), Count.KEYFRAME),
        (pose(1.2, 0.6), Count.NOT_MOVED),
        (pose(1.2, 0.2), Count.NOT_MOVED),
        (pose(1.2, 0.05), Count.KEYFRAME),
    ]:
        stamp += MS
        assert picker.pick(stamp, step) == expected, step


@pytest.mark.parametrize("limits, moved", [((2.0, 0), pose(1, 3)), ((0, 2.0), pose(100, 1))])
def test_a_limit_of_zero_is_ignored(limits, moved):
    picker = KeyframePicker(0, *limits)
    picker.pick(START, pose())
    assert picker.pick(START + 1, moved) == Count.NOT_MOVED


def test_slow_motion_accumulates():
    poses = [pose(0.1 * n) for n in range(31)]
    stamps = [START + n for n in range(31)]
    assert len(picked(KeyframePicker(0, 0.95, 0), stamps, poses)) == 1 + 3


def test_without_a_pose_motion_is_not_required():
    picker = KeyframePicker(0, 5.0, 0)
    outcomes = [picker.pick(START + n, each) for n, each in enumerate([None, None, pose(), None, pose(1)])]
    assert outcomes == [Count.KEYFRAME] * 4 + [Count.NOT_MOVED], "motion is measured from the last known pose"


NO_POSES = {
    "NaN": pose(math.nan),
    "infinite": pose(math.inf),
    "NaN quaternion": pose()._replace(orientation=np.full(4, math.nan)),
    "zero quaternion": pose()._replace(orientation=np.zeros(4)),
    "wrong shape": pose()._replace(position=np.zeros(2)),
}


@pytest.mark.parametrize("bad", NO_POSES.values(), ids=NO_POSES)
@pytest.mark.parametrize("where", [0, 50, 100])
def test_a_pose_that_is_not_rigid_does_not_end_keyframes(bad, where):
    """100 m, with an image every half metre."""
    poses = [pose(0.5 * n) for n in range(201)]
    poses[where] = bad
    keyframes = picked(KeyframePicker(0, 5.0, 0.5), [START + n for n in range(201)], poses)
    assert 20 <= len(keyframes) <= 22


def test_where_the_orientation_is_not_known_the_position_picks():
    picker = KeyframePicker(0, 1.0, 0.5)
    picker.pick(START, pose(), oriented=False)
    assert picker.pick(START + 1, pose(0, 2.0)) == Count.NOT_MOVED
    assert picker.pick(START + 2, pose(1.1, 2.0)) == Count.KEYFRAME
    assert picker.pick(START + 3, pose(1.1, 0), oriented=False) == Count.NOT_MOVED
    assert picker.pick(START + 4, pose(1.1, 0)) == Count.KEYFRAME


def test_whether_an_image_is_due_changes_nothing():
    picker = KeyframePicker(1, 5.0, 0)
    assert picker.is_due(START, pose())
    assert picker.is_due(START)
    picker.pick(START, pose())
    ages = [-2000, -500, 0, 500, 1000]
    assert [picker.is_due(START + age * MS) for age in ages] == [True, False, False, False, True]
    assert [picker.is_due(START + age * MS, pose(9)) for age in ages] == [True, False, False, False, True]
    assert not picker.is_due(START + 1000 * MS, pose(4))
    assert not picker.is_due(0)


def test_rate_and_motion_limits_must_both_hold():
    picker = KeyframePicker(1, 1.0, 0)
    picker.pick(START, pose())
    assert picker.pick(START + 500 * MS, pose(9)) == Count.TOO_SOON
    assert picker.pick(START + 1500 * MS, pose(0.5)) == Count.NOT_MOVED
    assert picker.pick(START + 1600 * MS, pose(9)) == Count.KEYFRAME


@pytest.mark.parametrize("stamp", [0, -1])
def test_an_image_without_a_stamp_is_no_keyframe(stamp):
    picker = KeyframePicker(0, 0, 0)
    assert picker.pick(stamp, None) == Count.NO_STAMP
    assert picker.pick(START, None) == Count.KEYFRAME
    assert picker.pick(stamp, None) == Count.NO_STAMP


def test_duplicate_and_late_images_are_skipped():
    picker = KeyframePicker(0, 0, 0)
    picker.pick(START, None)
    assert picker.pick(START, None) == Count.NOT_NEWER
    assert picker.pick(START - 1000 * MS, None) == Count.NOT_NEWER
    assert picker.pick(START + 1, None) == Count.KEYFRAME


def test_a_clock_that_jumps_back_resets_the_picker():
    picker = KeyframePicker(1, 5.0, 0)
    picker.pick(START, pose())
    assert picker.pick(START - 1001 * MS, pose()) == Count.CLOCK_JUMPED
    assert picker.pick(START - 1000 * MS, pose(9)) == Count.TOO_SOON
    assert picker.pick(START, pose(9)) == Count.KEYFRAME


def test_shuffled_stamps_give_increasing_keyframes(rng):
    stamps = START + rng.permutation(1000) * MS
    stamps_of_keyframes = picked(KeyframePicker(0, 0, 0), [int(stamp) for stamp in stamps])
    assert stamps_of_keyframes == sorted(set(stamps_of_keyframes))


def test_other_limits_count_from_the_next_image():
    picker = KeyframePicker(0, 0, 0)
    assert picker.pick(START, pose(0.0)) == Count.KEYFRAME
    picker.configure(1, 0, 0)
    assert picker.pick(START + 500 * MS, pose(0.0)) == Count.TOO_SOON
    picker.configure(0, 2.0, 0)
    assert picker.pick(START + 600 * MS, pose(1.0)) == Count.NOT_MOVED
    assert picker.pick(START + 700 * MS, pose(2.5)) == Count.KEYFRAME
