import numpy as np
import pytest

from rendering.building.plan import Rect, Wall, cells, inside, random_plan, walls

CROSS = (Rect(0, 1, 3, 2), Rect(1, 0, 2, 3))


def test_walls_surround_the_union_with_the_free_space_on_their_right():
    found = walls(CROSS)
    assert len(found) == 12
    assert sum(wall.length for wall in found) == pytest.approx(12)
    for wall in found:
        points = np.array([wall.at(wall.length / 2, front) for front in (0.1, -0.1)])
        assert inside(CROSS, points).tolist() == [True, False]


def test_cells_cover_the_union_once():
    assert sum((c.x1 - c.x0) * (c.y1 - c.y0) for c in cells(CROSS)) == pytest.approx(5)


def test_the_rectangle_behind_a_wall():
    assert Wall((0, 0), (4, 0)).behind(1, 2, 0.1, 3) == pytest.approx((1, 0.1, 2, 3))
    assert Wall((4, 0), (0, 0)).behind(1, 2, 0.1, 3) == pytest.approx((2, -3, 3, -0.1))


@pytest.mark.parametrize("seed", range(5))
def test_the_clearance_is_positive_on_the_loop_and_negative_in_the_core(seed):
    plan = random_plan(np.random.default_rng(seed))
    assert (plan.clearance(np.array(plan.loop)) > 0.6).all()
    assert plan.clearance(np.array([(-30.0, 0.0)]))[0] < -15
