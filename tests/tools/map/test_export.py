import csv

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.worlds import Tie
from place_recognition_ros.poses import Pose
from place_recognition_ros.tools.map.__main__ import main
from place_recognition_ros.types import FEATURE, Keyframe


@pytest.fixture
def exported(recorded, tmp_path):
    """``exported(ending)`` → the lines of the output."""

    def exported(ending):
        output = str(tmp_path / ("out" + ending))
        assert main(["export", recorded, output]) == 0
        with open(output, encoding="utf-8", newline="") as file:
            return file.read().splitlines()

    return exported


def test_csv_has_each_keyframe(exported):
    rows = list(csv.DictReader(exported(".csv")))
    assert [row["id"] for row in rows] == list("123456")
    assert rows[0]["stamp"] == "1600000000.000000000"
    assert (rows[0]["x"], rows[0]["robot"], rows[0]["features"]) == ("", "r1", "0")
    assert [row["same_place_as"] for row in rows] == ["", "", "", "1", "", ""]
    assert (rows[5]["y"], rows[5]["qz"], rows[5]["features"]) == ("10.0", str(2**-0.5), "5")
    assert (rows[5]["world_frame"], rows[5]["pose_frame"], rows[5]["session"]) == ("odom", "base_link", "2")


def test_a_tum_trajectory_has_the_keyframes_with_poses(exported):
    comment, *lines = exported(".tum")
    assert comment == "# session 2, frame odom"
    assert lines[0] == "1600000001.500000000 0 6 0 0 0 0.707106781 0.707106781"
    assert len(lines) == 3


def test_a_kitti_trajectory_has_the_rows_of_the_matrices(exported):
    lines = exported(".kitti")
    assert len(lines) == 3
    numbers = [float(number) for number in lines[0].split()]
    assert numbers == pytest.approx([0, -1, 0, 0, 1, 0, 0, 6, 0, 0, 1, 0], abs=1e-6)  # turned left, at y = 6


def test_g2o_has_vertices_and_the_edges_of_odometry(exported):
    lines = [line.split() for line in exported(".g2o")]
    assert [line[1] for line in lines if line[0] == "VERTEX_SE3:QUAT"] == ["4", "5", "6"]
    assert [line[1:] for line in lines if line[0] == "FIX"] == [["4"]]
    edges = [line for line in lines if line[0] == "EDGE_SE3:QUAT"]
    assert [edge[1:3] for edge in edges] == [["4", "5"], ["5", "6"]]
    numbers = [float(number) for number in edges[0][3:]]
    assert numbers[:7] == pytest.approx([2, 0, 0, 0, 0, 0, 1])  # forward
    assert len(numbers) == 7 + 21
    assert numbers[7] == pytest.approx(100)  # a standard deviation of 0.1 m after 2 m


def test_another_ending_is_refused_before_anything_is_written(recorded, tmp_path, capsys):
    assert main(["export", recorded, str(tmp_path / "a.csv"), str(tmp_path / "b.txt")]) == 1
    assert "expected an output that ends in .csv, .g2o, .tum, .kitti" in capsys.readouterr().err
    assert not (tmp_path / "a.csv").exists()


def test_an_output_that_cannot_be_written_is_refused(recorded, capsys):
    assert main(["export", recorded, "/nowhere/out.csv"]) == 1
    assert "/nowhere/out.csv" in capsys.readouterr().err


def at(x, y, yaw):
    return Pose(np.array([x, y, 0.0]), Rotation.from_euler("z", yaw).as_quat())


@pytest.fixture
def tied(tmp_path):
    """``tied(ties)`` → the lines of the g2o file of a map with sessions 1 to 3, of keyframes 1 to 9.

    In its session a robot is at x = 0, 1 and 2 m at the stamps 10, 11, 12 (20, … in the second one).
    """

    def tied(*ties):
        path, output = str(tmp_path / "tied.db"), str(tmp_path / "tied.g2o")
        store = KeyframeStore(path, "small-0123456789ab", 8, "orb")
        for number in range(9):
            session, step = 1 + number // 3, number % 3
            keyframe = Keyframe(None, 10 * session + step, at(step, 0, 0), pose_frame="base_link")
            none = np.zeros(0, FEATURE)
            store.add(Session(session, str(session)), keyframe, np.ones(8, np.float32), none, b"")
        for tie in ties:
            store.learned.tie(tie)
        store.close()
        assert main(["export", path, output]) == 0
        with open(output, encoding="utf-8") as file:
            return [line.split() for line in file]

    return tied


def test_g2o_has_an_edge_for_each_metric_tie(tied):
    """Session 2 began at (5, 0) in the world of session 1 and went in the direction of y."""
    camera, found = at(1, 0, 0), at(5, 1, np.pi / 2)  # of keyframe 5
    covariance = np.diag([0.04, 0.01, 0.09, 1e-4, 2e-4, 3e-4])
    metric = Tie(2, 1, 21, 3).located(camera, found, covariance)
    lines = tied(metric, Tie(3, 1, 31, 2), metric._replace(query_stamp=25))
    vertices = {int(line[1]): np.array(line[2:], float) for line in lines if line[0] == "VERTEX_SE3:QUAT"}
    np.testing.assert_allclose(vertices[6], [5, 2, 0, 0, 0, 0.5**0.5, 0.5**0.5], atol=1e-8)
    np.testing.assert_allclose(vertices[9], [2, 0, 0, 0, 0, 0, 1], atol=1e-8)
    assert [line[1] for line in lines if line[0] == "FIX"] == ["1", "7"]
    edges = [line[1:] for line in lines if line[0] == "EDGE_SE3:QUAT"]
    assert [edge[:2] for edge in edges[-1:]] == [["3", "5"]]
    assert len(edges) == 6 + 1, "without a transform, or without the keyframe, there is no edge"
    numbers = np.array(edges[-1][2:], float)
    np.testing.assert_allclose(numbers[:7], [3, 1, 0, 0, 0, 0.5**0.5, 0.5**0.5], atol=1e-8)
    information = np.zeros((6, 6))
    information[np.triu_indices(6)] = numbers[7:]
    expected = 1 / (np.array([0.01, 0.04, 0.09, 2e-4, 1e-4, 3e-4]) + 1e-4)  # along the axes of keyframe 5
    np.testing.assert_allclose(information, np.diag(expected), rtol=1e-6, atol=1e-6)


def test_a_tie_to_a_keyframe_that_was_removed_has_no_edge(tied):
    lines = tied(Tie(2, 1, 21, 77).located(at(1, 0, 0), at(5, 1, 0), np.eye(6)))
    assert sum(line[0] == "EDGE_SE3:QUAT" for line in lines) == 6
    assert [line[1] for line in lines if line[0] == "FIX"] == ["1", "7"], "but it connects the sessions"
