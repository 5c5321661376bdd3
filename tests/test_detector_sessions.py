"""LoopDetector: sessions, the relation of their worlds, and relocalization with several views."""

import numpy as np
import pytest

from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Count, Keyframe, Kind, Loss, Reason, TrackingState

SECOND = 10**9
BLACK = np.zeros((240, 320), np.uint8)
INTRINSICS = np.array([[300.0, 0, 160], [0, 300, 120], [0, 0, 1]])
CAMERA = Camera(320, 240, "camera", "plumb_bob", INTRINSICS, np.zeros(5))


def accepted(results):
    """(kind, match id) of each accepted candidate."""
    return [(each.kind, each.match_id) for result in results for each in result.accepted]


def along_x(metres):
    return Pose(np.array([float(metres), 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))


def test_a_covered_lens_is_a_kidnap_without_a_front_end(detector, add_images, paint):
    results = add_images(detector, [BLACK] * 20, start=9, step=0.1)
    states = [result.tracking.state for result in results]
    assert states.index(TrackingState.LOST) <= 10, "later than 1 s"
    assert results[-1].tracking.cause == Loss.VIEW
    results = add_images(detector, [paint(4, shift=12)], start=12)
    assert accepted(results) == [(Kind.KIDNAP_RECOVERY, 4)]
    assert results[0].outcome == Count.TRACKING_LOST, "it may be covered again"


def test_a_gap_is_a_kidnap(make_detector, add_images, places, paint):
    detector = make_detector(session_gap_s=20.0)
    add_images(detector, places)
    assert detector.update(20 * SECOND).state == TrackingState.TRACKING
    lost = detector.update(29 * SECOND)
    assert (lost.state, lost.since, lost.cause) == (TrackingState.LOST, 8 * SECOND, Loss.IMAGES)
    results = add_images(detector, [paint(4, shift=12)], start=40)
    assert accepted(results) == [(Kind.KIDNAP_RECOVERY, 4)]
    assert results[0].outcome == Count.STORED


def test_a_jump_of_odometry_is_a_kidnap(make_detector, places, paint):
    detector = make_detector()
    for number, image in enumerate(places, 1):
        detector.add(Keyframe(image, number * SECOND, along_x(number), world_frame="odom"))
    found = detector.add(Keyframe(paint(4, shift=12), 9 * SECOND, along_x(900), world_frame="odom", jumps=1))
    assert accepted([found]) == [(Kind.KIDNAP_RECOVERY, 4)], "odometry says nothing across a jump"
    assert (found.tracking.state, found.tracking.session) == (TrackingState.RECOVERED, 2)


def test_too_few_tracked_features_are_a_loss(detector):
    detector.set_tracking(False, 9 * SECOND, Loss.FEATURES)
    tracking = detector.set_tracking(False, 10 * SECOND, Loss.FEATURES)
    assert (tracking.state, tracking.cause) == (TrackingState.LOST, Loss.FEATURES)


def posed(image, stamp, x, frame):
    """A keyframe whose features are 5 m away; the camera looks along the world's z."""
    depth = np.full(image.shape, 5.0, np.float32)
    return Keyframe(image, stamp * SECOND, along_x(x), CAMERA, "camera", frame, depth=depth)


def test_the_pose_is_in_the_world_of_the_oldest_session(make_detector, places, paint, path):
    """Three sessions, each with an origin of its own: the third knows the first only through the second."""
    detector = make_detector(path)
    for number, image in enumerate(places[:5], 1):
        detector.add(posed(image, number, 10 * number, "first"))
    detector.start_session()
    for number, image in enumerate([paint(4, shift=12), paint(11), paint(12), paint(13)]):
        result = detector.add(posed(image, 20 + number, 1000 + 10 * number, "second"))
        if number == 0:
            assert accepted([result]) == [(Kind.INTER_SESSION, 4)]
            assert result.pose.frame_id == "first"
            assert result.pose.pose.position == pytest.approx([40.2, 0, 0], abs=0.05)
    detector.close()

    detector = make_detector(path)
    result = detector.add(posed(paint(12, shift=12), 40, 0, "third"))
    assert [each.match_session for each in result.accepted] == [2]
    assert result.pose.frame_id == "first", "what ties two sessions was lost with the process"
    assert result.pose.pose.position == pytest.approx([60.4, 0, 0], abs=0.2)
    assert detector.relocalize().pose.pose.position == pytest.approx([60.4, 0, 0], abs=0.2)


def test_without_a_scale_the_pose_is_not_known(make_detector, add_images, places, paint):
    detector = make_detector()
    add_images(detector, places)
    detector.start_session()
    (result,) = add_images(detector, [paint(4, shift=12)], start=20)
    assert result.accepted
    assert result.pose is None


WEAK = {"bias": -6.0, "coverage": 12.0, "inliers": 0.0, "aliasing": 0.0, "correlation": 0.2, "prior": -2.0}
"""With them a single view of a revisit is not enough."""


def test_relocalize_uses_the_newest_views_together(make_detector, add_images, places, paint):
    detector = make_detector(weights=WEAK, accept_confidence=0.95)
    add_images(detector, places)
    detector.start_session()
    add_images(detector, [paint(1, shift=12)], start=30)
    result = detector.relocalize()
    assert not result.accepted
    assert result.candidates[0].match_id == 1
    assert result.candidates[0].reason == Reason.NOT_YET
    add_images(detector, [paint(layout, shift=12) for layout in (2, 3, 4, 5, 6)], start=31)
    result = detector.relocalize()
    assert accepted([result]) == [(Kind.RELOCALIZATION, 6)]
    assert result.query.stamp == 35 * SECOND


def test_relocalize_names_all_places_that_fit_equally(make_detector, add_images, places, paint, path):
    """Two floors of one building, which nothing connects."""
    detector = make_detector(path)
    add_images(detector, places)
    detector.start_session()
    add_images(detector, [paint(layout, shift=4) for layout in range(1, 9)], start=50)
    learned = detector.map.store.learned
    detector.map.store.save()
    for keyframe_id in learned.links():
        learned.unlink(keyframe_id)
    for tie in learned.ties():
        learned.untie(tie)
    detector.close()

    detector = make_detector(path)
    add_images(detector, [paint(3, shift=8)], start=100)
    result = detector.relocalize()
    assert not result.accepted
    equal = [each for each in result.candidates if each.reason == Reason.AMBIGUOUS]
    assert sorted(each.match_session for each in equal) == [1, 2]


def test_after_a_loss_relocalize_does_not_find_the_newest_view_itself(detector):
    assert not detector.relocalize().accepted
    detector.set_tracking(False, 9 * SECOND)
    detector.set_tracking(False, 10 * SECOND)
    assert detector.relocalize().query.id == 8
    assert not detector.relocalize().accepted


def test_poses_of_a_front_end_that_does_not_track_are_not_used(make_detector, places, paint):
    """It goes on to publish poses while it is lost; they say nothing about how the two worlds lie."""
    detector = make_detector()
    for number, image in enumerate(places[:5], 1):
        detector.add(posed(image, number, 10 * number, "first"))
    detector.set_tracking(False, 6 * SECOND)
    result = detector.add(posed(paint(4, shift=12), 7, 777, "first"))
    assert accepted([result]) == [(Kind.KIDNAP_RECOVERY, 4)]
    assert result.pose.pose.position == pytest.approx([40.2, 0, 0], abs=0.05)
    detector.map.store.save()
    assert [tie.metric for tie in detector.map.store.learned.ties()] == [False]
    detector.set_tracking(True, 8 * SECOND)
    result = detector.add(posed(paint(3, shift=12), 12, 20, "first"))
    assert accepted([result]) == [(Kind.INTER_SESSION, 3)]
    detector.map.store.save()
    (tie,) = [tie for tie in detector.map.store.learned.ties() if tie.metric]
    assert tie.transform.position == pytest.approx([10.2, 0, 0], abs=0.1)


def test_of_two_recoveries_by_one_image_one_is_reported(make_detector, add_images, places, paint, path):
    detector = make_detector(path)
    add_images(detector, places)
    detector.start_session()
    add_images(detector, [paint(layout, shift=4) for layout in range(1, 9)], start=50)
    detector.set_tracking(False, 60 * SECOND)
    detector.set_tracking(False, 61 * SECOND)
    (result,) = add_images(detector, [paint(4, shift=8)], start=62)
    kinds = [each.kind for each in result.accepted]
    assert kinds.count(Kind.KIDNAP_RECOVERY) == 1
    assert set(kinds[1:]) <= {Kind.INTER_SESSION}


def test_a_session_that_stored_nothing_has_a_number_of_its_own(
    make_detector, add_images, places, paint, path
):
    """What was learned of it would be that of the next session."""
    detector = make_detector(path)
    add_images(detector, places)
    detector.close()
    detector = make_detector(path)
    detector.upkeep.set_mapping(False)
    (result,) = add_images(detector, [paint(4, shift=12)], start=20)
    assert result.accepted
    detector.close()
    assert make_detector(path).map.sessions.present.id == 3


def test_what_ties_sessions_is_not_forgotten_when_the_map_is_changed(
    make_detector, add_images, places, paint
):
    detector = make_detector()
    add_images(detector, places)
    detector.start_session()
    add_images(detector, [paint(4, shift=12)], start=20)
    detector.upkeep.remove([1]).run()
    assert detector._relations.worlds.world(2) == 1
