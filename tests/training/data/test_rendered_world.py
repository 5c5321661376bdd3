import numpy as np

from rendering.camera import camera_pose, heading
from rendering.views import Jitter, visit_view
from training.data import PlaceRules

RULES = PlaceRules()


def test_two_visits_of_a_place_agree_by_the_default_rules():
    random, place = np.random.default_rng(2), camera_pose((3, 4, 1.5), 1.0)
    visits = [visit_view(place, lambda view: view.position[0] > 3, Jitter(), random) for _ in range(100)]
    x, y, _ = np.array([visit.position for visit in visits]).T
    assert (x > 3).all()
    assert 2 < np.hypot(x[:, None] - x, y[:, None] - y).max() <= RULES.positive_metres
    assert 20 < np.degrees(np.ptp([heading(visit) for visit in visits])) <= RULES.positive_degrees
