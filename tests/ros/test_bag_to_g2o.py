"""examples/bag_to_g2o: a bag with odometry and candidates → a g2o file."""

import os
import subprocess
import sys

import numpy as np
import pytest
import rosbag
from nav_msgs.msg import Odometry
from std_msgs.msg import Bool

from examples.pose_graph import inverse
from tests.examples.messages import CAMERA, time_of, to_candidates, to_odometry
from tests.examples.paths import MOUNTING, circle, drift, error, loop, stamp

TRUE = circle()
CAMERAS = [pose @ MOUNTING for pose in TRUE]
LOOPS = [loop(TRUE, row, row - 41) for row in range(42, 81, 4)]


@pytest.fixture
def export(root, tmp_path):
    """``export(bag, *options)`` → the completed process; the file is ``graph.g2o`` in ``tmp_path``."""

    def run(bag, *options):
        command = [sys.executable, os.path.join(root, "examples", "bag_to_g2o"), str(bag), *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def write_bag(path, poses, loops, lost=(), pose_valid=True):
    """Write a bag of camera poses and loops; ``lost``: rows during which tracking is lost."""
    with rosbag.Bag(str(path), "w") as bag:
        for row, pose in enumerate(poses):
            if row - 1 in lost or row in lost:
                bag.write("/tracking_ok", Bool(row not in lost), time_of(stamp(row) - 1))
            bag.write("/odom", to_odometry(stamp(row), pose, CAMERA), time_of(stamp(row)))
        for each in loops:
            bag.write("/loop_candidates", to_candidates(each, pose_valid), time_of(each.query + 10**8))
    return path


def entries(path, tag):
    lines = [line.split() for line in path.read_text().splitlines()]
    return [[float(word) for word in words[1:]] for words in lines if words[0] == tag]


def test_vertices_are_the_odometry_and_edges_the_loops(export, tmp_path):
    result = export(write_bag(tmp_path / "run.bag", CAMERAS, LOOPS))
    assert result.returncode == 0, result.stderr
    assert "81 vertices, 10 loops; skipped 0 candidates without pose and 0 without odometry" in result.stdout
    vertices = entries(tmp_path / "graph.g2o", "VERTEX_SE3:QUAT")
    assert [int(vertex[0]) for vertex in vertices] == list(range(81))
    assert np.allclose([vertex[1:4] for vertex in vertices], [pose[:3, 3] for pose in CAMERAS])
    edges = entries(tmp_path / "graph.g2o", "EDGE_SE3:QUAT")
    assert [(int(edge[0]), int(edge[1])) for edge in edges[80:]] == [(r - 41, r) for r in range(42, 81, 4)]
    assert np.allclose([edge[2:5] for edge in edges[80:]], [each.pose[:3, 3] for each in LOOPS])
    information = edges[80][9:]
    assert len(information) == 21
    # σ² of the loop and that of the calibration add up.
    assert information[0] == pytest.approx(1 / (0.05**2 + 0.05**2))
    assert information[20] == pytest.approx(1 / (0.01**2 + 0.01**2))


def test_gtsam_reads_and_optimises_the_file(export, tmp_path):
    gtsam = pytest.importorskip("gtsam", reason="needs requirements/examples.txt")
    odometry = [pose @ MOUNTING for pose in drift(TRUE)]
    export(write_bag(tmp_path / "run.bag", odometry, LOOPS), "--output", "drift.g2o")
    graph, initial = gtsam.readG2o(str(tmp_path / "drift.g2o"), True)
    assert graph.size() == 90
    prior = gtsam.noiseModel.Isotropic.Sigma(6, 1e-6)
    graph.add(gtsam.PriorFactorPose3(0, initial.atPose3(0), prior))
    result = gtsam.LevenbergMarquardtOptimizer(graph, initial).optimize()
    poses = [result.atPose3(row).matrix() for row in range(81)]
    assert error(poses, CAMERAS) < 0.15 * error(odometry, CAMERAS)


def test_the_mounting_turns_odometry_of_the_base_into_poses_of_the_camera(export, tmp_path):
    numbers = ["0.3", "-0.1", "1.2", "-0.5", "0.5", "-0.5", "0.5"]
    export(write_bag(tmp_path / "run.bag", TRUE, LOOPS), "--mounting", *numbers)
    vertices = entries(tmp_path / "graph.g2o", "VERTEX_SE3:QUAT")
    assert np.allclose([vertex[1:4] for vertex in vertices], [pose[:3, 3] for pose in CAMERAS], atol=1e-6)


def test_a_loop_of_unknown_scale_is_uncertain_along_its_direction(export, tmp_path):
    each = loop(TRUE, 60, 19, scale_known=False)
    export(write_bag(tmp_path / "run.bag", CAMERAS, [each]))
    edge = entries(tmp_path / "graph.g2o", "EDGE_SE3:QUAT")[-1]
    assert edge[2:5] == [0, 0, 0]
    information = np.zeros((6, 6))
    information[np.triu_indices(6)] = edge[9:]
    values = np.linalg.eigvalsh(information[:3, :3], UPLO="U")
    assert values[0] == pytest.approx(1 / 9, rel=0.05)
    assert values[1] > 5 * values[0]


def test_candidates_without_pose_and_without_odometry_are_skipped_and_counted(export, tmp_path):
    late = loop(TRUE, 60, 19)._replace(query=stamp(200))
    result = export(write_bag(tmp_path / "run.bag", CAMERAS, [*LOOPS, late]))
    assert "10 loops; skipped 0 candidates without pose and 1 without odometry" in result.stdout
    result = export(write_bag(tmp_path / "run.bag", CAMERAS, LOOPS, pose_valid=False))
    assert "0 loops; skipped 10 candidates without pose and 0 without odometry" in result.stdout


def test_poses_that_cannot_be_used_are_skipped(export, tmp_path):
    path = write_bag(tmp_path / "run.bag", CAMERAS, LOOPS)
    with rosbag.Bag(str(path), "a") as bag:
        for late, fields in enumerate(({"x": float("nan"), "w": 1.0}, {"w": 0.0}, {"x": 1e300, "w": 1.0})):
            message = Odometry()
            message.header.stamp = time_of(stamp(80) + 1 + late)
            message.pose.pose.position.x = fields.get("x", 0.0)
            message.pose.pose.orientation.w = fields["w"]
            bag.write("/odom", message, message.header.stamp)
    result = export(path)
    assert "81 vertices, 10 loops" in result.stdout, result.stderr
    assert "nan" not in (tmp_path / "graph.g2o").read_text()


def test_the_edge_across_lost_tracking_is_weak(export, tmp_path):
    result = export(write_bag(tmp_path / "run.bag", CAMERAS, [], lost=range(30, 40)))
    assert "71 vertices" in result.stdout
    edges = entries(tmp_path / "graph.g2o", "EDGE_SE3:QUAT")
    assert edges[29][9] == pytest.approx(1e-4)  # 100 m
    assert min(edges[28][9], edges[30][9]) > 10
    assert np.allclose(edges[29][2:5], (inverse(CAMERAS[29]) @ CAMERAS[40])[:3, 3])


@pytest.mark.parametrize("content", [None, b"no bag at all"])
def test_what_is_not_a_bag_is_refused_by_name(export, tmp_path, content):
    if content is not None:
        (tmp_path / "x.bag").write_bytes(content)
    result = export("x.bag")
    assert result.returncode == 1
    assert result.stderr.startswith("expected a ROS bag. Received: 'x.bag'")
    assert not (tmp_path / "graph.g2o").exists()


def test_a_bag_without_odometry_is_refused(export, tmp_path):
    result = export(write_bag(tmp_path / "run.bag", [], LOOPS))
    assert result.returncode == 1
    assert "expected odometry on /odom" in result.stderr


def test_a_file_that_cannot_be_written_is_named(export, tmp_path):
    result = export(write_bag(tmp_path / "run.bag", CAMERAS, LOOPS), "--output", "no/folder.g2o")
    assert result.returncode == 1
    assert "expected an --output that can be written" in result.stderr
    assert "no/folder.g2o" in result.stderr
