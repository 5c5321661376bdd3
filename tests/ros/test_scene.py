"""What RViz shows of a map; positions are metres along x."""

import numpy as np
import pytest
from visualization_msgs.msg import Marker

from place_recognition_ros.memory.worlds import Tie
from place_recognition_ros.ros import markers, scene
from place_recognition_ros.ros.layout import DIAGRAM, ROW
from place_recognition_ros.ros.scene import EXPLANATION, MOST, Scene
from place_recognition_ros.types import Kind, Loss, Status
from tests.ros.drawn_map import DrawnMap, candidate, pose


class Screen:
    """What a viewer shows that receives every message."""

    def __init__(self, drawn, losses=None, decided=()):
        self.scene = Scene(drawn.memory, {} if losses is None else losses, decided)
        self.shown = {}

    def update(self, result):
        """Draw a result, and all that waits; returns how many markers each message had."""
        counts = []
        while not counts or self.scene._due or self.scene._unread:
            found = self.scene.update(result)
            counts.append(len(found))
            self.take(found)
            result = result._replace(candidates=[], confirmed=[], retracted=[])
        return counts

    def take(self, found):
        for each in found:
            if each.action == Marker.DELETEALL:
                self.shown.clear()
            elif each.action == Marker.DELETE:
                self.shown.pop((each.ns, each.id), None)
            else:
                self.shown[each.ns, each.id] = each

    def paths(self):
        """x of the points of each stretch."""
        return [
            [point.x for point in each.points]
            for (name, _), each in self.shown.items()
            if name == "trajectory"
        ]

    def arches(self, name):
        """x of both ends of each arch."""
        found = [each.points for (kind, _), each in sorted(self.shown.items()) if kind == name]
        return [(points[row].x, points[row + 3].x) for points in found for row in range(0, len(points), 4)]


@pytest.fixture
def drawn():
    made = DrawnMap()
    yield made
    made.memory.store.close()


def test_a_trajectory_is_drawn_in_the_frame_of_odometry(drawn):
    drawn.add(0.0)
    screen = Screen(drawn)
    for x in (1.0, 2.0, 4.0):
        screen.update(drawn.add(x))
    assert screen.paths() == [[0.0, 1.0, 2.0, 4.0]]
    assert {each.header.frame_id for each in screen.shown.values()} == {"odom"}
    assert screen.shown["camera", 0].pose.position.x == 4.0
    assert screen.shown["trajectory", 0].type == Marker.LINE_STRIP


def test_a_long_trajectory_is_one_line_of_several_markers(drawn):
    screen = Screen(drawn)
    for x in range(120):
        drawn.add(float(x))
    screen = Screen(drawn)
    screen.update(drawn.add(120.0))
    first, *others = screen.paths()
    assert len(others) == 2
    for before, after in zip([first, *others], others):
        assert before[-1] == after[0]
    assert sorted({x for each in screen.paths() for x in each}) == [float(x) for x in range(121)]


def test_the_past_is_drawn_some_at_a_time(drawn, monkeypatch):
    monkeypatch.setattr(scene, "BUDGET", 0.0)
    monkeypatch.setattr(scene, "STRETCH", 4)
    for x in range(200):
        drawn.add(float(x))
    screen = Screen(drawn)
    counts = screen.update(drawn.add(200.0))
    assert len(counts) == pytest.approx(200 / scene.LEAST, abs=3)
    assert max(counts) <= scene.LEAST_DRAWN + 3, (
        "beside: all that was there goes, the camera, what was rejected"
    )
    assert sum(map(len, screen.paths())) >= 201


def test_of_a_large_map_evenly_distributed_keyframes_are_drawn(drawn, monkeypatch):
    monkeypatch.setattr(scene, "MOST", 50)
    for x in range(220):
        drawn.add(float(x))
    screen = Screen(drawn)
    screen.update(drawn.add(220.0))
    assert MOST > 50
    xs = sorted({x for each in screen.paths() for x in each})
    assert len(xs) <= 51
    assert set(np.diff(xs)) == {5.0}


def test_sessions_have_colours_and_those_that_are_not_connected_are_faint(drawn):
    drawn.add(0.0)
    drawn.add(1.0)
    drawn.memory.start_session()
    drawn.add(0.0)
    screen = Screen(drawn)
    screen.update(drawn.add(5.0))
    first, second = (screen.shown["trajectory", number].color for number in (0, 1))
    assert (first.r, first.g, first.b) != (second.r, second.g, second.b)
    assert (first.a, second.a) == (markers.FAINT, 1.0)


def test_the_first_keyframe_of_a_session_is_a_line_of_two_points(drawn):
    drawn.add(0.0)
    drawn.add(1.0)
    drawn.memory.start_session()
    screen = Screen(drawn)
    screen.update(drawn.add(5.0))
    assert screen.paths() == [[0.0, 1.0], [5.0, 5.0]]
    screen.update(drawn.add(6.0))
    assert screen.paths() == [[0.0, 1.0], [5.0, 6.0]]


def test_a_map_is_drawn_again_when_a_world_has_moved_visibly(drawn):
    drawn.add(0.0)
    drawn.add(1.0)
    drawn.memory.start_session()
    drawn.add(0.0)
    screen, learned = Screen(drawn), drawn.memory.store.learned
    for x, (keyframe, place) in enumerate([(3, 10.0), (4, 10.001)], 1):
        learned.tie(Tie(2, 1, keyframe, 1).located(pose(0.0), pose(place), np.eye(6)))
        drawn.memory.store.save()
        screen.shown.clear()
        screen.update(drawn.add(float(x)))
        assert (("trajectory", 0) in screen.shown) == (place == 10.0)


