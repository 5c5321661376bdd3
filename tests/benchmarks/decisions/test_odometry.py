import numpy as np
import pytest

from benchmarks.decisions.odometry import drifting, has_odometry, with_odometry
from place_recognition_ros.poses import Pose, distance
from training.data.recordings.recording import Frame, Recording, stamps

AHEAD = np.array([0.0, 0.0, 0.0, 1.0])
STRAIGHT = [Pose(np.array([float(x), 0.0, 0.0]), AHEAD) for x in range(101)]


def errors(drift):
    return np.array(
        [
            drifting(STRAIGHT, drift, np.random.default_rng(seed))[-1].position - STRAIGHT[-1].position
            for seed in range(200)
        ]
    )


def test_two_percent_of_drift_is_two_metres_after_a_hundred_on_each_axis():
    assert errors(0.02).std(axis=0) == pytest.approx(2.0, rel=0.25)


def test_without_drift_the_poses_are_the_true_ones():
    assert np.abs(errors(0.0)).max() < 1e-9


def recording(frames):
    return Recording("set", "set", frames, np.ones((len(frames), len(frames)), np.int8), ())


def test_each_session_begins_at_its_true_pose():
    frames = [
        Frame(stamp, lambda: np.zeros((2, 2, 3), np.uint8), int(number >= 50), pose)
        for number, (stamp, pose) in enumerate(zip(stamps(101, 1.0), STRAIGHT))
    ]
    found = with_odometry(recording(frames), 0.02).frames
    assert [f.stamp for f in found] == [f.stamp for f in frames]
    assert distance(found[50].odometry, STRAIGHT[50]) == 0
    assert distance(found[49].odometry, STRAIGHT[49]) > 0.01
    assert found[49].keyframe().world_frame != found[50].keyframe().world_frame


def test_a_recording_without_poses_is_unchanged():
    frames = [Frame(1, lambda: np.zeros((2, 2, 3), np.uint8))]
    assert not has_odometry(recording(frames))
    assert with_odometry(recording(frames)).frames == frames
