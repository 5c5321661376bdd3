from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from examples.pose_graph import BASELINE, SPACING, Loop, PoseGraph, inverse, odometry_of, rigid, solve
from tests.examples.paths import COVARIANCE, MOUNTING, circle, drift, error, loop, stamp


def graph_of(odometry, loops=(), mounting=MOUNTING):
    graph = PoseGraph(mounting)
    for row, pose in enumerate(odometry):
        graph.add_odometry(stamp(row), pose)
    for each in loops:
        graph.add_loop(each)
    return graph


def optimised(graph):
    pytest.importorskip("gtsam", reason="needs requirements/examples.txt")
    problem = graph.problem()
    solution = solve(problem)
    graph.correct(problem, solution)
    return solution


def pose_message(x, quaternion):
    """What of a geometry_msgs/Pose is used."""
    point = SimpleNamespace(x=x, y=0.0, z=0.0)
    return SimpleNamespace(
        position=point, orientation=SimpleNamespace(**dict(zip("xyzw", map(float, quaternion))))
    )


def test_odometry_is_normalised():
    found = odometry_of(pose_message(2.0, (0, 0, 2, 2)))
    assert found == pytest.approx(rigid([2, 0, 0], [0, 0, np.sqrt(0.5), np.sqrt(0.5)]))


@pytest.mark.parametrize(
    "x, quaternion",
    [(np.nan, (0, 0, 0, 1)), (np.inf, (0, 0, 0, 1)), (0, (0, 0, 0, 0)), (0, (0, 0, np.nan, 1))],
)
def test_odometry_that_is_not_a_pose_is_not_used(x, quaternion):
    assert odometry_of(pose_message(x, quaternion)) is None


def test_without_loops_the_path_is_the_odometry():
    odometry = drift(circle())
    graph = graph_of(odometry)
    assert error(graph.path, odometry) < 1e-9
    assert np.allclose(graph.map_to_odom, np.eye(4))
    assert graph.problem().loops == []


def test_loops_correct_the_path_and_map_to_odom():
    true = circle()
    odometry = drift(true)
    graph = graph_of(odometry, [loop(true, row, row - 41) for row in range(42, 81, 4)])
    assert optimised(graph).used.all()
    assert error(graph.path, true) < 0.15 * error(odometry, true)
    assert np.allclose(graph.map_to_odom @ odometry[-1], graph.path[-1])
    assert np.allclose(graph.path[0], true[0], atol=1e-5)


def test_false_loops_are_left_out():
    true = circle()
    good = [loop(true, row, row - 41) for row in range(42, 81, 4)]
    wrong = [Loop(stamp(q), stamp(m), np.eye(4), COVARIANCE, True) for q, m in ((50, 30), (60, 5), (71, 40))]
    clean, graph = graph_of(drift(true), good), graph_of(drift(true), good + wrong)
    optimised(clean)
    assert optimised(graph).used.tolist() == [True] * len(good) + [False] * len(wrong)
    assert error(graph.path, clean.path) < 0.01


def test_loops_of_unknown_scale_correct_the_path():
    true = circle()
    loops = [loop(true, row, row - 41, scale_known=False) for row in range(42, 81, 4)]
    graph = graph_of(drift(true), loops)
    assert optimised(graph).used.all()
    assert error(graph.path, true) < 0.3 * error(drift(true), true)


def test_a_loop_of_unknown_scale_is_uncertain_along_its_direction_only():
    true = circle()
    each = loop(true, 60, 19, scale_known=False)
    (edge,) = graph_of(true, [each]).problem().loops
    along = each.pose[:3, :3].T @ each.pose[:3, 3]  # in the query's axes
    covariance = edge.covariance[:3, :3]
    assert np.allclose(edge.pose[:3, 3], 0)
    assert along @ covariance @ along == pytest.approx(BASELINE**2, rel=0.01)
    assert np.linalg.eigvalsh(covariance)[1] < 0.1 * BASELINE**2


