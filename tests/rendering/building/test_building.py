import numpy as np
import pytest

from rendering.building.building import Building, lit, mirrored
from rendering.building.design import random_design
from rendering.building.plan import Rect, inside
from rendering.mesh import Mesh, Skin


def test_the_same_seed_gives_the_same_building():
    first, second = Building(3), Building(3)
    assert first.design == second.design
    assert first.contents == second.contents
    assert first.design != Building(4).design


def test_floors_share_the_design_and_differ_in_contents():
    contents = Building(1, floors=3).contents
    assert len({floor.hung for floor in contents}) == 3
    assert len({floor.opened for floor in contents}) > 1
    assert len({floor.standing for floor in contents}) == 3


def test_without_a_difference_the_floors_are_identical():
    first, second = Building(1, floors=2, difference=0.0).contents
    assert first == second
    assert not first.hung


def test_a_greater_difference_hangs_and_opens_more():
    few, many = (
        [len(c.hung) + len(c.opened) + len(c.standing) for c in Building(1, 3, amount).contents]
        for amount in (0.2, 0.9)
    )
    assert sum(many) > 2 * sum(few)


@pytest.mark.parametrize("seed", range(1, 6))
def test_fixtures_do_not_overlap_and_lamps_are_in_free_space(seed):
    design = random_design(np.random.default_rng(seed))
    for index, wall in enumerate(design.walls):
        own = sorted((f.low, f.high) for f in design.fixtures if f.wall == index)
        edges = np.ravel(own)
        assert (np.diff(edges) > 0).all()
        assert not own or (edges[0] >= 0 and edges[-1] <= wall.length)
    assert inside(design.plan.spaces, np.array(design.lamps)[:, :2]).all()
    assert any(fixture.kind == "door" for fixture in design.fixtures)


@pytest.mark.parametrize("seed", range(1, 6))
def test_rooms_are_not_in_corridors(seed):
    design = random_design(np.random.default_rng(seed))
    for fixture in design.fixtures:
        if fixture.room:
            room = design.walls[fixture.wall].behind(fixture.low, fixture.high, 0.1, fixture.room)
            assert not any(room.overlaps(Rect(*space)) for space in design.plan.spaces)


def test_a_mirrored_surface_is_as_far_below_the_level():
    mesh = Mesh()
    mesh.quad([(0, 0, 4), (1, 0, 4), (1, 1, 5), (0, 1, 5)], Skin(0))
    copy = mirrored(mesh.vertices(), 3.0)
    assert sorted(set(copy["vertex"][:, 2])) == [1, 2]
    assert mesh.vertices()["vertex"][:, 2].min() == 4


def test_light_is_linear_and_the_tint_is_not():
    mesh = Mesh()
    mesh.quad([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], Skin(0, (0.5, 0.5, 0.5)))
    copy = lit(mesh.vertices(), np.full((6, 3), 0.25))
    assert copy["tint"] ** 2.2 == pytest.approx(0.25 * 0.5**2.2 * np.ones((6, 3)), rel=1e-4)
