import struct
import tracemalloc

import numpy as np
import pytest

from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import ENCODINGS, decode, shrink

HEIGHT, WIDTH = 4, 6
COLOR = ("bgr", "rgb", "bgra", "rgba")
BAYER = {"rggb": ("RG", "GB"), "bggr": ("BG", "GR"), "gbrg": ("GB", "RG"), "grbg": ("GR", "BG")}
PLAIN = [name for name in ENCODINGS if not name.startswith(("bayer", "yuv"))]
YUV = [name for name in ENCODINGS if name.startswith("yuv")]
DEEP = [name for name in ENCODINGS if "16" in name]
HUGE = 2**32 - 1


def bytes_per_pixel(encoding):
    channels = {"bgr": 3, "rgb": 3, "8UC3": 3, "bgra": 4, "rgba": 4, "8UC4": 4, "yuv422": 2, "yuv422_yuy2": 2}
    return channels.get(encoding.rstrip("0123456789"), channels.get(encoding, 1)) * (
        2 if encoding in DEEP else 1
    )


def encoded(encoding, bgr, big_endian=False):
    """A camera's bytes for a picture: (H, W · channels) uint8 or uint16, and what should come back."""
    gray = encoding.startswith(("mono", "8UC1", "16UC1"))
    alpha = np.full(bgr.shape[:2] + (1,), 77, np.uint8)
    if gray:
        pixels = truth = bgr[..., 0]
    else:
        rgb_order = encoding.startswith("rgb")
        pixels = bgr[..., ::-1] if rgb_order else bgr
        if "a" in encoding or encoding == "8UC4":
            pixels = np.concatenate([pixels, alpha], axis=2)
        truth = bgr
    pixels = pixels.reshape(len(bgr), -1)
    if encoding in DEEP:
        deep = 257 * pixels.astype(int) - pixels % 100  # rounds to pixels; its two bytes differ
        pixels = deep.astype(">u2" if big_endian else "<u2")
    return pixels, truth


def padded(pixels, padding):
    """Rows with rubbish after each; (bytes, step)."""
    rows = [row.tobytes() + b"\xa5" * padding for row in pixels]
    return b"".join(rows), len(rows[0])


@pytest.fixture
def bgr(rng):
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def test_every_encoding_that_a_camera_sends_is_known():
    named = {"mono8", "mono16", "bgr8", "rgb8", "bgra8", "rgba8", "8UC1", "8UC3", "yuv422"}
    named |= {f"bayer_{order}{bits}" for order in BAYER for bits in (8, 16)}
    assert named <= set(ENCODINGS)


@pytest.mark.parametrize("padding", [0, 2, 58])
@pytest.mark.parametrize("encoding", PLAIN)
def test_pixels_are_exact(encoding, padding, bgr):
    pixels, truth = encoded(encoding, bgr)
    data, step = padded(pixels, padding)
    picture = decode(encoding, HEIGHT, WIDTH, step, data)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, truth)


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", [name for name in PLAIN if name in DEEP])
def test_big_endian_pixels_are_exact(encoding, padding, bgr):
    pixels, truth = encoded(encoding, bgr, big_endian=True)
    data, step = padded(pixels, padding)
    np.testing.assert_array_equal(decode(encoding, HEIGHT, WIDTH, step, data, big_endian=True), truth)
    assert not np.array_equal(decode(encoding, HEIGHT, WIDTH, step, data), truth)


def test_16_bits_are_scaled_to_8():
    values = np.array([[0, 128, 257, 32768, 65278, 65535]], "<u2")
    picture = decode("mono16", 1, 6, 12, values.tobytes())
    assert picture.tolist() == [[0, 0, 1, 128, 254, 255]]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("order", BAYER)
def test_a_bayer_mosaic_of_one_color_is_that_color(order, bits):
    color = {"B": 200, "G": 90, "R": 30}
    tile = np.array([[color[letter] for letter in row] for row in BAYER[order]], np.uint8)
    mosaic = np.tile(tile, (4, 5))
    pixels = mosaic if bits == 8 else mosaic.astype("<u2") * np.uint16(257)
    data, step = padded(pixels, 4)
    picture = decode(f"bayer_{order}{bits}", 8, 10, step, data)
    np.testing.assert_array_equal(picture, np.full((8, 10, 3), list(color.values()), np.uint8))


