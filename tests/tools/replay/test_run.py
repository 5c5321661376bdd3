"""The run over an input: which images become keyframes, and what is recorded of them."""

import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError, InputError
from place_recognition_ros.poses import Pose
from place_recognition_ros.stream.odometry import StampedPose
from place_recognition_ros.tools.replay.run import run
from place_recognition_ros.tools.replay.source import Decoded, Item, Source
from place_recognition_ros.types import Count

SECOND = 10**9


class Camera:
    """A source of images at given seconds; it counts those that are decoded."""

    def __init__(self, images, seconds, poses=()):
        self.decoded, self.shown = [], []
        stamps = [round(each * SECOND) for each in seconds]
        poses = list(poses) or [None] * len(images)
        rows = list(zip(range(len(images)), stamps, images, poses))
        self.source = Source("a camera", "test", len(rows), lambda: (self._item(*row) for row in rows))

    def watch(self, count, total):
        self.shown.append((count, total))

    def _item(self, number, stamp, image, x):
        def read():
            self.decoded.append(number)
            if image is None:
                raise ImageError("damaged")
            return Decoded(image)

        pose = None if x is None else Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
        odometry = None if pose is None else StampedPose(stamp, pose, "odom", "base_link")
        return Item(number, stamp, read, f"{number}.png", odometry)


@pytest.fixture
def play(make_detector):
    """``play(camera, **parameters)`` → Run."""

    def play(camera, **parameters):
        return run(camera.source, Config(**parameters), make_detector(), camera.watch)

    return play


def test_every_keyframe_is_recorded_with_its_result(play, places):
    camera = Camera(places, range(1, 9))
    done = play(camera)
    assert [each.number for each in done.entries] == list(range(8))
    assert [each.stamp for each in done.entries] == [number * SECOND for number in range(1, 9)]
    assert [each.result.outcome for each in done.entries] == [Count.STORED] * 8
    assert [each.name for each in done.entries] == [f"{number}.png" for number in range(8)]
    assert {each.size for each in done.entries} == {(240, 320)}
    assert (done.images, done.duration, done.keyframes) == (8, 7.0, 8)
    assert camera.shown == [(number, 8) for number in range(1, 9)]
    assert all(each.seconds >= sum(each.result.durations.values()) > 0 for each in done.entries)


def test_images_that_come_too_soon_are_not_decoded(play, places):
    camera = Camera(places, 1 + 0.5 * np.arange(8))
    done = play(camera, max_rate_hz=1.0)
    assert camera.decoded == [0, 2, 4, 6]
    assert done.counts[Count.TOO_SOON] == 4
    assert done.images == 8


def test_images_without_motion_are_not_decoded(play, places):
    camera = Camera(places, range(1, 9), [0, 0.1, 1, 1.1, 2, 2, 3, 3.9])
    done = play(camera, min_motion_m=1.0)
    assert camera.decoded == [0, 2, 4, 6]
    assert done.counts[Count.NOT_MOVED] == 4
    assert [each.position[0] for each in done.entries] == [0, 1, 2, 3]


def test_damaged_images_are_counted_and_the_others_used(play, places):
    done = play(Camera([places[0], None, places[2]], (1, 2, 3)))
    assert [each.number for each in done.entries] == [0, 2]
    assert done.counts[Count.BAD_IMAGE] == 1


def test_a_clock_that_jumps_back_begins_a_session(play, places):
    done = play(Camera(places[:4], (100, 101, 50, 51)))
    first, second = (done.entries[row].result.tracking.session for row in (1, 2))
    assert second == first + 1
    assert len(done.entries) == 4


def test_an_input_of_which_nothing_can_be_used_is_refused_with_the_reasons(play):
    with pytest.raises(InputError, match="Received: 2 bad images"):
        play(Camera([None, None], (1, 2)))
