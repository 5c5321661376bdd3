"""Revisits are found in 16-bit images of real places, whatever number of bits the camera uses."""

import os
import sys

import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.images import FULL_RANGE

if sys.version_info < (3, 7):
    pytest.skip("benchmarks/ needs Python 3.7", allow_module_level=True)

from benchmarks.sixteen_bit import CAMERAS, measure, read_back, read_frames, with_bits

FEWER = 2  # revisits, of 43, that may be lost; and images of 84


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
    """What the 8-bit images give."""
    return measure(extractor, frames, [frame.image for frame in frames])


def test_the_8_bit_images_are_a_fair_reference(reference):
    assert reference.revisits == 43
    assert reference.found >= 40
    assert reference.usable >= 80


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_camera_of_fewer_bits_finds_the_same_revisits(camera, extractor, frames, reference):
    images = read_back(CAMERAS[camera]([frame.image for frame in frames]))
    result = measure(extractor, frames, images)
    assert result.found >= reference.found - FEWER
    assert result.usable >= reference.usable - FEWER


def test_without_the_range_in_use_12_bits_would_be_black(extractor, frames):
    images = read_back(with_bits(12, [frame.image for frame in frames]), 0, FULL_RANGE)
    assert measure(extractor, frames, images).usable == 0
