"""What the detector says of places: right, wrong, and why."""

import re

import cv2
import numpy as np
import pytest

from place_recognition_ros.errors import EngineError, ImageError, KeyframeError
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Count, Keyframe, Kind, Reason, Status

SECOND = 10**9
ANY = {"min_similarity": -0.99, "min_margin": -2.0}  # let the later checks decide


@pytest.fixture
def street(paint):
    """Twelve places."""
    return [paint(layout) for layout in range(1, 13)]


@pytest.fixture
def again(paint):
    """``again(layout)``: that place from beside."""
    return lambda layout: paint(layout, shift=12)


def test_a_return_is_found(make_detector, drive, street, again):
    detector = make_detector(sequence_length=3)
    assert [result.accepted for result in drive(detector, street)] == [[]] * 12
    for number, result in enumerate(drive(detector, [again(1), again(2), again(3)], start=13), 1):
        (best,) = result.accepted
        assert best == result.candidates[0]
        assert (best.kind, best.status, best.reason) == (Kind.LOOP_CLOSURE, Status.VERIFIED, Reason.NONE)
        assert (best.query_id, best.match_id) == (12 + number, number)
        assert (best.query_stamp, best.match_stamp) == ((12 + number) * SECOND, number * SECOND)
        assert best.query_session == best.match_session == detector.map.session.id
        assert best.similarity > 0.8
        assert best.matches >= best.inliers >= 20


def test_the_way_back_is_found_too(make_detector, drive, street, again):
    detector = make_detector(sequence_length=3)
    drive(detector, street)
    backwards = drive(detector, [again(layout) for layout in range(12, 0, -1)], start=20)
    assert [result.candidates[0].match_id for result in backwards if result.accepted] == list(
        range(11, 0, -1)
    )


def test_candidates_come_best_first_and_no_more_than_k(make_detector, drive, street):
    detector = make_detector(top_k=4, **ANY)
    for number, result in enumerate(drive(detector, street), 1):
        answer = result.candidates
        assert len(answer) == max(0, min(4, number - 5))
        similarities = [each.similarity for each in answer]
        assert similarities == sorted(similarities, reverse=True)
        assert len({each.match_id for each in answer}) == len(answer)


def test_a_keyframe_is_never_its_own_match(make_detector, drive, street):
    detector = make_detector(min_loop_interval_s=0.0, **ANY)
    for result in drive(detector, street[:3]):
        assert all(each.match_id < each.query_id for each in result.candidates)


def test_the_margin_is_the_lead_over_the_best_other_place(make_detector, drive, street, again):
    detector = make_detector(top_k=12, **ANY)
    drive(detector, street)
    detector.start_session()
    answer = detector.query(again(1), 12).candidates
    for each in answer:
        others = [other for other in answer if abs(other.match_stamp - each.match_stamp) >= 5 * SECOND]
        assert each.margin == pytest.approx(each.similarity - max(other.similarity for other in others))
    assert answer[0].margin > 0.3
    assert answer[-1].margin < 0


def test_alone_a_place_leads_over_the_least_similarity(make_detector, drive, street):
    detector = make_detector()
    drive(detector, street[:1])
    detector.start_session()
    (only,) = detector.query(street[0], 5).candidates
    assert only.margin == pytest.approx(only.similarity + 1)


def test_a_robot_that_stands_still_closes_no_loop(make_detector, drive, street, rng):
    detector = make_detector()
    images = [cv2.add(street[0], rng.integers(0, 8, (240, 320)).astype(np.uint8)) for _ in range(40)]
    assert [result.candidates for result in drive(detector, images)] == [[]] * 40


def test_a_robot_that_waits_still_finds_the_earlier_visit(make_detector, drive, street, again, rng):
    """Its view is obstructed, so that the keyframes of its wait are more similar than the earlier visit."""
    detector = make_detector()
    drive(detector, street)
    obstructed = again(3)
    obstructed[:, 200:] = street[9][:, 200:]
    noise = rng.integers(0, 8, (45, 240, 320)).astype(np.uint8)
    results = drive(detector, [cv2.add(obstructed, each) for each in noise], start=100)
    assert [[each.match_id for each in result.accepted] for result in results] == [[3]] * 45


def test_what_the_cheap_checks_reject_does_not_count_as_verified(make_detector, drive, street, again):
    """The present session has a more similar keyframe, too near along the path; the earlier one is right."""
    detector = make_detector(max_verifications=1, min_loop_distance_m=1000.0, min_margin=-2.0)
    drive(detector, street)
    detector.start_session()
    (*_, result) = drive(detector, [again(1), *street[3:], again(1)], start=100)
    first, second = result.candidates[:2]
    assert (first.match_id, first.reason, first.matches) == (13, Reason.TOO_RECENT, -1)
    assert second.accepted
    assert (second.match_id, second.kind) == (1, Kind.INTER_SESSION)


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_places_are_verified_than_allowed(make_detector, drive, paint, limit):
    detector = make_detector(max_verifications=limit, min_margin=-2.0)
    alike = [paint(1, texture=50), *(paint(layout) for layout in range(2, 12)), paint(1, texture=51)]
    drive(detector, alike)
    detector.start_session()
    answer = detector.query(paint(1, texture=52), 12).candidates
    assert sum(each.matches >= 0 for each in answer) == limit
    assert {answer[0].match_id, answer[1].match_id} == {1, 12}


def test_once_a_place_is_accepted_no_other_is_verified(make_detector, drive, paint):
    detector = make_detector()
    drive(detector, [paint(1), *(paint(layout) for layout in range(2, 12)), paint(1, texture=51)])
    detector.start_session()
    for texture in (1, 51):
        answer = detector.query(paint(1, texture), 12).candidates
        if answer[0].accepted:
            assert answer[1].status == Status.RETRIEVED
            assert answer[1].matches == -1
            return
    pytest.fail("neither came first")


