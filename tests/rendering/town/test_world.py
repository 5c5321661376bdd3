import numpy as np
import pytest

pytest.importorskip("panda3d")

from rendering.camera import camera_pose
from rendering.conditions import choose_conditions
from rendering.library import Library
from rendering.mesh import Mesh, Skin
from rendering.town.world import GROUNDS, LEAVES, ROOFS, dress, stands_before

NAMES = (*GROUNDS, *LEAVES, *ROOFS, "grass", "hedge", "plaster", *(f"window{i}" for i in range(24)))


@pytest.mark.parametrize(
    ("car", "hides"), [((0, 2), True), ((0, 4), False), ((2, 2), False), ((0, -2), False)]
)
def test_a_car_hides_what_is_close_behind_it(car, hides):
    assert stands_before(np.array([car]), camera_pose((0, 0, 1.5), np.pi / 2)) == hides


def test_seasons_change_leaves_and_ground_but_not_the_town():
    library = Library()
    for name in NAMES:
        library.add(name, np.ones((512, 512, 3)))
    town = Mesh()
    town.quad([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], Skin(library["asphalt"]))
    town.quad([(0, 0, 1), (1, 0, 1), (1, 0, 2), (0, 0, 2)], Skin(library["leaves_green"]))
    town.quad([(0, 0, 9), (1, 0, 9), (1, 1, 9), (0, 1, 9)], Skin(library["slate"]))
    before = town.vertices()

    def dressed(**changed):
        conditions = choose_conditions(1, np.random.default_rng(0))[0]._replace(
            **{"wet": 0.0, "lit": 1.0, **changed}
        )
        return dress(before, library, conditions, np.random.default_rng(1))

    assert (dressed(season="summer") == before).all()
    assert dressed(season="summer", wet=0.5)["surface"][:, 1].tolist() == [0.5] * 6 + [0] * 12
    assert set(dressed(season="autumn")["surface"][6:12, 0]) == {library["leaves_autumn"]}
    winter = dressed(season="winter")
    assert len(winter) == 12  # the leaves are gone
    assert set(winter["surface"][6:, 0]) == {library["plaster"]}  # the roof is white
    assert before["surface"][:, 0].tolist() == [
        library[n] for n in ("asphalt", "leaves_green", "slate") for _ in range(6)
    ]
