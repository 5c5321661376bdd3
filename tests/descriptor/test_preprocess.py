import re

import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor.preprocess import InputSpec, prepare
from place_recognition_ros.errors import ImageError

RAW = InputSpec(24, 32, 3, "BGR", "NHWC", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
GRAY = InputSpec(24, 32, 1, "GRAY", "NHWC", mean=(0.0,), std=(1.0,))
CENTERED = {"mean": (127.5, 127.5, 127.5), "std": (127.5, 127.5, 127.5)}
IMAGENET = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)


def test_an_image_of_the_right_size_keeps_its_pixels(image):
    tensor = prepare(image, RAW)
    assert tensor.dtype == np.float32
    assert tensor.shape == RAW.shape == (1, 24, 32, 3)
    assert tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor[0], image)


def test_rgb_swaps_the_channels(image):
    tensor = prepare(image, RAW._replace(color_order="RGB"))
    np.testing.assert_array_equal(tensor[0], image[..., ::-1])


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("color_order", ["BGR", "RGB"])
@pytest.mark.parametrize("statistics", [CENTERED, IMAGENET], ids=["one value", "one value per channel"])
def test_mean_and_std_are_applied_in_the_order_of_the_channels(image, layout, color_order, statistics):
    spec = RAW._replace(layout=layout, color_order=color_order, **statistics)
    ordered = image[..., ::-1] if color_order == "RGB" else image
    expected = (ordered.astype(float) - statistics["mean"]) / statistics["std"]
    if layout == "NCHW":
        expected = expected.transpose(2, 0, 1)
    tensor = prepare(image, spec)
    assert tensor.shape == spec.shape
    np.testing.assert_allclose(tensor[0], expected, atol=1e-6)


@pytest.mark.parametrize("layout, shape", [("NHWC", (1, 24, 32, 1)), ("NCHW", (1, 1, 24, 32))])
def test_a_gray_network_in_both_layouts(image, layout, shape):
    tensor = prepare(image[..., 0], GRAY._replace(layout=layout, mean=(10.0,), std=(2.0,)))
    assert tensor.shape == shape
    np.testing.assert_allclose(tensor.reshape(24, 32), (image[..., 0] - 10.0) / 2)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("statistics", [CENTERED, IMAGENET], ids=["one value", "one value per channel"])
def test_the_result_is_written_to_out(image, layout, statistics):
    spec = RAW._replace(layout=layout, **statistics)
    out = np.full(spec.shape, np.nan, np.float32)
    assert prepare(image, spec, out=out) is out
    np.testing.assert_array_equal(out, prepare(image, spec))


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((1, 24, 32, 3)),
        np.zeros((24, 32, 3), np.float32),
        np.zeros((1, 3, 24, 32), np.float32),
        np.zeros((1, 32, 24, 3), np.float32).transpose(0, 2, 1, 3),
    ],
    ids=["dtype", "no batch", "layout", "not contiguous"],
)
def test_an_unsuitable_out_is_refused(image, out):
    with pytest.raises(ValueError, match=r"expected contiguous float32 of shape \(1, 24, 32, 3\)"):
        prepare(image, RAW, out=out)


def test_a_gray_image_for_a_color_network(image):
    gray = image[..., 0]
    np.testing.assert_array_equal(prepare(gray, RAW)[0], np.repeat(gray[..., None], 3, axis=2))


def test_a_color_image_for_a_gray_network(image):
    tensor = prepare(image, GRAY)
    assert tensor.shape == (1, 24, 32, 1)
    np.testing.assert_array_equal(tensor[0, ..., 0], cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    np.testing.assert_array_equal(prepare(image[..., 1], GRAY)[0, ..., 0], image[..., 1])


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 1, 3), (480, 640, 3), (5, 900), (900, 5, 3), (12, 64), (1, 40000)]
)
def test_any_image_size_is_accepted(shape):
    tensor = prepare(np.full(shape, 7, np.uint8), RAW)
    np.testing.assert_array_equal(tensor, np.full((1, 24, 32, 3), 7, np.float32))


def test_a_larger_image_is_averaged(image):
    blocks = np.kron(image[..., 0], np.ones((4, 4), np.uint8))
    np.testing.assert_array_equal(prepare(blocks, GRAY)[0, ..., 0], image[..., 0])


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
def test_an_array_that_is_not_an_image_is_refused(wrong):
    received = re.escape(f"{wrong.dtype} {wrong.shape}") if wrong.size else "width="
    with pytest.raises(ImageError, match="Received: " + received):
        prepare(wrong, RAW)


@pytest.mark.parametrize("wrong", [None, [[1, 2], [3, 4]], "image.png"], ids=["None", "list", "path"])
def test_an_object_that_is_not_an_array_is_refused(wrong):
    with pytest.raises(ImageError, match=f"Received: {type(wrong).__name__}$"):
        prepare(wrong, RAW)
