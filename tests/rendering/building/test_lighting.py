import numpy as np
import pytest

from rendering.building.lighting import Source, irradiance, window_sources
from rendering.building.plan import Rect
from rendering.mesh import VERTEX

ROOMS = (Rect(0, 0, 4, 4), Rect(4.2, 0, 8, 4))
LAMP = Source((2.0, 2.0, 2.5), (0.0, 0.0, -1.0), 1.0, False)


def vertices(points, normal=(0, 0, 1)):
    made = np.zeros(len(points), VERTEX)
    made["vertex"], made["normal"] = points, normal
    return made


def test_a_lamp_lights_what_is_below_it_most():
    below, aside = irradiance(vertices([(2, 2, 0), (3.5, 2, 0)]), [LAMP], ROOMS)[:, 0]
    assert below > aside > 0


def test_a_wall_hides_a_lamp_and_an_opening_shows_it():
    behind = vertices([(6, 2, 0)])
    assert irradiance(behind, [LAMP], ROOMS)[0, 0] == 0
    assert irradiance(behind, [LAMP], (*ROOMS, Rect(3.9, 1.5, 4.3, 2.5)))[0, 0] > 0


def test_light_of_windows_is_apart_from_that_of_lamps():
    sources = window_sources([(0, 1), (0, 3)], 1.0, 2.0, (1.0, 0.0))
    assert sum(source.power for source in sources) == pytest.approx(2)
    lamps, day = irradiance(vertices([(2, 2, 0)]), sources, ROOMS)[0]
    assert lamps == 0
    assert day > 0
