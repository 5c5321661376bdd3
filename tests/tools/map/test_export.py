import csv

import pytest

from place_recognition_ros.tools.map.__main__ import main


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