def test_a_session_moves_to_where_a_tie_tells(drawn):
    """The world of session 2 is 10 m ahead of that of session 1."""
    drawn.add(0.0)
    drawn.add(1.0)
    drawn.memory.start_session()
    drawn.add(0.0)
    screen = Screen(drawn)
    screen.update(drawn.add(1.0))
    assert screen.shown["trajectory", 0].pose.position.x == 0.0
    tie = Tie(2, 1, 3, 1).located(pose(0.0), pose(10.0), np.eye(6))
    drawn.memory.store.learned.tie(tie)
    drawn.memory.store.save()
    screen.update(drawn.add(2.0, [candidate(1)]))
    path = screen.shown["trajectory", 0]
    assert (path.pose.position.x, path.color.a) == (-10.0, 1.0)
    assert screen.arches("loops") == [(2.0, -10.0)]


def test_an_accepted_loop_is_an_arch_in_the_colour_of_its_confidence(drawn):
    for x in range(3):
        drawn.add(float(x))
    screen = Screen(drawn)
    screen.update(drawn.add(7.0, [candidate(2), candidate(3, status=Status.REJECTED)]))
    assert screen.arches("loops") == [(7.0, 1.0)]
    colour = screen.shown["loops", 0].colors[0]
    assert (colour.r, colour.g, colour.b, colour.a) == markers.confidence_colour(0.999)


def test_rejected_candidates_are_drawn_apart_until_the_next_result(drawn):
    for x in range(3):
        drawn.add(float(x))
    screen = Screen(drawn)
    examined = candidate(2, status=Status.REJECTED)
    similar = candidate(3, status=Status.REJECTED, matches=-1, inliers=-1)
    screen.take(screen.scene.update(drawn.add(7.0, [examined, similar])))
    assert screen.arches("rejected") == [(7.0, 1.0)]
    assert screen.arches("loops") == []
    screen.take(screen.scene.update(drawn.add(8.0)))
    assert screen.arches("rejected") == []


def test_a_retracted_loop_changes_its_kind(drawn):
    for x in range(3):
        drawn.add(float(x))
    screen = Screen(drawn)
    result = drawn.add(7.0, [candidate(2)])
    screen.update(result)
    gone = result.candidates[0]._replace(status=Status.REJECTED)
    screen.update(drawn.add(8.0, [candidate(3)], retracted=[gone]))
    assert screen.arches("loops") == [(8.0, 2.0)]
    assert screen.arches("retracted") == [(7.0, 1.0)]


def test_who_comes_late_sees_what_was_decided_before(drawn):
    for x in range(3):
        drawn.add(float(x))
    (first,) = drawn.add(7.0, [candidate(2)]).candidates
    (second,) = drawn.add(8.0, [candidate(3)]).candidates
    decided = [first, second, first._replace(status=Status.REJECTED)]
    screen = Screen(drawn, decided=decided)
    screen.update(drawn.add(9.0))
    assert screen.arches("loops") == [(8.0, 2.0)]
    assert screen.arches("retracted") == [(7.0, 1.0)]


def test_a_loss_of_tracking_is_marked_where_the_session_before_ends(drawn):
    drawn.add(0.0)
    drawn.add(3.0)
    drawn.lose_tracking()
    screen = Screen(drawn, {2: Loss.FRONT_END})
    screen.update(drawn.add(50.0))
    ball, text = (screen.shown["kidnap", number] for number in (4, 5))
    assert ball.pose.position.x == text.pose.position.x == 3.0
    assert text.text == "lost (tracking_ok)"


def test_a_recovery_without_a_pose_is_drawn_where_its_match_tells(drawn):
    drawn.add(0.0)
    drawn.add(3.0)
    drawn.lose_tracking()
    recovery = candidate(2, kind=Kind.KIDNAP_RECOVERY, world=3.5)
    screen = Screen(drawn, {2: Loss.FRONT_END})
    screen.update(drawn.add(None, [recovery], store=False))
    assert screen.arches("loops") == [(3.5, 3.0)]
    assert screen.shown["camera", 0].pose.position.x == 3.5
    colour = screen.shown["loops", 0].colors[0]
    assert (colour.r, colour.g, colour.b, colour.a) == markers.KIDNAP


def test_without_poses_the_sessions_are_a_diagram_over_time(drawn):
    for _ in range(3):
        drawn.add()
    drawn.memory.start_session()
    drawn.add()
    screen = Screen(drawn)
    screen.update(drawn.add(candidates=[candidate(2)]))
    assert screen.paths() == [[0.0, 1.0, 2.0], [0.0, 1.0]]
    assert {point.y for point in screen.shown["trajectory", 1].points} == {ROW}
    assert screen.arches("loops") == [(1.0, 1.0)]
    assert screen.shown["note", 0].text == EXPLANATION
    assert {each.header.frame_id for each in screen.shown.values()} == {DIAGRAM}


def test_the_note_of_a_diagram_grows_with_it(drawn):
    drawn.add()
    screen = Screen(drawn)
    screen.update(drawn.add())
    before = screen.shown["note", 0].scale.z
    for _ in range(round(8 * markers.SMALL)):
        screen.update(drawn.add())
    assert screen.shown["note", 0].scale.z == 8 * before
    assert screen.shown["note", 0].pose.position.y == 8.0


def test_a_scene_ends_when_the_map_is_changed_or_poses_appear(drawn):
    drawn.add()
    screen = Screen(drawn)
    screen.update(drawn.add())
    assert screen.scene.continues
    result = drawn.add(1.0)
    assert not screen.scene.continues, "the diagram became a drawing in odom"
    screen = Screen(drawn)
    screen.update(result)
    assert screen.scene.continues
    drawn.memory.remove([1])
    assert not screen.scene.continues
