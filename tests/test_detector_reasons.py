"""Every reason for which a match is rejected, each with a sequence of images that causes it."""

import numpy as np
import pytest

from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Reason, Status

BY_INLIERS = {
    "bias": -30.0,
    "coverage": 0.0,
    "inliers": 10.0,
    "aliasing": 0.0,
    "correlation": 0.5,
    "prior": 0.0,
}
SCEPTICAL = {
    "bias": -12.0,
    "coverage": 50.0,
    "inliers": 0.0,
    "aliasing": 0.0,
    "correlation": 0.5,
    "prior": 0.0,
}
BEFORE_GEOMETRY = (Reason.LOW_SIMILARITY,)


def path(paint):
    return [paint(layout) for layout in range(1, 13)]


def changed(paint, layout, width):
    """The place from a nearby position; in each 40 pixels, ``width`` of them show something else."""
    image = paint(layout, shift=12)
    for left in range(0, 320, 40):
        image[:, left : left + width] = paint(layout, texture=99, shift=12)[:, left : left + width]
    return image


def two_places(paint, width):
    """In each half ``width`` columns of place 1, then of place 7, both from nearby positions."""
    image, other = paint(1, shift=12), paint(7, shift=12)
    for left in (0, 160):
        image[:, left + width : left + 160] = other[:, left + width : left + 160]
    return image


def few_matches(paint):
    return [*path(paint), paint(3, texture=99)]


def few_inliers(paint):
    return [*path(paint), changed(paint, 4, 31)]


def degenerate(paint):
    """Only a horizontal strip is the same, a little to the right."""
    image = paint(4, texture=99)
    image[104:142, 16:] = paint(4)[104:142, :-16]
    return [*path(paint), image]


def low_similarity(paint):
    return [*path(paint), paint(13)]


def ambiguous(paint):
    return [*path(paint), two_places(paint, 80)]


def outranked(paint):
    return [*path(paint), two_places(paint, 90)]


def partly_changed(paint):
    return [*path(paint), changed(paint, 4, 20)]


def revisit(paint):
    return [*path(paint), paint(3, shift=12)]


def too_recent(paint):
    """The camera stands where it was found already."""
    return [*revisit(paint), revisit(paint)[-1]]


ANY_SIMILARITY = {"min_similarity": -0.99}
SEQUENCES = {
    Reason.LOW_SIMILARITY: (low_similarity, {}),
    Reason.AMBIGUOUS: (ambiguous, dict(ANY_SIMILARITY, weights=BY_INLIERS)),
    Reason.OUTRANKED: (outranked, dict(ANY_SIMILARITY, weights=BY_INLIERS)),
    Reason.FEW_MATCHES: (few_matches, {}),
    Reason.FEW_INLIERS: (few_inliers, {}),
    Reason.DEGENERATE: (degenerate, {}),
    Reason.CONTRADICTED: (partly_changed, {"weights": SCEPTICAL}),
    Reason.ODOMETRY_CONFLICT: (revisit, {}),
    Reason.TOO_RECENT: (too_recent, {}),
    Reason.NOT_YET: (partly_changed, {}),
}


def odometry(count):
    """3 m per image, and 1 km before the last one."""
    metres = [*(3.0 * number for number in range(count - 1)), 1000.0]
    return [Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0, 0, 1])) for x in metres]


def test_every_reason_is_tested():
    assert set(SEQUENCES) == set(Reason) - {Reason.NONE}


@pytest.mark.parametrize("reason", SEQUENCES, ids=lambda reason: reason.name)
def test_a_rejected_candidate_has_its_reason(make_detector, add_images, paint, reason):
    make, parameters = SEQUENCES[reason]
    images = make(paint)
    poses = odometry(len(images)) if reason == Reason.ODOMETRY_CONFLICT else ()
    result = add_images(make_detector(**parameters), images, poses=poses)[-1]
    candidates = result.candidates
    rejected = [each for each in candidates if each.reason == reason]
    assert rejected, [(each.reason, each.similarity, each.confidence) for each in candidates]
    assert all(each.status == Status.REJECTED for each in rejected)
    geometry_ran = reason not in BEFORE_GEOMETRY
    assert all((each.matches >= 0) == geometry_ran == (each.inliers >= 0) for each in rejected)
    assert bool(result.accepted) is (reason == Reason.OUTRANKED)


def test_a_drift_of_0_switches_the_witness_off(make_detector, add_images, paint):
    images = revisit(paint)
    (best,) = add_images(make_detector(odometry_drift=0.0), images, poses=odometry(len(images)))[-1].accepted
    assert best.match_id == 3


def test_an_accepted_candidate_is_retracted_once_when_later_views_refute_it(make_detector, add_images, paint):
    detector = make_detector(weights=dict(SCEPTICAL, bias=-25.0))
    add_images(detector, path(paint))
    (first,) = add_images(detector, [paint(1, shift=12)], start=20)
    assert [each.match_id for each in first.accepted] == [1]
    later = add_images(detector, [changed(paint, layout, 20) for layout in range(2, 12)], start=21)
    assert not any(result.accepted for result in later)
    (retracted,) = [each for result in later for each in result.retracted]
    assert retracted == first.accepted[0]._replace(status=Status.REJECTED, reason=Reason.CONTRADICTED)


def test_a_parameter_that_changes_counts_from_the_next_keyframe(make_detector, add_images, paint):
    detector = make_detector()
    add_images(detector, path(paint))
    config = detector._config  # whose owner changes it
    results = []
    for second, values in ((20, {"min_similarity": 0.99}), (21, {"min_similarity": -1.0, "top_k": 1})):
        config.change(values)
        results += add_images(detector, [paint(second - 19, shift=12)], start=second)
    assert {each.reason for each in results[0].candidates} == {Reason.LOW_SIMILARITY}
    assert [each.match_id for each in results[1].accepted] == [2]
    assert len(results[1].candidates) == 1


def test_a_result_has_the_features_that_fit_one_scene(make_detector, add_images, paint):
    detector = make_detector()
    result = add_images(detector, [*path(paint), paint(3, shift=12)])[-1]
    (best,) = result.accepted
    assert best.pairs.shape == (best.inliers, 2)
    here = result.view.features[best.pairs[:, 0]]["x"]
    there = detector.map.store.view(best.match_id).features[best.pairs[:, 1]]["x"]
    assert abs(np.median(here - there)) == pytest.approx(12, abs=1)
    others = [each for each in result.candidates if each.matches < 0]
    assert all(len(each.pairs) == 0 for each in others)
