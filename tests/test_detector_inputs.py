"""The detector with calibration, depth, mounting and rotated images."""

import numpy as np
import pytest

from place_recognition_ros.errors import KeyframeError
from place_recognition_ros.loops import examination
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Keyframe, RelativePose

INTRINSICS = np.array([[300.0, 0, 159.5], [0, 300, 119.5], [0, 0, 1]])
CAMERA = Camera(320, 240, "optical", "plumb_bob", INTRINSICS, np.zeros(5))
OPTICAL = np.array([-0.5, 0.5, -0.5, 0.5])
AHEAD = Pose(np.array([0.0, 0, 2]), np.array([0.0, 0, 0, 1]))


def ramp(height=240, width=320):
    """A depth image that tells its pixels: 1 m + 10 mm per column + 1 mm per row of 320×240."""
    rows, columns = np.indices((height, width), np.float32)
    return 1 + 0.01 * columns * 320 / width + 0.001 * rows * 240 / height


def keyframe(image, number=1, **fields):
    return Keyframe(image, number * 10**9, camera=CAMERA, **fields)


@pytest.fixture
def measured_pose(monkeypatch):
    """Every geometry that was measured has this relative pose from then on: ``measured_pose(pose)``."""
    measure = examination.measure

    def set_pose(relative):
        monkeypatch.setattr(examination, "measure", lambda *views: measure(*views)._replace(pose=relative))

    return set_pose


def test_features_are_stored_with_their_depth_and_camera(make_detector, paint):
    detector = make_detector(max_depth_m=3.0)
    number = detector.add(keyframe(paint(1), depth=ramp())).query.id
    view = detector.map.store.view(number)
    expected = 1 + 0.01 * np.rint(view.features["x"]) + 0.001 * np.rint(view.features["y"])
    expected[expected > 3.0] = np.nan
    np.testing.assert_allclose(view.features["depth"], expected, atol=0.012)
    assert np.isfinite(view.features["depth"]).sum() > 20
    np.testing.assert_array_equal(view.camera.intrinsics, INTRINSICS)


def test_without_a_depth_image_the_depth_is_not_known(make_detector, paint):
    detector = make_detector()
    number = detector.add(keyframe(paint(1))).query.id
    assert np.isnan(detector.map.store.view(number).features["depth"]).all()


def test_a_depth_image_of_another_aspect_ratio_is_refused_before_anything_changes(make_detector, paint):
    detector = make_detector()
    with pytest.raises(KeyframeError, match="expected a depth image"):
        detector.add(keyframe(paint(1), depth=ramp(240, 240)))
    assert len(detector.map) == 0
    assert detector.add(keyframe(paint(1), depth=ramp(120, 160))).query.id == 1


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_of_a_rotated_image_features_are_in_the_pixels_of_the_camera(make_detector, paint, degrees):
    """An image that the camera gives on its side is described as if it were upright."""
    upright = paint(1)
    detector = make_detector()
    descriptor = detector.add(Keyframe(upright, 10**9)).query.descriptor
    on_its_side = np.ascontiguousarray(np.rot90(upright, degrees // 90))  # counterclockwise
    height, width = on_its_side.shape
    rotating = make_detector(rotate_image=degrees)
    result = rotating.add(
        Keyframe(on_its_side, 10**9, camera=Camera(width, height), depth=ramp(height, width))
    )
    np.testing.assert_allclose(result.query.descriptor, descriptor, atol=1e-6)
    features, expected = rotating.map.store.view(1).features, detector.map.store.view(1).features
    assert sorted(features["descriptor"].tolist()) == sorted(expected["descriptor"].tolist())
    depth = 1 + 0.01 * features["x"] * 320 / width + 0.001 * features["y"] * 240 / height
    known = np.isfinite(features["depth"])
    assert known.sum() > 20
    np.testing.assert_allclose(features["depth"][known], depth[known], atol=0.025)
    for found, upright_one in zip(features[:20], expected[:20]):
        gray = upright[round(float(upright_one["y"])), round(float(upright_one["x"]))]
        assert on_its_side[round(float(found["y"])), round(float(found["x"]))] == gray


def there_and_back(detector, paint, **of_the_match):
    """The best candidate of a revisit of the first of six places."""
    for number in range(6):
        detector.add(keyframe(paint(number), 10 * number + 1, **of_the_match))
    return detector.add(keyframe(paint(0), 100)).candidates[0]


def test_the_pose_in_the_world_follows_from_the_mounting_of_the_match(make_detector, paint, measured_pose):
    relative = RelativePose(AHEAD, np.eye(6), True)
    measured_pose(relative)
    match = {
        "pose": Pose(np.array([10.0, 0, 0]), np.array([0, 0, np.sqrt(0.5), np.sqrt(0.5)])),  # turned left
        "pose_frame": "base",
        "world_frame": "odom",
        "base_to_camera": Pose(np.array([0.5, 0, 1]), OPTICAL),
    }
    candidate = there_and_back(make_detector(odometry_drift=0.0), paint, **match)
    assert candidate.accepted
    assert candidate.pose == relative
    np.testing.assert_allclose(candidate.world_pose.pose.position, [10, 2.5, 1], atol=1e-9)
    assert candidate.world_pose.frame_id == "odom"


@pytest.mark.parametrize("frame", ["optical", "/optical"])
def test_if_poses_are_those_of_the_camera_no_mounting_is_needed(make_detector, paint, measured_pose, frame):
    measured_pose(RelativePose(AHEAD, np.eye(6), True))
    match = {"pose": Pose(np.array([10.0, 0, 0]), OPTICAL), "pose_frame": frame, "world_frame": "slam"}
    candidate = there_and_back(make_detector(odometry_drift=0.0), paint, **match)
    np.testing.assert_allclose(candidate.world_pose.pose.position, [12, 0, 0], atol=1e-9)


@pytest.mark.parametrize(
    "match, scale_known",
    [
        ({}, True),
        ({"pose": AHEAD, "pose_frame": "base", "world_frame": "odom"}, True),
        ({"pose": AHEAD, "pose_frame": "optical", "world_frame": "odom"}, False),
        ({"pose": AHEAD, "world_frame": "odom"}, True),
    ],
    ids=["no pose", "no mounting", "no scale", "pose of an unknown frame"],
)
def test_without_mounting_or_scale_there_is_no_pose_in_the_world(
    make_detector, paint, measured_pose, match, scale_known
):
    measured_pose(RelativePose(AHEAD, np.eye(6), scale_known))
    candidate = there_and_back(make_detector(odometry_drift=0.0), paint, **match)
    assert candidate.pose is not None
    assert candidate.world_pose is None


def test_the_result_has_the_durations_of_its_stages(make_detector, places):
    detector = make_detector()
    results = [detector.add(Keyframe(image, number * 10**9)) for number, image in enumerate(places[:2], 1)]
    stages = {"overlay", "describe", "local features", "stay", "store", "search", "decide"}
    assert [set(each.durations) for each in results] == [stages, stages]
    measured = detector.status().durations
    assert [each.durations["store"] for each in results] == list(measured["store"])
