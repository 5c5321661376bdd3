import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("panda3d")

from training.data import PlaceRules, Places, read_manifest

PROJECT = Path(__file__).resolve().parents[2]


def render(*arguments, command=("-m", "training.render_world")):
    """Run the command in a process without TensorFlow, which other tests load and which crashes Mesa."""
    return subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refusal(*arguments):
    """The error message, one line."""
    done = render(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def write_room(path, width=8.0, depth=6.0, height=3.0, units=1.0):
    """A rectangular room, y up, each wall of another colour."""
    corners = [(x, y, z) for x in (0, width) for y in (0, height) for z in (0, depth)]
    faces = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
    lines = ["mtllib room.mtl", "o room", *(f"v {x * units} {y * units} {z * units}" for x, y, z in corners)]
    for i, face in enumerate(faces):
        lines += [f"usemtl paint{i}", f"f {face}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    paints = ["1 0 0", "0 1 0", ".5 .5 .5", ".9 .9 .9", "0 0 1", "1 1 0"]
    mtl = "".join(f"newmtl paint{i}\nKd {paint}\n" for i, paint in enumerate(paints))
    path.with_name("room.mtl").write_text(mtl, encoding="utf-8")
    return path


def read(record):
    return cv2.imread(str(record.image)).astype(float)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    done = render("--output", folder, "--seed", 3, "--places", 2, "--visits", 2, "--size", "64x48")
    assert done.returncode == 0, done.stderr
    return read_manifest(folder / "manifest.csv")


def test_a_town_is_visited_twice_in_different_light(town):
    assert len(town) == 4
    assert len({record.sequence for record in town}) == 2
    assert {record.region for record in town} == {"rendered/town-3"}
    assert {record.licence for record in town} == {"MIT"}
    images = [read(record) for record in town]
    for one, other in ((0, 2), (1, 3), (0, 1)):
        assert np.abs(images[one] - images[other]).mean() > 10
    for image in images:
        assert image.shape == (48, 64, 3)
        assert image.std() > 10  # not a plain colour


def test_only_visits_of_one_place_are_the_same_place(town):
    same, _ = Places(town, PlaceRules()).pair_labels(slice(None))
    assert same.tolist() == [[i % 2 == j % 2 for j in range(4)] for i in range(4)]


def test_a_room_is_rendered_from_inside(tmp_path):
    room = write_room(tmp_path / "room.obj")
    options = ("--world", room, "--places", 2, "--visits", 2, "--size", "64x48", "--spacing", 2)
    for folder in ("one", "two"):
        assert render("--output", tmp_path / folder, *options).returncode == 0
    records = read_manifest(tmp_path / "one" / "manifest.csv")
    assert [record.place for record in records] == ["0/0", "0/1", "0/0", "0/1"]
    for record in records:
        assert 0 < record.x < 8
        assert -6 < record.y < 0  # z of the file is −y of the world
        assert read(record).std() > 10
    again = read_manifest(tmp_path / "two" / "manifest.csv")
    assert [r.image.read_bytes() for r in records] == [r.image.read_bytes() for r in again]


def test_a_camera_looks_along_the_heading_of_its_pose(tmp_path):
    room = write_room(tmp_path / "room.obj", units=100)
    (tmp_path / "poses.csv").write_text(f"x,y,z,heading\n4,-3,1.5,0\n4,-3,1.5,{np.pi}\n", encoding="utf-8")
    options = ("--world", room, "--metres-per-unit", 0.01, "--poses", tmp_path / "poses.csv", "--places", 2)
    done = render("--output", tmp_path / "out", *options, "--visits", 1, "--size", "64x48")
    assert done.returncode == 0, done.stderr
    blue, green, red = range(3)
    ahead, back = (read(record)[24, 32] for record in read_manifest(tmp_path / "out" / "manifest.csv"))
    assert ahead.argmax() == green  # the wall at x = 8
    assert back.argmax() == red  # the wall at x = 0
    assert blue not in (ahead.argmax(), back.argmax())


def test_a_missing_model_is_named(tmp_path):
    assert "gone.obj', missing" in refusal("--output", tmp_path / "out", "--world", tmp_path / "gone.obj")


@pytest.mark.parametrize("text", ["hello\n", "v 0 0 0\nv 1 0 0\nv 0 1 0\n"])
def test_a_model_without_faces_is_named(tmp_path, text):
    (tmp_path / "empty.obj").write_text(text, encoding="utf-8")
    message = refusal("--output", tmp_path / "out", "--world", tmp_path / "empty.obj")
    assert message.startswith("✗ expected a model")
    assert "empty.obj" in message
    assert not (tmp_path / "out").exists()


def test_a_room_too_small_for_cameras_is_refused(tmp_path):
    room = write_room(tmp_path / "room.obj", 0.6, 0.6, 3.0)
    message = refusal("--output", tmp_path / "out", "--world", room, "--places", 1)
    assert "Received: a world with none" in message


def test_it_also_runs_as_a_script():
    done = render("--help", command=("-E", "training/render_world.py"))
    assert done.returncode == 0
    assert "--output" in done.stdout
