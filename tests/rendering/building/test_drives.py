import csv
import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("panda3d")

from rendering.building import drives
from rendering.building.building import Building

RENDER = """
import sys
from pathlib import Path
from rendering.building import drives, textures

textures.posters.KINDS = (textures.posters.whiteboard,)  # the others take longer
print(drives.write_drives(Path(sys.argv[1]), 2, [drives.Drive(0, 2), drives.Drive(1, 1)], every=60))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, root):
    """Rendered in a process of its own: OpenGL's compiler and that of JAX do not live together."""
    path = tmp_path_factory.mktemp("building")
    done = subprocess.run(
        [sys.executable, "-c", RENDER, str(path)], cwd=root, stdout=subprocess.PIPE, check=True
    )
    assert int(done.stdout.split()[-1]) == len(list((path / "images").iterdir())) > 4
    return path


@pytest.fixture(scope="module")
def rows(folder):
    with open(folder / "gt.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_images_are_not_empty(folder, rows):
    for row in rows:
        image = cv2.imread(str(folder / row["file"]))
        assert image.shape == (240, 320, 3)
        assert 40 < image.mean() < 200
        assert image.std() > 15


def test_the_poses_are_those_of_the_drive(rows):
    building = Building(2, floors=2)
    for number, floor, laps in ((0, 0, 2), (1, 1, 1)):
        random = np.random.default_rng((2, 5, number))
        drives.random_visits(laps, random)
        frames = {(f.lap, f.number): f for f in building.drive(floor, laps, random)}
        own = [row for row in rows if int(row["floor"]) == floor]
        assert own
        for row in own:
            pose = frames[int(row["lap"]), int(row["index"])].pose
            numbers = [float(row[name]) for name in drives.COLUMNS[5:]]
            assert numbers == pytest.approx([*pose.position, *pose.orientation], abs=1e-6)


def test_stamps_increase(rows):
    assert (np.diff([float(row["stamp"]) for row in rows]) > 0).all()


def test_the_camera_file_gives_the_intrinsics(folder):
    with open(folder / "camera.csv", encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert float(row["fx"]) == pytest.approx(Building(2).intrinsics(drives.SIZE)[0, 0])
    assert (row["width"], row["height"]) == ("320", "240")
