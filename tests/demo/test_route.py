from pathlib import Path

import numpy as np
import pytest

from demo.judge import CameraPose, revisits
from demo.render_drive import HEADER, camera_yaml, cover_lens, trajectory_csv
from demo.route import RATE, SPACING, drive, quaternion, rotation
from demo.sources import read_trajectory

DRIVE = Path(__file__).resolve().parents[2] / "demo" / "drive"
MIN_AGE = 10 * 10**9


@pytest.fixture(scope="module")
def poses():
    return drive()


def as_camera(pose):
    return CameraPose(pose.x, pose.y, pose.z, *quaternion(pose))


def test_the_drive_is_the_same_every_time(poses):
    assert drive() == poses


def test_the_camera_moves_evenly_but_for_one_kidnap(poses):
    place = np.array([(p.x, p.y) for p in poses])
    steps = np.linalg.norm(np.diff(place, axis=0), axis=1)
    jumps = np.flatnonzero(steps > 1.05 * SPACING)
    assert len(jumps) == 1
    assert steps[jumps[0]] > 20
    assert poses[jumps[0]].cover == poses[jumps[0] + 1].cover == 1
    assert len(poses) / RATE <= 45


def test_tracking_is_lost_while_the_lens_is_covered(poses):
    lost = [i for i, p in enumerate(poses) if not p.tracking_ok]
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert {i for i, p in enumerate(poses) if p.cover > 0} < set(lost)
    assert len(poses) - lost[-1] >= 20


def test_quaternions_are_those_of_the_rotations(poses):
    for pose in poses[::10]:
        turn = rotation(pose)
        assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)
        assert np.linalg.det(turn) == pytest.approx(1)
        assert as_camera(pose).forward() == pytest.approx(turn[:, 2], abs=1e-9)
        assert np.linalg.norm(quaternion(pose)) == pytest.approx(1)


def test_there_are_two_loops_and_a_recovery(poses):
    stamps = [round(i / RATE * 1e9) for i in range(len(poses))]
    seen = revisits(stamps, [as_camera(p) for p in poses], [p.tracking_ok for p in poses], MIN_AGE)
    ends = np.flatnonzero(np.diff(seen) > 30)
    runs = np.split(np.array(seen), ends + 1)
    assert len(runs) == 2 or len(runs) == 3
    assert all(len(run) >= 20 for run in runs)


def test_trajectory_file_comes_back_as_it_was(poses, tmp_path):
    path = tmp_path / "trajectory.csv"
    path.write_text(trajectory_csv(poses), encoding="utf-8")
    frames = read_trajectory(path)
    assert path.read_text(encoding="utf-8").startswith(HEADER + "\n")
    assert [f.tracking_ok for f in frames] == [p.tracking_ok for p in poses]
    assert frames[7].stamp == 700_000_000
    assert frames[7].pose.position() == pytest.approx([poses[7].x, poses[7].y, poses[7].z], abs=1e-4)


def test_the_drive_in_the_repository_is_this_one(poses):
    assert (DRIVE / "trajectory.csv").read_text(encoding="utf-8") == trajectory_csv(poses)
    assert (DRIVE / "camera.yaml").read_text(encoding="utf-8") == camera_yaml()
    pictures = sorted((DRIVE / "frames").iterdir())
    assert [p.name for p in pictures] == [f"{i:06d}.jpg" for i in range(len(poses))]
    assert sum(p.stat().st_size for p in pictures) < 2.3e6


def test_a_covered_lens_shows_next_to_nothing():
    picture = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    assert cover_lens(picture, 0.0, 0) is picture
    assert cover_lens(picture, 1.0, 0).mean() < 45
