import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose
from rendering.camera import camera_pose, direction, pinhole
from rendering.pairs import Spread, overlap, relative_pose, second_view, seen_again

SIZE = (80, 60)
K = pinhole(SIZE, 50.0)
WALL = 8.0  # metres, x of a wall across the x axis


def depth_of_wall(pose):
    """Depth image of the plane x = WALL, without end."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    rays = np.linalg.inv(K) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    along = pose.rotation.apply(rays.T)[:, 0]
    return np.where(along > 0.05, (WALL - pose.position[0]) / along, 0.0).reshape(60, 80).astype(np.float32)


def test_the_relative_pose_takes_points_from_the_query_to_the_match():
    query, match = camera_pose((1, 2, 3), 0.4, 0.1, 0.2), camera_pose((-2, 1, 3.5), -0.3, 0.0, 0.1)
    world = np.array([5.0, 1.0, 2.0])
    here, there = (pose.rotation.inv().apply(world - pose.position) for pose in (query, match))
    relative = relative_pose(query, match)
    assert relative.rotation.apply(here) + relative.position == pytest.approx(there)


def test_points_seen_again_are_at_the_same_place_of_the_wall():
    a, b = camera_pose((0, 0, 1.5), 0.0), camera_pose((1.0, 2.0, 1.6), -0.3)
    depths = depth_of_wall(a), depth_of_wall(b)
    here, there, points = seen_again(*depths, relative_pose(a, b), K)
    assert points == 20 * 15
    assert 50 < len(here) < points
    on_wall = []
    for pose, pixels in ((a, here), (b, there)):
        rays = pose.rotation.apply((np.linalg.inv(K) @ np.insert(pixels, 2, 1.0, axis=1).T).T)
        on_wall.append(pose.position + rays * ((WALL - pose.position[0]) / rays[:, 0])[:, None])
    assert on_wall[0] == pytest.approx(on_wall[1], abs=1e-4)


def test_the_overlap_is_the_lower_one_of_both_images():
    a, b = camera_pose((0, 0, 1.5), 0.0), camera_pose((4.0, 0, 1.5), 0.0)  # b sees a quarter of what a sees
    depths = depth_of_wall(a), depth_of_wall(b)
    assert overlap(*depths, relative_pose(a, b), K) == pytest.approx(0.25, abs=0.06)
    assert overlap(*depths[::-1], relative_pose(b, a), K) == pytest.approx(0.25, abs=0.06)


def test_what_is_hidden_from_the_other_camera_is_not_seen_again():
    a, b = camera_pose((0, 0, 1.5), 0.0), camera_pose((0, 0.5, 1.5), 0.0)
    hidden = np.full_like(depth_of_wall(b), 2.0)  # something near, all over the image
    assert len(seen_again(depth_of_wall(a), hidden, relative_pose(a, b), K)[0]) == 0
    assert overlap(depth_of_wall(a), np.zeros_like(hidden), relative_pose(a, b), K) == 0


def test_the_second_camera_sees_the_target_from_the_wanted_direction():
    random, view = np.random.default_rng(0), camera_pose((0, 0, 1.5), 0.0)
    calm = Spread(jitter=0.0, roll=0.0, height=0.0)
    for degrees in (0.0, 20.0, 45.0):
        other = second_view(view, depth_of_wall(view), K, calm, degrees, lambda pose: True, random)
        angle = np.degrees(np.arccos(np.clip(direction(view) @ direction(other), -1, 1)))
        assert angle == pytest.approx(degrees, abs=1e-4)
        assert overlap(depth_of_wall(view), depth_of_wall(other), relative_pose(view, other), K) > 0.15


def test_without_room_or_without_depth_there_is_no_second_view():
    random, view = np.random.default_rng(0), Pose(np.zeros(3), Rotation.identity().as_quat())
    nothing = np.zeros((60, 80), np.float32)
    assert second_view(view, nothing, K, Spread(), 10.0, lambda pose: True, random) is None
    assert second_view(view, nothing + 5.0, K, Spread(), 10.0, lambda pose: False, random) is None
