import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.decisions.posed import NEAR_TO_FAR, building, overlaps
from benchmarks.decisions.recording import Verdict
from benchmarks.verification.errors import relative
from benchmarks.verification.sets import common
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera

CAMERA = Camera(100, 80, intrinsics=np.array([[50.0, 0, 49.5], [0, 50.0, 39.5], [0, 0, 1]]))
HEADER = "file,floor,lap,index,stamp,tx,ty,tz,qx,qy,qz,qw\n"


def test_overlaps_are_those_of_the_verification_benchmark():
    random = np.random.default_rng(0)
    poses = [Pose(random.normal(0, 1, 3), Rotation.random(random_state=i).as_quat()) for i in range(6)]
    poses += [Pose(poses[0].position + 0.1, poses[0].orientation)]
    found = overlaps(poses, [CAMERA] * 7, [3.0] * 7)
    turns = [pose.rotation.as_matrix() for pose in poses]
    for row, factor in enumerate(NEAR_TO_FAR):
        expected = [
            [
                (A[:, 2] @ B[:, 2] > 0)
                * common(relative(a.position, A, b.position, B), CAMERA, CAMERA, 3.0 * factor)
                for b, B in zip(poses, turns)
            ]
            for a, A in zip(poses, turns)
        ]
        assert found[row] == pytest.approx(np.array(expected), abs=1e-9)
    assert found[1, 0, 6] > 0.5


def test_a_rendered_building_is_judged_by_floor_distance_and_heading(tmp_path):
    turned = Rotation.from_euler("z", 45, degrees=True).as_quat()
    lines = [
        "a.webp,0,0,0,0.0,0,0,0,0,0,0,1",
        "b.webp,0,0,1,1.0,1,0,0,0,0,0,1",
        "c.webp,0,0,2,2.0,3,0,0,0,0,0,1",
        "d.webp,0,0,3,3.0,9,0,0,0,0,0,1",
        "e.webp,1,0,4,6.0,0,0,0,0,0,0,1",
        "f.webp,0,1,5,30.0,0,0,0," + ",".join(map(str, Rotation.from_euler("x", 45, degrees=True).as_quat())),
        "g.webp,0,1,6,31.0,0,0,0," + ",".join(map(str, turned)),
    ]
    (tmp_path / "gt.csv").write_text(HEADER + "\n".join(lines), encoding="utf-8")
    recording = building(tmp_path)
    assert [recording.judge(0, match) for match in range(6)] == [
        Verdict.RIGHT,
        Verdict.RIGHT,
        Verdict.UNKNOWN,
        Verdict.WRONG,
        Verdict.WRONG,
        Verdict.UNKNOWN,
    ]
    assert recording.revisits == (6,)


def test_without_a_rendered_building_the_set_is_absent(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.decisions.posed.BUILDINGS", tmp_path)
    with pytest.raises(FileNotFoundError, match="expected a rendered building"):
        building()
