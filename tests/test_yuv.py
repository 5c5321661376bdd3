"""YUV images are converted to the BGR of which they were made."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.images import ENCODINGS, unpadded_rows
from place_recognition_ros.yuv import YUV_ENCODINGS, yuv_to_bgr

HEIGHT, WIDTH = 8, 12
COLORS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "gray": (128, 128, 128),
    "blue": (255, 0, 0),
    "green": (0, 255, 0),
    "red": (0, 0, 255),
    "brown": (30, 70, 120),
}


def yuv_of(bgr):
    """ITU-R BT.601, range of video: (H, W, 3) float64."""
    blue, green, red = np.moveaxis(bgr.astype(float), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.dstack(
        [
            16 + 219 / 255 * luma,
            128 + 112 / 255 * (blue - luma) / 0.886,
            128 + 112 / 255 * (red - luma) / 0.701,
        ]
    )


def stored(encoding, yuv):
    """The bytes of an image without padding; the chroma of pixels that share it is averaged."""
    rows, columns = {"nv12": (2, 2), "nv21": (2, 2), "nv24": (1, 1)}.get(encoding, (1, 2))
    height, width = yuv.shape[:2]
    luma = np.round(yuv[..., 0]).astype(np.uint8)
    chroma = yuv[..., 1:].reshape(height // rows, rows, width // columns, columns, 2).mean(axis=(1, 3))
    chroma = np.round(chroma).astype(np.uint8)
    if encoding == "nv21":
        chroma = chroma[..., ::-1]
    if encoding.startswith("nv"):
        return luma.tobytes() + chroma.tobytes()
    pair = [luma, chroma.reshape(height, width)]
    return np.dstack(pair[::-1] if encoding in ("yuv422", "uyvy") else pair).tobytes()


def converted(encoding, bgr):
    height, width = bgr.shape[:2]
    step = width * ENCODINGS[encoding].channels
    rows = unpadded_rows(encoding, height, width, step, stored(encoding, yuv_of(bgr)))
    return yuv_to_bgr(encoding, rows, height)


def test_each_yuv_encoding_is_an_encoding_of_images():
    assert set(YUV_ENCODINGS) == {name for name in ENCODINGS if name.startswith(("yu", "uy", "nv"))}


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("encoding", YUV_ENCODINGS)
def test_an_image_of_one_color_is_converted_to_that_color(encoding, color):
    bgr = np.full((HEIGHT, WIDTH, 3), COLORS[color], np.uint8)
    image = converted(encoding, bgr)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image.astype(int), bgr, atol=3)


@pytest.mark.parametrize("encoding", YUV_ENCODINGS)
def test_each_pixel_has_its_luma_and_the_chroma_of_its_cell(encoding, rng):
    """Each cell of 2 × 2 pixels has one chroma; no pixel saturates."""
    cells = np.kron(rng.integers(-30, 31, (HEIGHT // 2, WIDTH // 2, 3)), np.ones((2, 2, 1), int))
    bgr = (128 + cells + rng.integers(-90, 91, (HEIGHT, WIDTH, 1))).astype(np.uint8)
    np.testing.assert_allclose(converted(encoding, bgr).astype(int), bgr, atol=3)


def test_nv24_has_the_chroma_of_each_pixel(rng):
    bgr = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    np.testing.assert_allclose(converted("nv24", bgr).astype(int), bgr, atol=3)


@pytest.mark.parametrize("height, width", [(1, 1), (3, 5)])
def test_nv24_of_odd_size_is_converted(height, width):
    bgr = np.full((height, width, 3), (90, 120, 150), np.uint8)
    np.testing.assert_allclose(converted("nv24", bgr).astype(int), bgr, atol=3)


def test_nv12_agrees_with_the_encoder_of_opencv(rng):
    bgr = cv2.resize(rng.integers(0, 256, (4, 6, 3)).astype(np.uint8), (WIDTH, HEIGHT))
    planes = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)
    chroma = planes[HEIGHT:].reshape(2, -1)
    rows = np.concatenate([planes[:HEIGHT], chroma.T.reshape(-1, WIDTH)])
    expected = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
    np.testing.assert_array_equal(yuv_to_bgr("nv12", rows, HEIGHT), expected)
