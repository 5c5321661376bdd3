"""Scenes of rendered pairs: of a plane, written by the test, and of a town, written by render_pairs."""

import csv
import subprocess
import sys
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("keras", reason="training needs requirements/training.txt")

from rendering.camera import pinhole
from training.features import render_pairs
from training.features.rendered import RenderedPairs
from training.files import PROJECT

SIZE = (96, 128)  # height and width of the files and of the views
K = pinhole(SIZE[::-1], 60.0)
MARGIN = 60  # pixels around the first image in which its texture continues
WALL = 6.0  # metres; the depth of the wall in the first image
TURN = Rotation.from_euler("y", 12, degrees=True)
SHIFT = np.array([0.8, -0.2, 0.5])  # metres; x_b = TURN x_a + SHIFT


def rays(points):
    return np.c_[points, np.ones(len(points))] @ np.linalg.inv(K).T


def all_points():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(float)


def second_view(smooth):
    """What the second camera sees of the wall: where in the first image each pixel is, and its depth."""
    directions = TURN.inv().apply(rays(all_points()))
    origin = TURN.inv().apply(-SHIFT)
    scale = (WALL - origin[2]) / directions[:, 2]  # also the depth: the rays have z = 1 in their own frame
    on_wall = origin + directions * scale[:, None]
    source = (on_wall @ K.T / on_wall[:, 2:])[:, :2].astype(np.float32)
    x, y = (source + MARGIN).T
    view = cv2.remap(smooth, x.reshape(SIZE), y.reshape(SIZE), cv2.INTER_LINEAR)
    return view, scale.reshape(SIZE)


@pytest.fixture(scope="module")
def wall(smooth):
    """Images and depths of both cameras: (96, 128) uint8 and metres."""
    first = smooth[MARGIN : MARGIN + SIZE[0], MARGIN : MARGIN + SIZE[1]]
    return (first, np.full(SIZE, WALL)), second_view(smooth)


@pytest.fixture
def write(tmp_path):
    """``write(views)``: a folder as render_pairs writes it, with one pair."""

    def write(views):
        for letter, (image, depth) in zip("ab", views):
            for kind, name, pixels in (
                ("images", f"0000_{letter}.webp", image),
                ("depth", f"0000_{letter}.png", np.round(1000 * depth).astype(np.uint16)),
            ):
                (tmp_path / kind).mkdir(exist_ok=True)
                cv2.imwrite(str(tmp_path / kind / name), pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])  # lossless
        numbers = [K[0, 0], K[1, 1], K[0, 2], K[1, 2], *SHIFT, *TURN.as_quat()]
        with open(tmp_path / "pairs.csv", "w", newline="") as file:
            csv.writer(file).writerows([render_pairs.COLUMNS, ["0000", "noon", "night", *numbers, 12, 0.8]])
        return tmp_path

    return write


def scenes(folder, size=SIZE):
    """Scenes in both directions: first to second image, and second to first."""
    make = RenderedPairs([folder], size)
    return [make(np.random.default_rng(seed)) for seed in range(6)]


def grid(size=SIZE):
    y, x = np.mgrid[2 : size[0] - 2 : 4, 2 : size[1] - 2 : 4]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def test_a_point_has_the_same_gray_value_in_both_views(write, wall, gray_at):
    starts = set()
    for scene in scenes(write(wall)):
        there, shown = scene.transfer(grid())
        starts.add(scene.first.tobytes())
        assert 0.5 < np.mean(shown) < 1.0
        difference = gray_at(scene.first, grid()[shown]) - gray_at(scene.second, there[shown])
        assert np.abs(difference).max() < 4
    assert len(starts) == 2  # either image is the first one of a scene


def test_a_point_comes_back_when_it_is_transferred_twice(write, wall):
    one, other = {scene.first.tobytes(): scene for scene in scenes(write(wall))}.values()
    there, shown = one.transfer(grid())
    back, again = other.transfer(there[shown])
    assert again.mean() > 0.9
    assert np.abs(back - grid()[shown])[again].max() < 0.2  # depth in millimetres, at the nearest pixel


def test_views_of_another_size_have_the_same_points(write, wall):
    """A point at a fraction of the width of a view is at the same fraction of the other one."""
    half = (SIZE[0] // 2, SIZE[1] // 2)
    for small, large in zip(scenes(write(wall), half), scenes(write(wall))):
        assert small.first.shape == half
        there, shown = small.transfer(grid(half))
        expected, seen = large.transfer(2 * (grid(half) + 0.5) - 0.5)
        both = shown & seen
        assert both.mean() > 0.5
        assert np.abs(2 * (there[both] + 0.5) - 0.5 - expected[both]).max() < 0.2


def test_a_point_behind_something_near_is_not_visible(write, wall):
    first, (image, depth) = wall
    hidden = depth.copy()
    hidden[:, : SIZE[1] // 2] = 2.0  # a post in the left half of the second image
    scene = next(
        each for each in scenes(write((first, (image, hidden)))) if each.first.std() == first[0].std()
    )
    there, shown = scene.transfer(grid())
    assert not shown[there[:, 0] < SIZE[1] // 2 - 1].any()
    assert shown[(there[:, 0] > SIZE[1] // 2) & (there[:, 0] < SIZE[1] - 1)].mean() > 0.8


def test_the_sky_and_what_is_too_far_is_not_visible(write, wall):
    for scene in scenes(write([(image, np.zeros(SIZE)) for image, _ in wall])):
        there, shown = scene.transfer(grid())
        assert not shown.any()
        assert np.isfinite(there).all()


def test_a_missing_image_is_named(write, wall):
    folder = write(wall)
    (folder / "depth" / "0000_b.png").unlink()
    with pytest.raises(
        ValueError, match=r"expected an image that can be decoded\. Received: '.*0000_b\.png'"
    ):
        scenes(folder)


def test_a_folder_without_pairs_is_refused(tmp_path):
    with pytest.raises(OSError, match=r"pairs\.csv"):
        RenderedPairs([tmp_path], SIZE)
    (tmp_path / "pairs.csv").write_text(",".join(render_pairs.COLUMNS) + "\n")
    with pytest.raises(ValueError, match=r"expected rendered pairs\. Received: none in "):
        RenderedPairs([tmp_path], SIZE)


@pytest.mark.skipif(find_spec("panda3d") is None, reason="needs panda3d, requirements/training.txt")
def test_what_render_pairs_writes_can_be_read(tmp_path):
    """In a process of its own, because TensorFlow's LLVM and Mesa's crash each other."""
    options = ["--output", str(tmp_path), "--seed", "301", "--pairs", "2", "--size", "96x64"]
    command = [sys.executable, "-m", "training.features.render_pairs", *options]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}: 2 pairs\n"), done.stderr
    with open(tmp_path / "pairs.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["pair"] for row in rows] == ["0000", "0001"]
    for scene in scenes(tmp_path, (64, 96)):
        there, shown = scene.transfer(grid((64, 96)))
        assert 0.1 < shown.mean() <= 1.0
        inside = (there > -1) & (there < [96, 64])
        assert inside[shown].all()
