"""LoopDetector: accepted and rejected candidates, and input that it refuses."""

import re

import cv2
import numpy as np
import pytest

from place_recognition_ros.errors import EngineError, ImageError, KeyframeError
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Count, Keyframe, Kind, Reason, Status

SECOND = 10**9
NO_LIMITS = {"min_similarity": -0.99}  # only the later checks reject


@pytest.fixture
def places(paint):
    """Images of twelve places."""
    return [paint(layout) for layout in range(1, 13)]


@pytest.fixture
def revisit(paint):
    """``revisit(layout)`` → the place of this layout from a nearby position."""
    return lambda layout: paint(layout, shift=12)


def test_a_revisit_is_accepted(make_detector, add_images, places, revisit):
    detector = make_detector()
    assert [result.accepted for result in add_images(detector, places)] == [[]] * 12
    for number, result in enumerate(add_images(detector, [revisit(1), revisit(2), revisit(3)], start=13), 1):
        (best,) = result.accepted
        assert best == result.candidates[0]
        assert (best.kind, best.status, best.reason) == (Kind.LOOP_CLOSURE, Status.VERIFIED, Reason.NONE)
        assert (best.query_id, best.match_id) == (12 + number, number)
        assert (best.query_stamp, best.match_stamp) == ((12 + number) * SECOND, number * SECOND)
        assert best.query_session == best.match_session == detector.map.sessions.present.id
        assert best.similarity > 0.8
        assert best.matches >= best.inliers >= 20


def test_a_revisit_in_reverse_order_is_accepted(make_detector, add_images, places, revisit):
    detector = make_detector()
    add_images(detector, places)
    backwards = add_images(detector, [revisit(layout) for layout in range(12, 0, -1)], start=20)
    assert [result.candidates[0].match_id for result in backwards if result.accepted] == list(
        range(11, 0, -1)
    )


def test_candidates_are_sorted_by_similarity_and_limited_to_top_k(make_detector, add_images, places):
    detector = make_detector(top_k=4, **NO_LIMITS)
    for number, result in enumerate(add_images(detector, places), 1):
        candidates = result.candidates
        assert len(candidates) == max(0, min(4, number - 5))
        similarities = [each.similarity for each in candidates]
        assert similarities == sorted(similarities, reverse=True)
        assert len({each.match_id for each in candidates}) == len(candidates)


def test_a_keyframe_never_matches_itself(make_detector, add_images, places):
    detector = make_detector(min_loop_interval_s=0.0, **NO_LIMITS)
    for result in add_images(detector, places[:3]):
        assert all(each.match_id < each.query_id for each in result.candidates)


def test_margin_is_the_difference_to_the_best_other_place(make_detector, add_images, places, revisit):
    detector = make_detector(top_k=12, **NO_LIMITS)
    add_images(detector, places)
    detector.start_session()
    candidates = detector.query(revisit(1), 12).candidates
    for each in candidates:
        others = [other for other in candidates if abs(other.match_stamp - each.match_stamp) >= 5 * SECOND]
        assert each.margin == pytest.approx(each.similarity - max(other.similarity for other in others))
    assert candidates[0].margin > 0.3
    assert candidates[-1].margin < 0


def test_without_another_place_the_margin_is_relative_to_minus_one(make_detector, add_images, places):
    detector = make_detector()
    add_images(detector, places[:1])
    detector.start_session()
    (only,) = detector.query(places[0], 5).candidates
    assert only.margin == pytest.approx(only.similarity + 1)


def test_a_stationary_robot_gets_no_candidates(make_detector, add_images, places, rng):
    detector = make_detector()
    images = [cv2.add(places[0], rng.integers(0, 8, (240, 320)).astype(np.uint8)) for _ in range(40)]
    assert [result.candidates for result in add_images(detector, images)] == [[]] * 40


def test_a_waiting_robot_matches_its_earlier_visit(make_detector, add_images, places, revisit, rng):
    """The view is obstructed: keyframes of the wait are more similar to it than those of the first visit."""
    detector = make_detector()
    add_images(detector, places)
    obstructed = revisit(3)
    obstructed[:, 200:] = places[9][:, 200:]
    noise = rng.integers(0, 8, (45, 240, 320)).astype(np.uint8)
    results = add_images(detector, [cv2.add(obstructed, each) for each in noise], start=100)
    assert [[each.match_id for each in result.accepted] for result in results] == [[3]] + 44 * [[]]
    assert {result.candidates[0].reason for result in results[1:]} == {Reason.TOO_RECENT}
    assert [result.outcome for result in results] == [Count.STORED] + 44 * [Count.STANDING]


