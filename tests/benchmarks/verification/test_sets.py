import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.verification import sets
from benchmarks.verification.sets import common, registered, scaled, viewing_distance
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera

CAMERA = Camera(100, 80, intrinsics=np.array([[50.0, 0, 49.5], [0, 50.0, 39.5], [0, 0, 1]]))


def test_a_scaled_camera_projects_to_the_scaled_image():
    k = np.array([[500.0, 0, 320.0], [0, 510.0, 240.0], [0, 0, 1]])
    point = np.array([0.2, -0.1, 1.0])
    large, small = (k @ point)[:2], (scaled(k, 0.25) @ point)[:2]
    assert small == pytest.approx((large + 0.5) * 0.25 - 0.5)


def moved(position, degrees=0.0):
    return Pose(np.array(position, float), Rotation.from_euler("y", degrees, degrees=True).as_quat())


def test_the_same_view_has_everything_in_common():
    assert common(moved((0, 0, 0)), CAMERA, CAMERA, 5.0) == 1.0


def test_half_an_image_to_the_side_half_is_common():
    assert common(moved((5.0, 0, 0)), CAMERA, CAMERA, 5.0) == pytest.approx(0.5, abs=0.07)


def test_cameras_back_to_back_have_nothing_in_common():
    assert common(moved((0, 0, 0), 180.0), CAMERA, CAMERA, 5.0) == 0.0


def test_the_lower_share_counts():
    near = moved((0, 0, -4.0))  # the query camera is 4 m behind the match camera
    assert common(near, CAMERA, CAMERA, 5.0) == pytest.approx(1 / 25, abs=0.03)


def test_the_viewing_distance_is_to_the_point_all_axes_meet():
    angles = np.radians([-30, 0, 30, 50])
    axis = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
    center = np.array([3.0, 1.0, 9.0]) - 7.0 * axis
    assert viewing_distance(np.array(["a"] * 4), center, axis) == pytest.approx([7.0] * 4)


@pytest.mark.skipif(not (sets.DATA / "strecha").is_dir(), reason="the image set strecha is missing")
def test_the_pairs_of_strecha_are_of_their_bin_and_always_the_same():
    first, second = sets.strecha(), sets.strecha()
    for (low, high), pairs in first.items():
        assert len(pairs) == sets.PAIRS
        assert all(low <= pair.degrees < high for pair in pairs)
        assert len({(pair.query.path, pair.match.path) for pair in pairs}) == sets.PAIRS
        assert [pair.query.path for pair in pairs] == [pair.query.path for pair in second[low, high]]


def test_registered_depth_is_that_of_the_nearest_point_at_each_pixel():
    depth = np.full((40, 50), 3000, np.uint16)
    depth[:, 25:] = 1000  # the right half is near
    depth[5:10, 10:15] = 0
    intrinsics = np.array([[20.0, 0, 24.5], [0, 20.0, 19.5], [0, 0, 1]])  # a wider view than the camera's
    found = registered(depth, intrinsics, CAMERA)
    assert found.shape == (80, 100)
    assert set(np.unique(found)) <= {0, 1000, 3000}
    assert (found[:, :48] != 1000).all()
    assert (found[:, 50:] == 1000).all()
    row, column = (np.array([7, 12]) - (19.5, 24.5)) * 50 / 20 + (39.5, 49.5)
    assert found[int(row), int(column)] == 0
    assert (found[40:, :48] == 3000).all()


@pytest.mark.skipif(not (sets.DATA / "7scenes_redkitchen").is_dir(), reason="the image set is missing")
def test_depth_of_the_kitchen_is_aligned_to_the_image():
    pair = sets.kitchen(1)[0]
    assert pair.query.depth.shape == pair.query.image.shape[:2]
    assert pair.query.depth.dtype == np.uint16
    assert np.linalg.norm(pair.truth.position) <= sets.KITCHEN_METRES
