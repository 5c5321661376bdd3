"""Augmented input: equal in all processes, and no process outlives the training."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("albumentations")

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.data import Record
from training.learning.augmentation import Augmentation, AugmentationConfig
from training.learning.augmented_input import AugmentedInput, ImageCache

SPEC = InputSpec(12, 16, 3, "RGB", "NHWC", (127.5,) * 3, (127.5,) * 3)


@pytest.fixture
def images(tmp_path):
    """Three of 24×32 on disk."""
    records = [Record(tmp_path / f"{number}.png", place="here") for number in range(3)]
    random = np.random.default_rng(0)
    for record in records:
        cv2.imwrite(str(record.image), random.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    return ImageCache(records, SPEC, 2)


def test_images_are_resized_and_the_most_recent_are_kept(images, tmp_path):
    before = [images[number] for number in (0, 1, 0, 2)]
    assert {image.shape for image in before} == {(12, 16, 3)}
    for number in range(3):
        (tmp_path / f"{number}.png").unlink()
    assert images[0] is before[0]
    assert images[2] is before[3]
    with pytest.raises(ValueError, match=r"1\.png"):
        images[1]


def test_an_image_that_cannot_be_decoded_is_named(tmp_path):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ValueError, match=r"can be decoded.*torn\.png"):
        ImageCache([Record(tmp_path / "torn.png", place="here")], SPEC, 1)[0]


def test_worker_processes_give_the_same_result(images):
    augment = Augmentation(AugmentationConfig())
    indices, seeds = [0, 2, 1, 2, 0], [5, 6, 7, 8, 2**31 - 1]
    here = AugmentedInput(images, augment, SPEC)(indices, seeds)
    assert here.shape == (5, 12, 16, 3)
    assert len({row.tobytes() for row in here}) == 5
    there = AugmentedInput(images, augment, SPEC, processes=2)
    np.testing.assert_array_equal(there(indices, seeds), here)
    with pytest.raises(IndexError):
        there([3], [0])
    np.testing.assert_array_equal(there(indices, seeds), here)
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(ValueError, match=r"loader_processes.*Received: a killed process"):
        there(indices, seeds)


def test_worker_processes_end_with_their_parent(tmp_path):
    script = tmp_path / "first.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "import multiprocessing, time\n"
        "from tests.training.learning.test_augmented_input import SPEC, brighter\n"
        "from training.learning.augmented_input import AugmentedInput\n"
        "import numpy as np\n"
        "if __name__ == '__main__':\n"
        "    altered = AugmentedInput(np.zeros((2, 12, 16, 3), np.uint8), brighter, SPEC, processes=1)\n"
        "    altered([0, 1], [1, 2])\n"
        "    print(*(child.pid for child in multiprocessing.active_children()), flush=True)\n"
        "    time.sleep(60)\n"
    )
    first = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        (child,) = map(int, first.stdout.readline().split())
        os.kill(child, signal.SIGINT)  # workers ignore Ctrl-C, which reaches all processes
        time.sleep(0.5)
        os.kill(child, 0)
    finally:
        first.kill()
        first.wait()
    deadline = time.monotonic() + 20
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def brighter(image, seed):
    return image + np.uint8(seed)


def alive(pid):
    """Whether a process runs; zombies do not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
