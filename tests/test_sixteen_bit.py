"""Revisits in 16-bit images of real places are found for every number of bits that the camera uses."""

import os
import sys

import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.intensity_range import FULL_RANGE

if sys.version_info < (3, 9):
    pytest.skip("benchmarks/ needs Python 3.9", allow_module_level=True)

from benchmarks.sixteen_bit import CAMERAS, measure, read_back, read_frames, with_bits

MAX_LOSS = 2  # of 43 revisits, and of 84 images
HIDDEN = 4  # more revisits: a hot object hides a part of the images, and takes a part of the range


@pytest.fixture(scope="module")
def frames(shared_data):
    return read_frames(os.path.join(shared_data, "rtabmap_corridor"))


@pytest.fixture(scope="module")
def extractor():
    extractor = open_extractor(backend="onnx")
    yield extractor
    extractor.close()


@pytest.fixture(scope="module")
def reference(extractor, frames):
    """The result for the 8-bit images."""
    return measure(extractor, frames, [frame.image for frame in frames])


def test_the_revisits_of_the_8_bit_images_are_found(reference):
    assert reference.revisits == 43
    assert reference.found >= 40
    assert reference.usable >= 80


@pytest.mark.parametrize("camera", CAMERAS)
def test_16_bit_images_give_the_same_revisits_as_8_bit_images(camera, extractor, frames, reference):
    images = read_back(CAMERAS[camera]([frame.image for frame in frames]))
    result = measure(extractor, frames, images)
    hidden = HIDDEN if camera in ("thermal, person", "thermal, engine") else 0
    assert result.found >= reference.found - MAX_LOSS - hidden
    assert result.usable >= reference.usable - MAX_LOSS


def test_12_bit_images_lose_nearly_all_gray_levels_with_the_full_range(frames):
    images = read_back(with_bits(12, [frame.image for frame in frames]), 0, FULL_RANGE)
    assert max(image.max() for image in images) <= 16
