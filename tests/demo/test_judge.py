import math

import pytest

from demo.judge import CameraPose, Found, Score, Verdict, judge, percent, revisits, score

SECOND = 10**9


def looking(x, y, degrees):
    """A camera 1.4 m up whose view is level, ``degrees`` counter-clockwise from +x."""
    half = math.radians(degrees) / 2
    # the optical frame of a camera that looks along +x is (-1/2, 1/2, -1/2, 1/2); turn it about z
    c, s = math.cos(half), math.sin(half)
    qx, qy, qz, qw = -0.5, 0.5, -0.5, 0.5
    return CameraPose(x, y, 1.4, c * qx - s * qy, c * qy + s * qx, c * qz + s * qw, c * qw - s * qz)


def test_a_camera_looks_where_it_is_turned():
    assert looking(0, 0, 0).forward() == pytest.approx([1, 0, 0])
    assert looking(0, 0, 90).forward() == pytest.approx([0, 1, 0], abs=1e-9)


@pytest.mark.parametrize(
    ("pose", "right"),
    [
        (looking(0, 0, 0), True),
        (looking(9.9, 0, 0), True),
        (looking(10.1, 0, 0), False),
        (looking(0, 0, 34), True),
        (looking(0, 0, 36), False),
        (looking(0, 0, 180), False),
    ],
)
def test_right_means_near_and_turned_the_same_way(pose, right):
    assert judge(looking(0, 0, 0), pose).right is right


def test_a_verdict_tells_distance_and_angle():
    verdict = judge(looking(0, 0, 10), looking(3, 4, 30))
    assert (verdict.distance, verdict.angle) == (pytest.approx(5), pytest.approx(20))


def test_revisits_are_old_near_alike_and_seen():
    poses = [looking(0, 0, 0), looking(30, 0, 0), looking(1, 1, 5), looking(1, 1, 90), looking(2, 0, 0)]
    stamps = [0, 10 * SECOND, 20 * SECOND, 21 * SECOND, 22 * SECOND]
    assert revisits(stamps, poses, [True] * 5, 10 * SECOND) == [2, 4]
    assert revisits(stamps, poses, [True] * 5, 21 * SECOND) == [4]
    assert revisits(stamps, poses, [True, True, True, True, False], 10 * SECOND) == [2]
    assert revisits(stamps, poses, [False, True, True, True, True], 10 * SECOND) == []


def found(query, right):
    return Found(query, 0, "LOOP_CLOSURE", 0.9, 50, Verdict(right, 1.0, 1.0))


def test_score_counts_candidates_for_precision_and_revisits_for_recall():
    result = score([found(5, True), found(5, False), found(7, True)], expected=[5, 6, 8, 9])
    assert result == Score(right=2, wrong=1, revisits=4, answered=1)
    assert (result.precision, result.recall) == (pytest.approx(2 / 3), pytest.approx(1 / 4))


def test_nothing_found_is_no_precision():
    result = score([], expected=[])
    assert math.isnan(result.precision)
    assert percent(result.precision) == "–"
    assert percent(0.987) == "99 %"
