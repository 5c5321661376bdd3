import numpy as np
import pytest

from rendering.camera import camera_pose, heading
from rendering.views import Apart, Jitter, choose_views, visit_view


def test_views_are_apart_or_turned_away():
    random = np.random.default_rng(1)

    def candidates():
        while True:
            yield camera_pose((*random.uniform(0, 40, 2), 1.5), random.uniform(-np.pi, np.pi))

    chosen = choose_views(candidates(), lambda view: view.position[0] > 10, Apart(12, 75), 10, 10)
    assert len(chosen) == 10
    for i, one in enumerate(chosen):
        assert one.position[0] > 10
        for other in chosen[:i]:
            turn = np.degrees(np.abs(np.angle(np.exp(1j * (heading(one) - heading(other))))))
            assert turn > 75 or np.linalg.norm(one.position - other.position) >= 12


def test_too_many_places_are_refused():
    here = [
        camera_pose(position, turn) for position, turn in (((0, 0, 1), 0), ((1, 0, 1), 0.1), ((0, 0, 1), 3.0))
    ]
    assert len(choose_views(here, lambda view: True, Apart(), 2, 50)) == 2
    with pytest.raises(ValueError, match=r"room for 3 camera places 12 m apart.*a world with 2"):
        choose_views(here, lambda view: True, Apart(), 3, 3)


def test_a_place_where_no_visit_fits_is_visited_from_its_own_view():
    place = camera_pose((3, 4, 1.5), 1.0)
    assert visit_view(place, lambda view: False, Jitter(), np.random.default_rng(2)) is place