@pytest.mark.parametrize("encoding", YUV)
def test_yuv_is_converted_by_itu_r_bt_601(encoding, rng):
    luma = rng.integers(16, 236, (HEIGHT, WIDTH))
    chroma = rng.integers(100, 156, (HEIGHT, WIDTH // 2, 2))  # U, V of two pixels; nothing saturates far
    bytes_ = np.zeros((HEIGHT, WIDTH, 2), np.uint8)
    luma_first = encoding == "yuv422_yuy2"
    bytes_[..., 0 if luma_first else 1] = luma
    bytes_[..., 1 if luma_first else 0] = chroma.reshape(HEIGHT, WIDTH)
    u, v = (np.repeat(chroma[..., i], 2, axis=1) - 128.0 for i in (0, 1))
    y = 1.164 * (luma - 16.0)
    truth = np.stack([y + 2.018 * u, y - 0.391 * u - 0.813 * v, y + 1.596 * v], axis=2)
    data, step = padded(bytes_.reshape(HEIGHT, -1), 3)
    picture = decode(encoding, HEIGHT, WIDTH, step, data)
    np.testing.assert_allclose(picture, np.clip(truth, 0, 255), atol=1.5)


@pytest.mark.parametrize("encoding", YUV)
def test_an_odd_width_cannot_be_yuv422(encoding):
    with pytest.raises(ImageError, match=r"even width.*width=5"):
        decode(encoding, 2, 5, 10, bytes(20))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_smallest_pictures_decode(encoding):
    size = bytes_per_pixel(encoding)
    for height in range(1, 5):
        for width in range(1, 5):
            if encoding in YUV and width % 2:
                continue
            picture = decode(encoding, height, width, width * size, bytes(height * width * size))
            assert picture.shape[:2] == (height, width)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_step_or_size_that_disagrees_is_refused(encoding):
    row = WIDTH * bytes_per_pixel(encoding)
    for step, size in [
        (row - 1, (row - 1) * HEIGHT),  # a row does not fit its step
        (0, 0),
        (row, row * HEIGHT - 1),  # the last row is cut
        (row, row * HEIGHT + 1),
        (row, 0),
        (row + 1, row * HEIGHT),  # padding that is not there
        (row, (row + 1) * HEIGHT),  # padding that is not told
        (HUGE, row * HEIGHT),
    ]:
        with pytest.raises(ImageError, match=f"step={step}, {size} bytes"):
            decode(encoding, HEIGHT, WIDTH, step, bytes(size))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_impossible_size_is_refused_before_anything_is_allocated(encoding):
    data = bytes(1000)
    sizes = [
        (0, 0),
        (0, 5),
        (5, 0),
        (HUGE, HUGE),
        (HUGE, 1),
        (1, HUGE),
        (2**31, 2),
        (2**16, 2**16),
        (6000, 6000),
    ]
    sizes += [(-1, 5), (5, -1), (-5, -5)]
    tracemalloc.start()
    for height, width in sizes:
        with pytest.raises(ImageError, match=f"width={width}, height={height}"):
            decode(encoding, height, width, 100, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200000


@pytest.mark.parametrize(
    "encoding", ["", "rgb", "RGB8", "bgr8 ", "32FC1", "64FC4", "nv21", "jpeg", "bayer_rgbg8", "\0"]
)
def test_an_unknown_encoding_is_named(encoding):
    with pytest.raises(ImageError) as caught:
        decode(encoding, 2, 2, 24, bytes(48))
    assert str(caught.value).endswith(f"Received: encoding={encoding!r}")


def test_random_shapes_equal_the_reference_or_are_refused(rng):
    """FAULTS 14: fields that disagree never give wrong pixels."""
    for _ in range(500):
        encoding = PLAIN[rng.integers(len(PLAIN))]
        height, width, padding = (int(n) for n in rng.integers(1, 40, 3))
        picture = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        pixels, truth = encoded(encoding, picture)
        data, step = padded(pixels, 2 * padding)
        np.testing.assert_array_equal(decode(encoding, height, width, step, data), truth)
        change = int(rng.integers(1, 9))
        fields = [(step + change, data), (step - change, data), (step, data[:-change]), (step, data + b"x")]
        for wrong in fields:
            with pytest.raises(ImageError):
                decode(encoding, height, width, *wrong)


def test_cv_bridge_gives_the_same_pixels(rng):
    CvBridge = pytest.importorskip("cv_bridge", reason="cv_bridge is not installed").CvBridge  # noqa: N806
    Image = pytest.importorskip("sensor_msgs.msg").Image  # noqa: N806
    unknown_to_it = {"8UC1", "8UC3", "8UC4", "16UC1", "yuv422_yuy2"}  # it converts none of these to a color
    for encoding in sorted(set(ENCODINGS) - unknown_to_it):
        step = 64 * bytes_per_pixel(encoding)
        data = rng.integers(0, 256, 48 * step).astype(np.uint8).tobytes()
        message = Image(height=48, width=64, encoding=encoding, step=step, data=data)
        picture = decode(encoding, 48, 64, step, data)
        reference = CvBridge().imgmsg_to_cv2(message, "mono8" if picture.ndim == 2 else "bgr8")
        atol = 1 if encoding in DEEP else 0  # one rounds before, the other after the conversion
        np.testing.assert_allclose(picture.astype(int), reference, atol=atol, err_msg=encoding)


@pytest.mark.parametrize("shape", [(480, 640), (640, 480, 3), (1, 5000), (5000, 1, 3), (33, 7), (1, 1)])
def test_shrink_keeps_the_ratio_and_at_least_a_pixel(shape):
    small = shrink(np.zeros(shape, np.uint8), 32)
    assert small.shape[2:] == shape[2:]
    assert max(small.shape[:2]) == min(32, max(shape[:2]))
    assert min(small.shape[:2]) == max(1, round(min(shape[:2]) * min(1, 32 / max(shape[:2]))))


def test_shrink_leaves_small_pictures_alone():
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert shrink(picture, 4) is picture


def test_the_picture_is_no_larger_than_its_bytes_tell():
    """struct's largest fields must not wrap round in the check of the size."""
    for height, width in struct.iter_unpack("<II", struct.pack("<IIII", HUGE, 2, 2**31, 2**31)):
        with pytest.raises(ImageError):
            decode("mono8", height, width, width, b"")