def test_a_loop_between_vertices_is_moved_to_the_nearest_ones():
    true = circle(count=801 // 10)
    graph = PoseGraph(MOUNTING)
    for row, pose in enumerate(true):
        graph.add_odometry(stamp(row), pose)
    pose = inverse(true[20] @ MOUNTING) @ true[60] @ MOUNTING
    graph.add_loop(Loop(stamp(60) + 10**8, stamp(20) - 10**8, pose, COVARIANCE, True))
    (edge,) = graph.problem().loops
    assert (edge.first, edge.second) == (20, 60)
    # Both keyframes are 0.1 s from their vertices, the query after its one, the match before it.
    expected = inverse(true[20] @ MOUNTING) @ true[60] @ MOUNTING
    assert 0.1 < np.linalg.norm(edge.pose[:3, 3] - expected[:3, 3]) < 0.3


def test_the_covariance_of_a_loop_is_turned_into_the_query_frame():
    quarter = rigid([0, 0, 0], Rotation.from_euler("z", 90, degrees=True).as_quat())
    graph = graph_of(np.array([np.eye(4), rigid([3, 0, 0], [0, 0, 0, 1])]), mounting=np.eye(4))
    graph.add_loop(Loop(stamp(1), stamp(0), quarter, np.diag([4.0, 1, 1, 0.4, 0.1, 0.1]), True))
    (edge,) = graph.problem().loops
    assert np.diag(edge.covariance)[[1, 4]] == pytest.approx([4, 0.4], rel=0.01)  # match's x is query's −y


def test_a_retracted_loop_is_removed_by_its_stamps():
    graph = graph_of(circle())
    loops = [loop(circle(), row, row - 41) for row in (50, 60)]
    for each in loops:
        graph.add_loop(each)
    graph.remove_loop(loops[0].query, loops[1].match)
    assert graph.ready == 2
    graph.remove_loop(loops[0].query, loops[0].match)
    assert [each.query for each in graph.loops] == [loops[1].query]
    assert graph.removed == 1


def test_without_the_last_loop_the_path_is_the_odometry_again():
    odometry = drift(circle())
    wrong = loop(circle(), 60, 10)
    graph = graph_of(odometry, [wrong])
    optimised(graph)
    assert error(graph.path, odometry) > 1e-3
    graph.remove_loop(wrong.query, wrong.match)
    assert error(graph.path, odometry) < 1e-9


@pytest.mark.parametrize(("query", "match"), [(90, 10), (50, -1), (10, 95)])
def test_a_loop_without_odometry_is_not_used_yet(query, match):
    graph = graph_of(circle(), [Loop(stamp(query), stamp(match), np.eye(4), COVARIANCE, True)])
    assert graph.problem().loops == []


def test_a_loop_is_used_when_its_odometry_arrives():
    true = circle()
    graph = graph_of(true[:60], [loop(true, 60, 19)])
    assert graph.problem().loops == []
    graph.add_odometry(stamp(60), true[60])
    assert len(graph.problem().loops) == 1


def test_a_robot_that_waits_adds_no_vertices():
    graph = PoseGraph()
    for row in range(100):
        graph.add_odometry(stamp(row), rigid([1e-3 * row, 0, 0], [0, 0, 0, 1]))
    assert len(graph.stamps) == 2
    assert graph.stamps[-1] == stamp(99)


def test_vertices_have_a_spacing():
    graph = PoseGraph()
    for row in range(1000):
        graph.add_odometry(stamp(row), rigid([0.01 * row, 0, 0], [0, 0, 0, 1]))
    steps = np.diff([pose[0, 3] for pose in graph.odometry])
    assert steps[:-1] == pytest.approx(SPACING, abs=0.02)


def test_odometry_that_arrives_during_the_optimisation_is_corrected_too():
    true = circle()
    odometry = drift(true)
    graph = graph_of(odometry[:80], [loop(true, row, row - 41) for row in range(42, 80, 4)])
    pytest.importorskip("gtsam", reason="needs requirements/examples.txt")
    problem = graph.problem()
    solution = solve(problem)
    graph.add_odometry(stamp(80), odometry[80])
    graph.correct(problem, solution)
    assert len(graph.path) == 81
    step = inverse(graph.path[79]) @ graph.path[80]
    assert np.allclose(step, inverse(odometry[79]) @ odometry[80], atol=1e-9)


def test_after_lost_tracking_a_loop_places_the_rest_of_the_path():
    true = circle()
    carried = rigid([40, -20, 3], Rotation.from_euler("z", 130, degrees=True).as_quat())
    graph = graph_of(true[:50])
    for row in range(50, 81):
        graph.add_odometry(stamp(row), carried @ true[row], after_loss=row == 50)
    for row in range(60, 80, 5):
        graph.add_loop(loop(true, row, row - 41))
    assert optimised(graph).used.all()
    assert error(graph.path, true) < 0.05


def test_no_loop_is_measured_across_lost_tracking():
    graph = graph_of(circle()[:50])
    graph.add_odometry(stamp(60), circle()[60], after_loss=True)
    graph.add_loop(Loop(stamp(55), stamp(10), np.eye(4), COVARIANCE, True))
    assert graph.problem().loops == []


def test_an_empty_graph_is_solved():
    pytest.importorskip("gtsam", reason="needs requirements/examples.txt")
    problem = PoseGraph().problem()
    assert len(solve(problem).poses) == 0
