import numpy as np
import pytest

from place_recognition_ros.poses import angle, distance
from rendering.building.building import Building
from rendering.building.ceiling import STOREY
from rendering.building.route import ASIDE, CLEARANCE, STEP, TURN
from rendering.camera import heading


@pytest.fixture(scope="module", params=range(1, 5))
def building(request):
    return Building(request.param, floors=2)


def plan_of(frames):
    return np.array([frame.pose.position[:2] for frame in frames])


def test_the_route_stays_off_walls(building):
    frames = building.drive(0, 2, np.random.default_rng(0))
    assert (building.design.plan.clearance(plan_of(frames)) >= CLEARANCE - 1e-6).all()


def test_keyframes_are_a_step_or_a_turn_apart(building):
    frames = building.drive(0, 1, np.random.default_rng(0))
    for before, after in zip(frames, frames[1:]):
        moved, turned = distance(before.pose, after.pose), angle(before.pose, after.pose)
        assert moved > 0.95 * STEP or turned > 0.85 * TURN
        assert moved < 1.1 * STEP
        assert after.stamp > before.stamp
    assert [frame.number for frame in frames] == list(range(len(frames)))


def test_a_second_lap_passes_the_same_places_on_another_line(building):
    frames = building.drive(0, 2, np.random.default_rng(0))
    first, second = (plan_of([f for f in frames if f.lap == lap]) for lap in (0, 1))
    gap = np.linalg.norm(first[:, None] - second[None], axis=2).min(axis=1)
    assert gap.max() < STEP + 2 * ASIDE
    assert np.median(gap) > 0.05


def test_the_floor_determines_the_height_only(building):
    ground, first = (building.drive(floor, 1, np.random.default_rng(0)) for floor in (0, 1))
    for a, b in zip(ground, first):
        assert b.pose.position - a.pose.position == pytest.approx([0, 0, STOREY])
        assert (a.pose.orientation == b.pose.orientation).all()


def test_a_reverse_drive_looks_the_other_way(building):
    forward, back = (building.drive(0, 1, np.random.default_rng(0), reverse=way) for way in (False, True))
    start = forward[0].pose
    nearest = min(back, key=lambda frame: distance(frame.pose, start))
    assert abs(np.angle(np.exp(1j * (heading(nearest.pose) - heading(start))))) > 2.5
