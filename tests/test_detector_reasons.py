"""Every reason for which a match is rejected, each with a sequence of images that causes it."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.types import Reason, Status

NO_LIMITS = {"min_similarity": -0.99, "min_margin": -2.0}  # only the later checks reject


def few_matches(paint):
    yield from (paint(layout) for layout in range(1, 13))
    yield paint(3, texture=99)


def few_inliers(paint):
    """The tiles of one image in another order."""
    yield from (paint(layout) for layout in range(1, 13))
    tiles = [tile for row in np.split(paint(3), 3) for tile in np.split(row, 4, axis=1)]
    order = np.random.default_rng(3).permutation(12)
    yield np.concatenate([np.concatenate([tiles[n] for n in row], axis=1) for row in order.reshape(3, 4)])


def degenerate(paint):
    """Only a horizontal strip is the same, a little to the right."""
    yield from (paint(layout) for layout in range(1, 13))
    image = paint(4, texture=99)
    image[104:142, 16:] = paint(4)[104:142, :-16]
    yield image


def low_similarity(paint):
    yield from (paint(layout) for layout in range(1, 14))


def ambiguous(paint):
    """A mixture of two places, 65 % and 35 %."""
    yield from (paint(layout) for layout in range(1, 13))
    yield cv2.addWeighted(paint(1, texture=98), 0.65, paint(7, texture=99), 0.35, 0)


def not_consistent(paint):
    """A single revisit after a sequence of new places."""
    yield from (paint(layout) for layout in (*range(1, 13), 21, 22, 23))
    yield paint(5, shift=12)


def too_recent(paint):
    """The view changes slowly; the camera never left the place."""
    for share in np.linspace(1.0, 0.37, 24):
        yield cv2.addWeighted(paint(1), share, paint(2), 1 - share, 0)


SEQUENCES = {
    Reason.LOW_SIMILARITY: (low_similarity, {}),
    Reason.AMBIGUOUS: (ambiguous, {"min_similarity": 0.2, "min_loop_interval_s": 3.0}),
    Reason.NOT_CONSISTENT: (not_consistent, {"sequence_length": 4, "min_similarity": 0.6}),
    Reason.FEW_MATCHES: (few_matches, {}),
    Reason.FEW_INLIERS: (
        few_inliers,
        dict(NO_LIMITS, max_verifications=12, top_k=12, min_loop_interval_s=1.0),
    ),
    Reason.DEGENERATE: (degenerate, {}),
    Reason.TOO_RECENT: (too_recent, {}),
}


def test_every_reason_is_tested():
    """The unused reasons are defined in the message for future checks."""
    unused = {Reason.OUTRANKED, Reason.CONTRADICTED, Reason.ODOMETRY_CONFLICT, Reason.NOT_YET}
    assert set(SEQUENCES) == set(Reason) - {Reason.NONE} - unused


@pytest.mark.parametrize("reason", SEQUENCES, ids=lambda reason: reason.name)
def test_a_rejected_candidate_has_its_reason(make_detector, add_images, paint, reason):
    images, parameters = SEQUENCES[reason]
    result = add_images(make_detector(**parameters), list(images(paint)))[-1]
    assert not result.accepted
    candidates = result.candidates
    rejected = [each for each in candidates if each.reason == reason]
    assert rejected, [(each.reason, each.similarity) for each in candidates]
    assert all(each.status == Status.REJECTED for each in rejected)
    geometry_ran = reason in (Reason.FEW_MATCHES, Reason.FEW_INLIERS, Reason.DEGENERATE)
    assert all((each.matches >= 0) == geometry_ran == (each.inliers >= 0) for each in rejected)


def test_without_the_geometric_check_a_false_match_is_accepted_as_consistent(
    make_detector, add_images, paint
):
    (best,) = add_images(make_detector(geometric_check=False), list(few_matches(paint)))[-1].accepted
    assert (best.status, best.match_id, best.matches, best.inliers) == (Status.CONSISTENT, 3, -1, -1)
