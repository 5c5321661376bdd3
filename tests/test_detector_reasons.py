"""Every reason for which a match is rejected, each in a situation that leads to it."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.types import Reason, Status

ANY = {"min_similarity": -0.99, "min_margin": -2.0}  # let the later checks decide


def few_matches(paint):
    yield from (paint(layout) for layout in range(1, 13))
    yield paint(3, texture=99)


def few_inliers(paint):
    """The same picture, cut in pieces and laid anew."""
    yield from (paint(layout) for layout in range(1, 13))
    tiles = [tile for row in np.split(paint(3), 3) for tile in np.split(row, 4, axis=1)]
    order = np.random.default_rng(3).permutation(12)
    yield np.concatenate([np.concatenate([tiles[n] for n in row], axis=1) for row in order.reshape(3, 4)])


def degenerate(paint):
    """Only a strip is the same."""
    yield from (paint(layout) for layout in range(1, 13))
    picture = paint(4, texture=99)
    picture[110:136] = paint(4)[110:136]
    yield picture


def low_similarity(paint):
    yield from (paint(layout) for layout in range(1, 14))


def ambiguous(paint):
    """Much of one place, a little of another."""
    yield from (paint(layout) for layout in range(1, 13))
    yield cv2.addWeighted(paint(1, texture=98), 0.65, paint(7, texture=99), 0.35, 0)


def not_consistent(paint):
    """One place alike amid a new street."""
    yield from (paint(layout) for layout in (*range(1, 13), 21, 22, 23))
    yield paint(5, shift=12)


def too_recent(paint):
    """The view changes slowly to another one; the camera never saw anything else between."""
    for share in np.linspace(1.0, 0.45, 20):
        yield cv2.addWeighted(paint(1), share, paint(2), 1 - share, 0)


SITUATIONS = {
    Reason.LOW_SIMILARITY: (low_similarity, {}),
    Reason.AMBIGUOUS: (ambiguous, {"min_similarity": 0.2, "min_loop_interval_s": 3.0}),
    Reason.NOT_CONSISTENT: (not_consistent, {"sequence_length": 4, "min_similarity": 0.6}),
    Reason.FEW_MATCHES: (few_matches, {}),
    Reason.FEW_INLIERS: (few_inliers, dict(ANY, max_verifications=12, top_k=12, min_loop_interval_s=1.0)),
    Reason.DEGENERATE: (degenerate, {}),
    Reason.TOO_RECENT: (too_recent, {}),
}


def test_every_reason_has_its_situation():
    """Those without one are defined in the message for checks to come."""
    to_come = {Reason.OUTRANKED, Reason.CONTRADICTED, Reason.ODOMETRY_CONFLICT, Reason.NOT_YET}
    assert set(SITUATIONS) == set(Reason) - {Reason.NONE} - to_come


@pytest.mark.parametrize("reason", SITUATIONS, ids=lambda reason: reason.name)
def test_what_is_rejected_says_why(make_detector, drive, paint, reason):
    images, parameters = SITUATIONS[reason]
    result = drive(make_detector(**parameters), list(images(paint)))[-1]
    assert not result.accepted
    answer = result.candidates
    rejected = [each for each in answer if each.reason == reason]
    assert rejected, [(each.reason, each.similarity) for each in answer]
    assert all(each.status == Status.REJECTED for each in rejected)
    looked_at = reason in (Reason.FEW_MATCHES, Reason.FEW_INLIERS, Reason.DEGENERATE)
    assert all((each.matches >= 0) == looked_at == (each.inliers >= 0) for each in rejected)


def test_a_look_alike_passes_without_the_geometric_check(make_detector, drive, paint):
    (best,) = drive(make_detector(geometric_check=False), list(few_matches(paint)))[-1].accepted
    assert (best.status, best.match_id, best.matches, best.inliers) == (Status.CONSISTENT, 3, -1, -1)
