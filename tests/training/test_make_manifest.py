"""The command that makes manifests."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data import read_manifest

SCRIPT = Path(__file__).resolve().parents[2] / "training" / "make_manifest.py"


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def walks(tmp_path):
    """Three folders of four frames."""
    for walk in ("monday", "tuesday", "friday"):
        (tmp_path / walk).mkdir()
        for number in range(4):
            cv2.imwrite(str(tmp_path / walk / f"{number}.png"), np.zeros((6, 8, 3), np.uint8))
    return tmp_path


def test_frames(walks):
    done = run("frames", "monday", "tuesday", "friday", "--validation-every", 3, "--apart", cwd=walks)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "manifest.csv: 12 images",
        "train: 8 images, 0 places, 2 sequences",
        "validation: 4 images, 0 places, 1 sequences",
    ]
    records = read_manifest(walks / "manifest.csv", "validation")
    assert {(record.sequence, record.region) for record in records} == {("friday", "friday")}


def test_images_of_a_video_are_written_beside_the_manifest(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "walk.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(20):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    done = run("frames", "walk.avi", "--output", "sub/mine.csv", "--licence", "CC0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    records = read_manifest(tmp_path / "sub" / "mine.csv")
    assert [r.image for r in records] == [
        tmp_path / "sub" / "mine_images" / "walk" / f"{number:06d}.jpg" for number in range(4)
    ]
    assert {record.licence for record in records} == {"CC0"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("folders", "monday"), "folder"),
        (("frames", "nowhere.mp4"), "nowhere.mp4"),
        (("frames", "monday", "./monday"), "2 named 'monday'"),
        (("map", "monday/0.png"), "monday/0.png"),
        (("pittsburgh", "monday"), "pitts250k_train.mat"),
        (("tokyo", "."), "tokyoTM_train.mat"),
        (("ie_tower", "monday"), "monday/gt.csv"),
        (("frames", "monday", "--validation-every", "1"), "at least 2. Received: 1"),
    ],
)
def test_invalid_input_is_an_error_and_no_manifest_is_written(walks, arguments, message):
    done = run(*arguments, cwd=walks)
    assert done.returncode == 1
    assert done.stderr.startswith("✗ ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (walks / "manifest.csv").exists()


def test_skipped_places_are_named(walks):
    (walks / "places").mkdir()
    for walk in ("monday", "tuesday"):
        (walks / walk).rename(walks / "places" / walk)
    for number in range(1, 4):
        (walks / "places" / "tuesday" / f"{number}.png").unlink()
    done = run("folders", "places", "--skip-single", cwd=walks)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "tuesday" in done.stderr
    assert {record.place for record in read_manifest(walks / "manifest.csv")} == {"monday"}