def test_what_the_camera_has_not_left_does_not_use_up_max_verifications(
    make_detector, add_images, places, paint, revisit
):
    """The most similar keyframe is too near along the path; the correct one is in an earlier session."""
    detector = make_detector(max_verifications=1, top_k=1, min_loop_distance_m=1000.0)
    elsewhere = [paint(layout) for layout in range(40, 49)]
    add_images(detector, places)
    detector.start_session()
    metres = [Pose(np.array([float(n), 0, 0]), np.array([0, 0, 0, 1.0])) for n in range(11)]
    (*_, result) = add_images(detector, [revisit(1), *elsewhere, revisit(1)], start=100, poses=metres)
    assert [(each.match_id, each.kind) for each in result.accepted] == [(1, Kind.INTER_SESSION)]
    assert len(result.candidates) == 1


@pytest.mark.parametrize("limit", [1, 2])
def test_at_most_max_verifications_places_are_verified(make_detector, add_images, paint, limit):
    detector = make_detector(max_verifications=limit)
    similar = [paint(1, texture=50), *(paint(layout) for layout in range(2, 12)), paint(1, texture=51)]
    add_images(detector, similar)
    detector.start_session()
    candidates = detector.query(paint(1, texture=52), 12).candidates
    assert sum(each.matches >= 0 for each in candidates) == limit
    assert {candidates[0].match_id, candidates[1].match_id} == {1, 12}


def test_each_place_is_verified_once(make_detector, add_images, paint):
    """Only the most similar keyframe of a place is verified."""
    detector = make_detector(max_verifications=10)
    add_images(detector, [paint(1, texture=50), paint(1, texture=50, shift=12), paint(1, texture=51)])
    detector.start_session()
    candidates = detector.query(paint(1, texture=52), 12).candidates
    assert len(candidates) == 3
    assert sum(each.matches >= 0 for each in candidates) == 1


def short_loop(paint):
    """Twelve places, then the first one from a nearby position."""
    yield from (paint(layout) for layout in range(1, 13))
    yield paint(1, shift=12)


@pytest.mark.parametrize("metres, accepted", [(30.0, True), (50.0, False)])
def test_the_path_between_the_visits_must_exceed_min_loop_distance(
    make_detector, add_images, paint, metres, accepted
):
    detector = make_detector(min_loop_distance_m=metres, odometry_drift=0.0)
    poses = [Pose(np.array([3.0 * n, 0, 0]), np.array([0, 0, 0, 1.0])) for n in range(13)]
    result = add_images(detector, list(short_loop(paint)), poses=poses)[-1]
    assert bool(result.accepted) is accepted
    assert (1 in [each.match_id for each in result.candidates]) is accepted


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320), 255, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.zeros((2, 3000, 3), np.uint8),
        None,
    ],
    ids=["black", "white", "one pixel", "two rows", "blurred"],
)
def test_an_image_without_enough_features_is_neither_searched_nor_stored(
    make_detector, add_images, places, image
):
    detector = make_detector()
    image = cv2.GaussianBlur(places[0], (0, 0), 15) if image is None else image
    add_images(detector, places)
    results = [*add_images(detector, [image] * 2, start=13), detector.query(image, 5)]
    assert [result.candidates for result in results] == [[]] * 3
    assert {result.outcome for result in results} == {Count.FEW_FEATURES}
    assert len(detector.map) == 12
    assert detector.relocalize().query.stamp == 12 * SECOND


def test_an_invalid_descriptor_raises_and_is_not_stored(make_detector, add_images, places, revisit, engine):
    detector = make_detector()
    add_images(detector, places)
    engine.broken = True
    with pytest.raises(EngineError, match="unit norm"):
        add_images(detector, places[:1], start=13)
    with pytest.raises(EngineError):
        detector.query(places[0], 3)
    engine.broken = False
    assert len(detector.map) == 12
    assert [len(each.accepted) for each in add_images(detector, [revisit(1), revisit(2)], start=14)] == [1, 1]


NOT_IMAGES = [
    None,
    [[0, 0], [0, 0]],
    "image.png",
    np.zeros((240, 320), np.float32),
    np.zeros((240, 320, 4), np.uint8),
    np.zeros(320, np.uint8),
]


