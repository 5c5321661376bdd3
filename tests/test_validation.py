import numpy as np
import pytest

from place_recognition_ros.errors import ImageError, KeyframeError
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Keyframe
from place_recognition_ros.validation import MAX_STAMP, checked_keyframe

IMAGE = np.zeros((24, 32), np.uint8)
POSE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))
CAMERA = Camera(32, 24, "optical", "plumb_bob", np.eye(3), np.zeros(5))


def refuse(match, **fields):
    with pytest.raises(KeyframeError, match=match):
        checked_keyframe(Keyframe(IMAGE, 1)._replace(**fields))


def test_valid_values_are_kept():
    keyframe = Keyframe(IMAGE, 7, POSE, CAMERA, "base_link", "odom", POSE)
    checked = checked_keyframe(keyframe)
    for name in ("pose", "base_to_camera"):
        for found, expected in zip(getattr(checked, name), POSE):
            np.testing.assert_array_equal(found, expected)
    assert checked._replace(pose=POSE, base_to_camera=POSE) == keyframe


def test_lists_of_numbers_become_arrays():
    checked = checked_keyframe(Keyframe(IMAGE, 1, Pose([1, 2, 3], [0, 0, 0, 1])))
    assert [array.dtype for array in checked.pose] == [np.float64] * 2


@pytest.mark.parametrize("field", ["pose", "base_to_camera"])
def test_a_quaternion_of_another_length_is_normalised(field):
    long = Pose(np.zeros(3), np.array([0.0, 0.0, 2.0, 2.0]))
    checked = getattr(checked_keyframe(Keyframe(IMAGE, 1)._replace(**{field: long})), field)
    assert checked.orientation == pytest.approx([0, 0, np.sqrt(0.5), np.sqrt(0.5)])
    np.testing.assert_array_equal(long.orientation, [0, 0, 2, 2])


def test_without_a_camera_the_size_of_the_image_is_known():
    assert checked_keyframe(Keyframe(IMAGE, 1)).camera == Camera(32, 24)


def test_integers_of_numpy_become_plain_ones():
    checked = checked_keyframe(Keyframe(IMAGE, np.int64(5), camera=Camera(np.int64(32), np.uint16(24))))
    assert [type(each) for each in (checked.stamp, *checked.camera[:2])] == [int] * 3


@pytest.mark.parametrize("stamp", [None, "1", 1.5, -1, MAX_STAMP + 1, True], ids=str)
def test_a_stamp_outside_64_bits_is_refused(stamp):
    refuse("expected a stamp", stamp=stamp)


def test_an_image_is_checked_too():
    with pytest.raises(ImageError):
        checked_keyframe(Keyframe(None, 1))


@pytest.mark.parametrize("field", ["pose", "base_to_camera"])
@pytest.mark.parametrize(
    "pose",
    [
        POSE._replace(position=np.array([np.nan, 0, 0])),
        POSE._replace(position=np.zeros(2)),
        POSE._replace(position=np.zeros((1, 3))),
        POSE._replace(orientation=np.zeros(4)),
        POSE._replace(orientation=np.array([0, 0, 0, 20.0])),
        POSE._replace(orientation=np.array([0, 0, np.inf, 1.0])),
        POSE._replace(orientation=np.array([1.0, 0, 0])),
        POSE._replace(position=np.array([1e300, 0, 0])),
        POSE._replace(position=np.array(["x", "y", "z"])),
        POSE._replace(orientation=np.array([0, 0, 0, 1j])),
        tuple(POSE),
        np.eye(4),
    ],
    ids=str,
)
def test_a_pose_that_is_not_rigid_is_refused(field, pose):
    refuse(f"as {field}", **{field: pose})


@pytest.mark.parametrize(
    "change, match",
    [
        ({"width": 640}, "camera of a 32×24 image"),
        ({"intrinsics": np.zeros((3, 4))}, "intrinsics"),
        ({"intrinsics": np.full((3, 3), np.nan)}, "intrinsics"),
        ({"intrinsics": "K"}, "intrinsics"),
        ({"distortion": np.zeros((2, 2))}, "distortion"),
        ({"distortion": np.array([np.inf])}, "distortion"),
        ({"frame_id": None}, "frame_id"),
        ({"frame_id": "\ud800"}, "frame_id"),
        ({"distortion_model": 5}, "distortion_model"),
    ],
    ids=str,
)
def test_a_camera_that_cannot_be_used_is_refused(change, match):
    refuse(match, camera=CAMERA._replace(**change))


@pytest.mark.parametrize("field", ["pose_frame", "world_frame"])
def test_the_name_of_a_frame_is_text(field):
    refuse(field, **{field: 7})


def test_what_is_not_a_camera_is_refused():
    refuse("expected the camera", camera={"width": 32, "height": 24})


def test_a_depth_image_is_checked_too():
    depth = np.zeros((24, 32), np.float32)
    assert checked_keyframe(Keyframe(IMAGE, 1, depth=depth)).depth is depth
    refuse("expected a depth image", depth=depth.T)
