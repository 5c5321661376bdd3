"""LoopDetector while tracking is lost: a kidnap and its recovery."""

from place_recognition_ros.types import Count, Kind, Loss, TrackingState

SECOND = 10**9
WEAK = {"bias": -6.0, "coverage": 12.0, "inliers": 0.0, "aliasing": 0.0, "correlation": 0.2, "prior": -2.0}
"""With them a single view of a revisit is not enough."""


def accepted(results):
    """(kind, match id) of each accepted candidate."""
    return [(each.kind, each.match_id) for result in results for each in result.accepted]


def test_a_kidnap_starts_a_session_and_the_first_match_recovers_it(detector, add_images, paint):
    before = detector.map.sessions.present.id
    tracking = detector.status().tracking
    assert detector.set_tracking(False, 9 * SECOND) == tracking, "a bad image is no kidnap"
    lost = (TrackingState.LOST, 9 * SECOND, before + 1, Loss.FRONT_END, 9 * SECOND)
    results = add_images(detector, [paint(21), paint(22)], start=10)
    assert accepted(results) == []
    assert {each.query_id for result in results for each in result.candidates} <= {0}
    assert len(detector.map) == 8, "keyframes were stored while tracking was lost"
    assert {(result.outcome, result.tracking) for result in results} == {(Count.TRACKING_LOST, lost)}

    assert detector.set_tracking(True, 12 * SECOND) == lost
    results = add_images(detector, [paint(23), paint(24)], start=13)
    found = (TrackingState.TRACKING, 12 * SECOND, before + 1, Loss.FRONT_END, 9 * SECOND)
    assert [result.tracking for result in results] == [lost, found]
    assert [result.outcome for result in results] == [Count.TRACKING_LOST, Count.STORED]
    results = add_images(detector, [paint(4, shift=12), paint(5, shift=12)], start=15)
    assert accepted(results) == [(Kind.KIDNAP_RECOVERY, 4), (Kind.INTER_SESSION, 5)]
    recovered = (TrackingState.RECOVERED, 15 * SECOND, before + 1, Loss.FRONT_END, 9 * SECOND)
    assert [result.tracking for result in results] == [recovered, recovered]
    assert len(detector.map) == 11
    assert results[0].candidates[0].query_session == before + 1


def test_tracking_that_flickers_begins_no_session_and_finds_no_last_seconds(make_detector, add_images, paint):
    """Twenty losses of half a second; the camera moves on by one view a second."""
    detector = make_detector()
    session = detector.map.sessions.present.id
    results = []
    for second in range(1, 21):
        detector.set_tracking(False, second * SECOND + SECOND // 4)
        detector.set_tracking(True, second * SECOND + 3 * SECOND // 4)
        results += add_images(detector, [paint(second)], start=second + 1)
    assert detector.map.sessions.present.id == session
    assert accepted(results) == []
    assert {result.outcome for result in results} == {Count.STORED}


def test_a_loss_is_recovered_by_the_last_view_before_it(make_detector, add_images, paint):
    detector = make_detector(min_loop_interval_s=5.0)
    add_images(detector, [paint(layout) for layout in range(1, 9)])
    detector.set_tracking(False, 9 * SECOND)
    results = add_images(detector, [paint(8, shift=12), paint(7, shift=12)], start=10)
    assert accepted(results) == [(Kind.KIDNAP_RECOVERY, 8), (Kind.INTER_SESSION, 7)]


def test_a_recovery_is_reported_once_with_the_views_before_it(make_detector, add_images, places, paint):
    weak = {
        "bias": -6.0,
        "coverage": 12.0,
        "inliers": 0.0,
        "aliasing": 0.0,
        "correlation": 0.2,
        "prior": -2.0,
    }
    detector = make_detector(weights=weak, accept_confidence=0.95)
    add_images(detector, places)
    detector.set_tracking(False, 20 * SECOND)
    results = add_images(detector, [paint(layout, shift=12) for layout in range(1, 7)], start=21)
    first = next(result for result in results if result.accepted)
    assert [each.kind for each in first.accepted] == [Kind.KIDNAP_RECOVERY]
    assert first.confirmed
    assert {each.kind for each in first.confirmed} == {Kind.INTER_SESSION}
    assert first.tracking.state == TrackingState.RECOVERED


def test_a_kidnap_can_be_recovered_while_tracking_is_lost(detector, add_images, paint):
    detector.set_tracking(False, 9 * SECOND)
    results = add_images(detector, [paint(4, shift=12)], start=10)
    assert accepted(results) == [(Kind.KIDNAP_RECOVERY, 4)]
    assert results[0].candidates[0].query_id == 0
    assert results[0].tracking.state == TrackingState.RECOVERED
    assert len(detector.map) == 8


def test_a_repeated_tracking_report_changes_nothing(detector):
    session = detector.map.sessions.present.id
    assert detector.set_tracking(True, SECOND) == (TrackingState.TRACKING, 0, session, Loss.NONE, 0)
    detector.set_tracking(False, 2 * SECOND)
    lost = detector.set_tracking(False, 3 * SECOND)
    assert lost == (TrackingState.LOST, 2 * SECOND, session + 1, Loss.FRONT_END, 2 * SECOND)
    assert detector.set_tracking(False, 4 * SECOND) == lost