@pytest.mark.parametrize("image", NOT_IMAGES, ids=lambda image: str(getattr(image, "shape", image)))
def test_an_invalid_image_raises_with_its_type_and_is_not_stored(make_detector, image):
    detector = make_detector()
    received = str(image.shape) if isinstance(image, np.ndarray) else type(image).__name__
    with pytest.raises(ImageError, match="expected .*Received: .*" + re.escape(received)):
        detector.add(Keyframe(image, SECOND))
    with pytest.raises(ImageError):
        detector.query(image, 3)
    assert len(detector.map) == 0


@pytest.mark.parametrize("stamp", [None, "1", 1.5, -1, 2**63, 2**70, True], ids=str)
def test_an_invalid_stamp_raises_with_its_value(make_detector, places, stamp):
    detector = make_detector()
    with pytest.raises(KeyframeError) as caught:
        detector.add(Keyframe(places[0], stamp))
    assert repr(stamp) in str(caught.value)
    assert len(detector.map) == 0
    assert detector.add(Keyframe(places[0], np.int64(2**62))).query.id == 1


def test_a_stamp_that_is_not_newer_is_refused_until_a_new_session(make_detector, add_images, places):
    detector = make_detector()
    add_images(detector, places[:3])
    for stamp in (3 * SECOND, SECOND):
        with pytest.raises(KeyframeError, match=f"newer than .*3000000000 ns. Received: {stamp}"):
            detector.add(Keyframe(places[3], stamp))
    detector.start_session(SECOND)
    assert detector.add(Keyframe(places[3], SECOND)).query.id == 4


@pytest.mark.parametrize("k", [-1, 2.5, "a", None, True])
def test_an_invalid_number_of_candidates_is_refused(make_detector, places, k):
    with pytest.raises(KeyframeError, match="number of candidates"):
        make_detector().query(places[0], k)


def test_another_world_frame_begins_a_new_session(make_detector, places):
    detector = make_detector()
    frames = ("", "odom", "", "odom", "map", "map")
    results = [
        detector.add(Keyframe(image, second * SECOND, world_frame=frame))
        for second, (image, frame) in enumerate(zip(places, frames), 1)
    ]
    assert [result.query.session for result in results] == [1, 1, 1, 1, 2, 2]
    assert detector.map.sessions.present.frame == "map"


WEAK = {"bias": -6.0, "coverage": 12.0, "inliers": 0.0, "aliasing": 0.0, "correlation": 0.2, "prior": -2.0}
"""With them a single revisit, of a coverage of about 0.75, has log odds of 1 and two have 3.5."""


def test_views_of_one_run_are_accepted_together_and_the_earlier_ones_are_confirmed(
    make_detector, add_images, places, revisit
):
    detector = make_detector(weights=WEAK, accept_confidence=0.95)
    add_images(detector, places)
    first, *others = add_images(detector, [revisit(layout) for layout in range(1, 7)], start=13)
    assert first.candidates[0].reason == Reason.NOT_YET
    assert 0.5 < first.candidates[0].confidence < 0.95
    result = next(each for each in others if each.accepted)
    assert result.confirmed
    assert {each.query_id for each in result.confirmed} == set(range(13, result.query.id))
    for each in result.confirmed:
        assert (each.status, each.reason, each.match_id) == (Status.VERIFIED, Reason.NONE, each.query_id - 12)
        assert each.confidence == result.accepted[0].confidence
    later = others[others.index(result) + 1 :]
    assert later
    assert all(each.accepted and not each.confirmed for each in later)


def test_single_views_without_a_run_are_not_accepted(make_detector, add_images, places, revisit):
    detector = make_detector(weights=WEAK, accept_confidence=0.95)
    add_images(detector, places)
    for result in add_images(detector, [revisit(1), revisit(7)], start=30):
        assert result.candidates[0].reason == Reason.NOT_YET
        assert (result.accepted, result.confirmed) == ([], [])


def test_standing_still_adds_nothing(make_detector, add_images, places, revisit):
    detector = make_detector(weights=WEAK, accept_confidence=0.95)
    add_images(detector, places)
    results = add_images(detector, [revisit(3)] * 12, start=30)
    assert {result.candidates[0].reason for result in results} == {Reason.NOT_YET}


def test_a_query_changes_no_run(make_detector, add_images, places, revisit):
    detector = make_detector(weights=WEAK, accept_confidence=0.95)
    add_images(detector, places)
    for layout in (1, 2, 3, 4):
        assert not detector.query(revisit(layout), 5).accepted
    (result,) = add_images(detector, [revisit(5)], start=30)
    assert (result.accepted, result.confirmed) == ([], [])
