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


def read(images):
    """8-bit images, scaled one after the other."""
    scale = IntensityRange()
    return [scale.to_8_bits(image) for image in images]


def learned_bits(images):
    """The bits of a camera whose values begin near 0, as learned from these images: white is 2^bits − 1."""
    scale = IntensityRange()
    for image in images:
        scale.to_8_bits(image)
    tops = np.array([[2**bits - 1 for bits in range(8, 17)]], np.uint16)
    return 8 + int(np.argmax(scale.to_8_bits(tops, learn=False)[0] == 255))


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_range_is_the_bit_depth_in_use(bits, scene):
    top = 2**bits - 1
    assert learned_bits([scene(0.01 * top, 0.9 * top) for _ in range(8)]) == bits


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_8_bit_image_does_not_depend_on_the_bit_depth(bits, rng):
    gray = rng.integers(0, 256, SIZE + (3,)).astype(np.uint8)
    gray[:2] = 255
    values = (gray.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    np.testing.assert_allclose(IntensityRange().to_8_bits(values).astype(int), gray, atol=1)


def test_the_full_range_is_divided_by_257():
    values = np.array([[0, 128, 257, 32768, 65278, 65535]], np.uint16)
    assert IntensityRange().to_8_bits(values).tolist() == [[0, 0, 1, 128, 254, 255]]


@pytest.mark.parametrize(
    "low, high", [(6743, 7077), (7500, 8500), (3000, 3300), (29000, 31000), (53500, 56500)]
)
def test_a_thermal_image_fills_8_bits_from_the_first_image_on(low, high, scene):
    for scaled in read([scene(low, high, noise=2) for _ in range(12)]):
        assert 160 < int(scaled.max()) - int(scaled.min()) < 250
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
    assert max(image.std() for image in read(shutter)) < 5


@pytest.mark.parametrize("black, noise", [(0, 5), (240, 8)])
def test_the_noise_of_a_covered_lens_is_not_amplified(black, noise, rng):
    covered = [np.abs(np.round(rng.normal(black, noise, SIZE))).astype(np.uint16) for _ in range(8)]
    assert max(image.std() for image in read(covered)) < 5


@pytest.mark.parametrize("dark", [3, 10, 100])
def test_the_range_grows_after_a_dark_start(dark, scene):
    images = [scene(0, 60, noise=3) for _ in range(dark)] + [scene(40, 3900) for _ in range(8)]
    assert learned_bits(images) == 12


def test_the_range_grows_after_a_start_with_covered_lens_and_black_level(scene):
    images = [scene(240, 245, noise=8) for _ in range(20)] + [scene(240, 3900) for _ in range(8)]
    assert learned_bits(images) == 12


@pytest.mark.parametrize("step", [-3000, -700, 40, 700, 3000])
@pytest.mark.parametrize("when", [1, 20])
def test_a_thermal_image_does_not_depend_on_drift(step, when, scene):
    """The shutter of a thermal camera moves all values at once."""
    images = [scene(6743, 7077, noise=2) for _ in range(30)]
    moved = images[:when] + [image + np.uint16(step % 2**16) for image in images[when:]]
    for expected, received in zip(read(images), read(moved)):
        np.testing.assert_allclose(received.astype(int), expected, atol=1)


@pytest.mark.parametrize("hotter", [400, 3000, 9000])
@pytest.mark.parametrize("when", [0, 20])
def test_a_hot_object_does_not_darken_the_rest(hotter, when, scene):
    images = [scene(6743, 7077, noise=2) for _ in range(30)]
    hot = [image.copy() for image in images]
    for image in hot[when : when + 10]:
        image[50:80, 60:90] += np.uint16(hotter)
    outside = np.ones(SIZE, bool)
    outside[50:80, 60:90] = False
    for number, (expected, received) in enumerate(zip(read(images), read(hot))):
        share = 0.6 if when <= number < when + 20 else 0.9
        assert received[outside].std() > share * expected[outside].std()


def test_a_gap_between_sky_and_ground_takes_little_of_the_range(scene):
    ground = scene(6743, 7077, noise=2)
    both = np.vstack([scene(6000, 6010, noise=2), ground])
    scaled = read([both])[0]
    assert scaled[SIZE[0] :].std() > 0.5 * read([ground])[0].std()
    assert scaled[: SIZE[0]].mean() < scaled[SIZE[0] :].min()


@pytest.mark.parametrize("count", [1, 3, 12])
def test_thermal_images_after_a_start_with_closed_shutter_are_not_dark(count, scene, rng):
    shutter = [np.round(rng.normal(6900, 3, SIZE)).astype(np.uint16) for _ in range(count)]
    images = [scene(6743, 7077, noise=2) for _ in range(8)]
    for scaled, expected in zip(read(shutter + images)[count:], read(images)):
        assert scaled.std() > 0.6 * expected.std()


def test_the_contrast_of_thermal_images_is_steady(scene):
    """One image of low or high contrast among others has no influence on the next."""
    images = [scene(6743, 7077, noise=2) for _ in range(12)]
    other = images[:]
    other[8], other[10] = scene(6900, 6920, noise=2), scene(6000, 7900, noise=2)
    np.testing.assert_allclose(read(other)[11].astype(int), read(images)[11], atol=4)
    assert read(other)[8].std() < 8
    assert read(other)[10].std() > 40


def test_an_image_that_is_not_learned_from_is_scaled_by_its_own_values(scene):
    scale = IntensityRange()
    images = [scene(6743, 7077, noise=2), scene(8743, 9077, noise=2)]
    for _ in range(2):
        for image in images:
            scaled = scale.to_8_bits(image, learn=False)
            assert scaled.std() > 30
        for image in 8 * images[:1]:
            scale.to_8_bits(image)


def test_frames_that_a_thermal_camera_fills_with_zeros_make_it_dark_for_ten_images_at_most(scene):
    images = [scene(6743, 7077, noise=2) for _ in range(40)]
    for image in images[10:20]:
        image[60:] = 0
    scaled = read(images)
    assert min(image.std() for image in scaled[:10] + scaled[30:]) > 30


def test_a_learned_range_does_not_shrink(scene):
    scale = IntensityRange()
    for _ in range(10):
        scale.to_8_bits(scene(10, 4000))
    bright = scene(10, 4000)
    before = scale.to_8_bits(bright)
    for top in (200, 900, 2100, 3000, 4095):
        for _ in range(20):
            scale.to_8_bits(scene(5, top))
    np.testing.assert_array_equal(scale.to_8_bits(bright), before)


def test_hot_and_dead_pixels_are_ignored(scene):
    images = [scene(7500, 8500, noise=2) for _ in range(8)]
    expected = read(images)
    for image in images:
        image[3, 5], image[70, 80], image[90, 100] = 65535, 65535, 0
    for scaled, other in zip(read(images), expected):
        assert np.median(np.abs(scaled.astype(int) - other)) <= 2


@pytest.mark.parametrize("kind", ["zeros", "ones", "random"])
def test_a_row_of_telemetry_is_ignored(kind, scene, rng):
    images = [scene(6743, 7077, noise=2) for _ in range(12)]
    expected = read(images)
    row = {"zeros": 0, "ones": 65535, "random": rng.integers(0, 65536, SIZE[1])}[kind]
    for image in images:
        image[-1] = row
    for scaled, other in zip(read(images), expected):
        assert scaled[:-1].std() > 0.6 * other.std()


@pytest.mark.parametrize("value", [0, 4095, 65535])
@pytest.mark.parametrize("low, high", [(7500, 8500), (20, 3900)])
def test_constant_images_are_ignored(low, high, value, scene):
    constant = np.full(SIZE, value, np.uint16)
    images = [scene(low, high, noise=2) for _ in range(8)]
    scaled = read(20 * [constant] + images + 20 * [constant] + images)
    np.testing.assert_array_equal(scaled[20:28], read(images))
    np.testing.assert_array_equal(scaled[48:], read(images + images)[8:])


@pytest.mark.parametrize("when", [0, 1, 4, 7, 20])
def test_one_corrupt_image_does_not_change_the_range(when, scene):
    images = [scene(20, 4000) for _ in range(30)]
    images[when] = images[when].byteswap()
    assert learned_bits(images) == 12


def test_values_outside_the_range_are_clipped():
    scale = IntensityRange(1000, 2000)
    values = np.array([[0, 999, 1000, 1502, 2000, 2001, 65535]], np.uint16)
    assert scale.to_8_bits(values).tolist() == [[0, 0, 0, 128, 255, 255, 255]]


def test_a_fixed_range_does_not_change(scene):
    scale = IntensityRange(0, 4095)
    for _ in range(20):
        scale.to_8_bits(scene(0, 60000))
    assert scale.to_8_bits(np.array([[0, 4078, 4095]], np.uint16)).tolist() == [[0, 254, 255]]


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
