from pathlib import Path

import numpy as np
import pytest

from demo.judge import revisits
from demo.render_drive import HEADER, camera_yaml, cover_lens, trajectory_csv
from demo.route import RATE, SPACING, drive
from demo.sources import read_trajectory

DRIVE = Path(__file__).resolve().parents[2] / "demo" / "drive"
MIN_AGE = 10 * 10**9


@pytest.fixture(scope="module")
def frames():
    return drive()


def test_the_drive_is_the_same_every_time(frames):
    assert trajectory_csv(drive()) == trajectory_csv(frames)


def test_the_camera_moves_evenly_except_for_one_kidnap(frames):
    place = np.array([frame.pose.position[:2] for frame in frames])
    steps = np.linalg.norm(np.diff(place, axis=0), axis=1)
    jumps = np.flatnonzero(steps > 1.05 * SPACING)
    assert len(jumps) == 1
    assert steps[jumps[0]] > 20
    assert frames[jumps[0]].cover == frames[jumps[0] + 1].cover == 1
    assert len(frames) / RATE <= 45


def test_tracking_is_lost_while_the_lens_is_covered(frames):
    lost = [i for i, frame in enumerate(frames) if not frame.tracking_ok]
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert {i for i, frame in enumerate(frames) if frame.cover > 0} < set(lost)
    assert len(frames) - lost[-1] >= 20


def test_there_are_two_loops_and_a_recovery(frames):
    stamps = [round(i / RATE * 1e9) for i in range(len(frames))]
    poses, tracked = [frame.pose for frame in frames], [frame.tracking_ok for frame in frames]
    seen = revisits(stamps, poses, tracked, MIN_AGE)
    ends = np.flatnonzero(np.diff(seen) > 30)
    runs = np.split(np.array(seen), ends + 1)
    assert len(runs) == 2 or len(runs) == 3
    assert all(len(run) >= 20 for run in runs)


def test_a_trajectory_file_is_read_as_it_was_written(frames, tmp_path):
    path = tmp_path / "trajectory.csv"
    path.write_text(trajectory_csv(frames), encoding="utf-8")
    read = read_trajectory(path)
    assert path.read_text(encoding="utf-8").startswith(HEADER + "\n")
    assert [each.tracking_ok for each in read] == [each.tracking_ok for each in frames]
    assert read[7].stamp == 700_000_000
    assert read[7].pose.position == pytest.approx(frames[7].pose.position, abs=1e-4)
    assert read[7].pose.orientation == pytest.approx(frames[7].pose.orientation, abs=1e-6)


def test_the_trajectory_and_calibration_in_the_repository_are_those_of_the_code(frames):
    assert (DRIVE / "trajectory.csv").read_text(encoding="utf-8") == trajectory_csv(frames)
    assert (DRIVE / "camera.yaml").read_text(encoding="utf-8") == camera_yaml()
    images = sorted((DRIVE / "frames").iterdir())
    assert [image.name for image in images] == [f"{i:06d}.webp" for i in range(len(frames))]
    assert sum(image.stat().st_size for image in images) < 0.9e6


def test_an_image_through_a_covered_lens_is_dark():
    image = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    assert cover_lens(image, 0.0, 0) is image
    assert cover_lens(image, 1.0, 0).mean() < 45