def test_a_place_is_verified_once(make_detector, drive, paint):
    """Its most similar keyframe speaks for the others."""
    detector = make_detector(max_verifications=10)
    drive(detector, [paint(1, texture=50), paint(1, texture=50), paint(1, texture=51)])
    detector.start_session()
    answer = detector.query(paint(1, texture=52), 12).candidates
    assert len(answer) == 3
    assert sum(each.matches >= 0 for each in answer) == 1


def too_near(paint):
    """Left and come back, but not far enough."""
    yield from (paint(layout) for layout in range(1, 13))
    yield paint(1, shift=12)


@pytest.mark.parametrize("metres, found", [(30.0, True), (50.0, False)])
def test_the_way_between_must_be_long_enough(make_detector, drive, paint, metres, found):
    detector = make_detector(min_loop_distance_m=metres)
    poses = [Pose(np.array([3.0 * n, 0, 0]), np.array([0, 0, 0, 1.0])) for n in range(13)]
    result = drive(detector, list(too_near(paint)), poses=poses)[-1]
    assert bool(result.accepted) is found
    assert result.candidates[0].reason == (Reason.NONE if found else Reason.TOO_RECENT)


@pytest.mark.parametrize(
    "blind",
    [
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320), 255, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.zeros((2, 3000, 3), np.uint8),
        None,
    ],
    ids=["black", "white", "one pixel", "a line", "blurred"],
)
def test_a_picture_that_shows_nothing_is_no_place(make_detector, drive, street, blind):
    """FAULTS 18."""
    detector = make_detector()
    blind = cv2.GaussianBlur(street[0], (0, 0), 15) if blind is None else blind
    drive(detector, street)
    results = [*drive(detector, [blind] * 8, start=13), detector.query(blind, 5)]
    assert [result.candidates for result in results] == [[]] * 9
    assert {result.outcome for result in results} == {Count.FEW_FEATURES}
    assert len(detector.map) == 12
    assert detector.relocalize().query.stamp == 12 * SECOND


def test_a_poisoned_descriptor_is_refused_and_not_stored(make_detector, drive, street, again, engine):
    """FAULTS 13."""
    detector = make_detector(sequence_length=3)
    drive(detector, street)
    engine.broken = True
    with pytest.raises(EngineError, match="unit norm"):
        drive(detector, street[:1], start=13)
    with pytest.raises(EngineError):
        detector.query(street[0], 3)
    engine.broken = False
    assert len(detector.map) == 12
    assert [len(each.accepted) for each in drive(detector, [again(1), again(2)], start=14)] == [1, 1]


NOT_IMAGES = [
    None,
    [[0, 0], [0, 0]],
    "image.png",
    np.zeros((240, 320), np.float32),
    np.zeros((240, 320, 4), np.uint8),
    np.zeros(320, np.uint8),
]


@pytest.mark.parametrize("image", NOT_IMAGES, ids=lambda image: str(getattr(image, "shape", image)))
def test_what_is_not_an_image_is_refused_by_name_and_not_stored(make_detector, image):
    detector = make_detector()
    received = str(image.shape) if isinstance(image, np.ndarray) else type(image).__name__
    with pytest.raises(ImageError, match="expected .*Received: .*" + re.escape(received)):
        detector.add(Keyframe(image, SECOND))
    with pytest.raises(ImageError):
        detector.query(image, 3)
    assert len(detector.map) == 0


@pytest.mark.parametrize("stamp", [None, "1", 1.5, -1, 2**63, 2**70, True], ids=str)
def test_a_stamp_that_is_not_one_is_refused_by_name(make_detector, street, stamp):
    detector = make_detector()
    with pytest.raises(KeyframeError) as caught:
        detector.add(Keyframe(street[0], stamp))
    assert repr(stamp) in str(caught.value)
    assert len(detector.map) == 0
    assert detector.add(Keyframe(street[0], np.int64(2**62))).query.id == 1


def test_a_camera_of_another_size_is_refused_by_name(make_detector, street):
    with pytest.raises(KeyframeError, match=r"expected the camera of a 320×240 image.*width=640"):
        make_detector().add(Keyframe(street[0], 1, camera=Camera(640, 480)))


@pytest.mark.parametrize("numbers", [[np.nan, 0, 0, 0, 0, 0, 1], [0] * 7, [0, 0, 0, 0, 0, 0, 2]], ids=str)
def test_a_pose_that_is_not_rigid_is_refused_by_name(make_detector, street, numbers):
    pose = Pose(np.array(numbers[:3], float), np.array(numbers[3:], float))
    for keyframe in (Keyframe(street[0], 1, pose), Keyframe(street[0], 1, base_to_camera=pose)):
        with pytest.raises(KeyframeError, match=r"as (pose|base_to_camera)"):
            make_detector().add(keyframe)


def test_a_place_just_recognised_is_believed_with_less(make_detector, drive, paint, again):
    """Much has changed there, which alone would look like another place of the same design."""

    def changed(layout):
        picture = again(layout)
        for left in range(0, 320, 40):
            picture[:, left : left + 20] = paint(layout, texture=99, shift=12)[:, left : left + 20]
        return picture

    for before, found in ((again(3), True), (paint(20), False)):
        detector = make_detector(min_coverage=0.4)
        drive(detector, [paint(layout) for layout in range(1, 13)])
        answer = drive(detector, [before, changed(4)], start=13)[-1].candidates
        assert answer[0].match_id == 4
        assert answer[0].accepted is found
