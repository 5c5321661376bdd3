"""The command that describes images."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from training import describe
from training.console import run_script
from training.describe import find_images
from training.files import DEFAULT_MODEL, PROJECT


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    (tmp_path / "walk" / "deep").mkdir(parents=True)
    for name in ("walk/b.png", "walk/a.JPG", "walk/deep/c.webp"):
        cv2.imwrite(str(tmp_path / name), random.integers(0, 255, (30, 40, 3), np.uint8))
    (tmp_path / "walk" / "notes.txt").write_text("no image")
    (tmp_path / "mine.csv").write_text("image,place\nwalk/b.png,here\n")
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command with arguments; returns its output."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["describe.py", *map(str, arguments)])
        run_script(describe.main)
        return capsys.readouterr().out

    return run


def test_folders_files_and_manifests(folder):
    found = find_images([folder / "walk", folder / "mine.csv", folder / "walk" / "a.JPG"])
    names = [path.relative_to(folder).as_posix() for path in found]
    assert names == ["walk/a.JPG", "walk/b.png", "walk/deep/c.webp", "walk/b.png", "walk/a.JPG"]


def test_other_files_are_refused(folder):
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match=r"none in '.*empty'"):
        find_images([folder / "empty"])
    with pytest.raises(ValueError, match=r"gone\.png', missing"):
        find_images([folder / "gone.png"])


def test_command_writes_descriptors_names_and_similarity(run, folder):
    out = folder / "out"
    run(
        DEFAULT_MODEL,
        folder / "walk",
        folder / "mine.csv",
        "--output",
        out / "d.npy",
        "--similarity",
        out / "s.png",
    )
    descriptors = np.load(out / "d.npy", allow_pickle=False)
    assert descriptors.dtype == np.float32
    assert descriptors.shape[0] == 4
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1, rtol=1e-5)
    names = (out / "d.txt").read_text().splitlines()
    assert names[1] == names[3] == str(folder / "walk" / "b.png")
    assert np.array_equal(descriptors[1], descriptors[3])
    assert not np.array_equal(descriptors[0], descriptors[1])
    assert cv2.imread(str(out / "s.png")) is not None


def test_an_invalid_image_is_an_error_and_no_file_is_written(run, folder):
    (folder / "walk" / "b.png").write_bytes(b"no image")
    with pytest.raises(SystemExit, match=r"✗ expected an image that can be decoded\. Received: '"):
        run(DEFAULT_MODEL, folder / "walk", "--output", folder / "d.npy")
    assert not (folder / "d.npy").exists()


def test_errors_are_one_line_from_any_folder():
    command = [sys.executable, str(PROJECT / "training" / "describe.py"), "gone.onnx", "gone.png"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert ran.returncode == 1
    assert (
        ran.stderr.splitlines()[-1]
        == "✗ expected an image, a folder or a manifest. Received: 'gone.png', missing"
    )
