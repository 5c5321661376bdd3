"""IntensityRange: 16-bit images of cameras that use fewer bits."""

import logging

import cv2
import numpy as np
import pytest

from place_recognition_ros.errors import ConfigError
from place_recognition_ros.intensity_range import IntensityRange

SIZE = (120, 160)


@pytest.fixture
def scene(rng):
    """``scene(low, high, noise)`` → a smooth image with values from ``low`` to ``high``, SIZE uint16."""

    def scene(low, high, noise=0.0):
        soft = cv2.resize(rng.random((12, 16)), SIZE[::-1], interpolation=cv2.INTER_LINEAR)
        soft = (soft - soft.min()) / (soft.max() - soft.min())
        values = low + soft * (high - low) + rng.normal(0, 1, SIZE) * noise
        return np.clip(np.round(values), 0, 65535).astype(np.uint16)

    return scene


def learned(images):
    """The range, (low, high), after these images."""
    scale = IntensityRange()
    for image in images:
        scale.to_8_bits(image)
    return scale.low, scale.high


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_range_is_the_bit_depth_in_use(bits, scene):
    top = 2**bits - 1
    assert learned([scene(0.01 * top, 0.9 * top) for _ in range(8)]) == (0, top)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_8_bit_image_does_not_depend_on_the_bit_depth(bits, rng):
    gray = rng.integers(0, 256, SIZE + (3,)).astype(np.uint8)
    gray[:2] = 255
    values = (gray.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    np.testing.assert_allclose(IntensityRange().to_8_bits(values).astype(int), gray, atol=1)


def test_the_full_range_is_divided_by_257():
    values = np.array([[0, 128, 257, 32768, 65278, 65535]], np.uint16)
    assert IntensityRange().to_8_bits(values).tolist() == [[0, 0, 1, 128, 254, 255]]


@pytest.mark.parametrize("low, high", [(7500, 8500), (3000, 3300), (29000, 31000), (53500, 56500)])
def test_the_range_of_a_thermal_camera_is_its_band(low, high, scene):
    images = [scene(low, high, noise=2) for _ in range(8)]
    scale = IntensityRange()
    scaled = [scale.to_8_bits(image) for image in images][-1]
    assert scale.low < low
    assert high < scale.high
    assert scaled.max() - scaled.min() > 128
    assert scaled.min() > 0
    assert scaled.max() < 255


def test_fine_structure_of_a_thermal_image_is_kept(rng):
    scale = IntensityRange()
    for _ in range(8):
        blocks = np.kron(rng.integers(7500, 8500, (24, 32)), np.ones((5, 5)))
        scaled = scale.to_8_bits(np.round(blocks + rng.normal(0, 2, SIZE)).astype(np.uint16))
    assert scaled.std() > 40


def test_the_noise_of_a_thermal_image_without_contrast_is_not_amplified(rng):
    shutter = [np.round(rng.normal(8000, 3, SIZE)).astype(np.uint16) for _ in range(8)]
    scale = IntensityRange()
    assert np.std([scale.to_8_bits(image) for image in shutter][-1]) < 4


@pytest.mark.parametrize("black, noise", [(0, 5), (240, 8)])
def test_the_noise_of_a_covered_lens_is_not_amplified(black, noise, rng):
    covered = [np.abs(np.round(rng.normal(black, noise, SIZE))).astype(np.uint16) for _ in range(8)]
    scale = IntensityRange()
    assert np.std([scale.to_8_bits(image) for image in covered][-1]) < 4


@pytest.mark.parametrize("dark", [3, 10, 100])
def test_the_range_grows_after_a_dark_start(dark, scene):
    images = [scene(0, 60, noise=3) for _ in range(dark)] + [scene(40, 3900) for _ in range(8)]
    assert learned(images) == (0, 4095)


def test_the_range_grows_after_a_start_with_covered_lens_and_black_level(scene):
    images = [scene(240, 245, noise=8) for _ in range(20)] + [scene(240, 3900) for _ in range(8)]
    assert learned(images) == (0, 4095)


def test_the_band_of_a_thermal_camera_grows(scene):
    low, high = learned(
        [scene(7500, 8500, noise=2) for _ in range(20)] + [scene(6500, 8000, noise=2) for _ in range(8)]
    )
    assert 4096 < low <= 6500
    assert 8500 <= high < 10000


def test_a_learned_range_does_not_shrink(scene):
    scale = IntensityRange()
    for _ in range(10):
        scale.to_8_bits(scene(10, 4000))
    bright = scene(10, 4000)
    before = scale.to_8_bits(bright)
    for top in (200, 900, 2100, 3000, 4095):
        for _ in range(20):
            scale.to_8_bits(scene(5, top))
    assert (scale.low, scale.high) == (0, 4095)
    np.testing.assert_array_equal(scale.to_8_bits(bright), before)


def test_hot_and_dead_pixels_are_ignored(scene):
    images = [scene(7500, 8500, noise=2) for _ in range(8)]
    expected = learned(images)
    for image in images:
        image[3, 5], image[70, 80], image[90, 100] = 65535, 65535, 0
    low, high = learned(images)
    assert abs(low - expected[0]) < 50
    assert abs(high - expected[1]) < 50


@pytest.mark.parametrize("value", [0, 4095, 65535])
def test_constant_images_are_ignored(value, scene):
    constant = np.full(SIZE, value, np.uint16)
    images = [scene(7500, 8500, noise=2) for _ in range(8)]
    assert learned([constant] * 20 + images + [constant] * 20) == learned(images)


@pytest.mark.parametrize("when", [0, 1, 4, 7, 20])
def test_one_corrupt_image_does_not_change_the_range(when, scene):
    images = [scene(20, 4000) for _ in range(30)]
    images[when] = images[when].byteswap()
    assert learned(images) == (0, 4095)


def test_values_outside_the_range_are_clipped():
    scale = IntensityRange(1000, 2000)
    values = np.array([[0, 999, 1000, 1502, 2000, 2001, 65535]], np.uint16)
    assert scale.to_8_bits(values).tolist() == [[0, 0, 0, 128, 255, 255, 255]]


def test_a_fixed_range_does_not_change(scene):
    scale = IntensityRange(0, 4095)
    for _ in range(20):
        scale.to_8_bits(scene(0, 60000))
    assert (scale.low, scale.high) == (0, 4095)


@pytest.mark.parametrize("low, high", [(10, 0), (10, 10), (11, 10), (65535, 65535)])
def test_an_empty_range_raises_with_the_parameter_names(low, high):
    with pytest.raises(ConfigError, match=f"sixteen_bit_min={low}, sixteen_bit_max={high}"):
        IntensityRange(low, high)


def test_the_log_reports_the_range_once_and_each_change_once(scene, caplog):
    caplog.set_level(logging.INFO, "place_recognition_ros.intensity_range")
    scale = IntensityRange()
    for _ in range(30):
        scale.to_8_bits(scene(10, 900))
    for _ in range(30):
        scale.to_8_bits(scene(10, 4000))
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert "0 to 1023" in caplog.messages[0]
    assert "0 to 4095" in caplog.messages[1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 3, 3), (1, 1, 3), (9, 500)])
def test_the_smallest_images_are_scaled(shape, rng):
    scale = IntensityRange()
    for _ in range(8):
        values = rng.integers(8000, 8200, shape).astype(np.uint16)
        scaled = scale.to_8_bits(values)
        assert scaled.dtype == np.uint8
        assert scaled.shape == shape
