import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor.preprocess import InputSpec, prepare
from place_recognition_ros.errors import ImageError

RAW = InputSpec(height=24, width=32, channels=3, color_order="BGR", scale=1.0, offset=0.0)
GRAY = RAW._replace(channels=1, color_order="GRAY")


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)


def test_a_picture_of_the_right_size_keeps_its_pixels(picture):
    tensor = prepare(picture, RAW)
    assert tensor.dtype == np.float32
    assert tensor.shape == (1, 24, 32, 3)
    assert tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor[0], picture)


def test_rgb_swaps_the_channels(picture):
    tensor = prepare(picture, RAW._replace(color_order="RGB"))
    np.testing.assert_array_equal(tensor[0], picture[..., ::-1])


def test_scale_and_offset_are_applied_to_every_pixel(picture):
    tensor = prepare(picture, RAW._replace(scale=2 / 255, offset=-1.0))
    np.testing.assert_allclose(tensor[0], picture / 127.5 - 1, atol=1e-6)
    extremes = prepare(np.uint8([[[0, 255, 0]]]), RAW._replace(scale=2 / 255, offset=-1.0))
    assert extremes.min() == pytest.approx(-1, abs=1e-6)
    assert extremes.max() == pytest.approx(1, abs=1e-6)


def test_a_gray_picture_feeds_a_color_network(picture):
    gray = picture[..., 0]
    np.testing.assert_array_equal(prepare(gray, RAW)[0], np.repeat(gray[..., None], 3, axis=2))


def test_a_color_picture_feeds_a_gray_network(picture):
    tensor = prepare(picture, GRAY)
    assert tensor.shape == (1, 24, 32, 1)
    np.testing.assert_array_equal(tensor[0, ..., 0], cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    np.testing.assert_array_equal(prepare(picture[..., 1], GRAY)[0, ..., 0], picture[..., 1])


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 1, 3), (480, 640, 3), (5, 900), (900, 5, 3), (12, 64), (1, 40000)]
)
def test_any_size_will_do(shape):
    tensor = prepare(np.full(shape, 7, np.uint8), RAW)
    np.testing.assert_array_equal(tensor, np.full((1, 24, 32, 3), 7, np.float32))


def test_a_larger_picture_is_averaged(picture):
    blocks = np.kron(picture[..., 0], np.ones((4, 4), np.uint8))
    np.testing.assert_array_equal(prepare(blocks, GRAY)[0, ..., 0], picture[..., 0])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((24, 32, 3), np.float32),
        np.zeros((24, 32), np.uint16),
        np.zeros((24, 32), bool),
        np.zeros((24, 32, 1), np.uint8),
        np.zeros((24, 32, 2), np.uint8),
        np.zeros((24, 32, 4), np.uint8),
        np.zeros((1, 24, 32, 3), np.uint8),
        np.zeros((0, 32, 3), np.uint8),
        np.zeros((24, 0), np.uint8),
        np.zeros(24, np.uint8),
        np.array(7, np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(ImageError) as caught:
        prepare(wrong, RAW)
    assert str(caught.value).endswith(f"Received: {wrong.dtype} of shape {wrong.shape}")
