"""ImageReader: messages → images; pixels are compared with a separate implementation in NumPy."""

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ConfigError, ImageError
from place_recognition_ros.images import ENCODINGS
from place_recognition_ros.ros.image_reader import ImageReader
from place_recognition_ros.stream.image_reader import ImageReader as ReaderWithoutRos

HEIGHT, WIDTH = 4, 6
BAYER = {"rggb": ("RG", "GB"), "bggr": ("BG", "GR"), "gbrg": ("GB", "RG"), "grbg": ("GR", "BG")}
YUV = {  # the rows and columns of pixels that share their chroma
    **dict.fromkeys(("yuv422", "uyvy", "yuv422_yuy2", "yuyv"), (1, 2)),
    **dict.fromkeys(("nv12", "nv21"), (2, 2)),
    "nv24": (1, 1),
}
PLAIN = [name for name in ENCODINGS if not name.startswith("bayer") and name not in YUV]
DEEP = [name for name in ENCODINGS if ENCODINGS[name].bits == 16]
FULL_RANGE = {"sixteen_bit_max": 65535}


def row_bytes(encoding, width):
    layout = ENCODINGS[encoding]
    return width * layout.channels * layout.bits // 8


def encoded(encoding, bgr, big_endian=False):
    """An image as encoded by a camera, (H, W · channels) uint8 or uint16, and the expected result."""
    if encoding.startswith(("mono", "8UC1", "16UC1")):
        pixels = expected = bgr[..., 0]
    else:
        pixels, expected = bgr[..., ::-1] if encoding.startswith("rgb") else bgr, bgr
        if ENCODINGS[encoding].channels == 4:
            pixels = np.concatenate([pixels, np.full(bgr.shape[:2] + (1,), 77, np.uint8)], axis=2)
    pixels = pixels.reshape(len(bgr), -1)
    if encoding in DEEP:
        deep = 257 * pixels.astype(int) - pixels % 100  # rounds to pixels; its two bytes differ
        pixels = deep.astype(">u2" if big_endian else "<u2")
    return pixels, expected


def message_of(encoding, pixels, padding=0, big_endian=0, width=None):
    """Image message of rows of pixels, with ``padding`` bytes after each row."""
    rows = [row.tobytes() + b"\xa5" * padding for row in pixels]
    if width is None:
        width = (len(rows[0]) - padding) // row_bytes(encoding, 1)
    message = Image(height=len(rows), width=width, encoding=encoding, is_bigendian=big_endian)
    message.step, message.data = len(rows[0]), b"".join(rows)
    return message


def read(message, **parameters):
    return ImageReader(Config(**dict(FULL_RANGE, **parameters))).read(message)


@pytest.fixture
def bgr(rng):
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


@pytest.mark.parametrize("padding", [0, 2, 58])
@pytest.mark.parametrize("encoding", PLAIN)
def test_pixels_are_exact(encoding, padding, bgr):
    pixels, expected = encoded(encoding, bgr)
    image = read(message_of(encoding, pixels, padding))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_reader_without_ros_gives_the_same_pixels(encoding, rng):
    layout = ENCODINGS[encoding]
    rows = 12 + layout.semi_planar * 24 // layout.cell[0] // layout.cell[1]
    pixels = rng.integers(0, 256, (rows, row_bytes(encoding, 16))).astype(np.uint8)
    message = message_of(encoding, pixels)
    message.height = 12
    without = ReaderWithoutRos(Config(**FULL_RANGE)).read(message)
    np.testing.assert_array_equal(without, read(message))


@pytest.mark.parametrize("flag", [1, 2, 255])
@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", [name for name in PLAIN if name in DEEP])
def test_big_endian_pixels_are_exact(encoding, padding, flag, bgr):
    pixels, expected = encoded(encoding, bgr, big_endian=True)
    np.testing.assert_array_equal(read(message_of(encoding, pixels, padding, flag)), expected)
    assert not np.array_equal(read(message_of(encoding, pixels, padding)), expected)


@pytest.mark.parametrize("encoding", ["mono8", "bgr8"])
def test_endianness_of_8_bit_images_is_ignored(encoding, bgr):
    pixels, expected = encoded(encoding, bgr)
    np.testing.assert_array_equal(read(message_of(encoding, pixels, big_endian=1)), expected)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("order", BAYER)
def test_a_bayer_mosaic_of_one_color_is_decoded_to_that_color(order, bits):
    color = {"B": 200, "G": 90, "R": 30}
    tile = np.array([[color[letter] for letter in row] for row in BAYER[order]], np.uint8)
    mosaic = np.tile(tile, (4, 5))
    pixels = mosaic if bits == 8 else mosaic.astype("<u2") * np.uint16(257)
    image = read(message_of(f"bayer_{order}{bits}", pixels, 4))
    np.testing.assert_array_equal(image, np.full((8, 10, 3), list(color.values()), np.uint8))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("order", BAYER)
def test_a_bayer_mosaic_is_interpolated_linearly(order, bits, rng):
    """Each missing color is the mean of the nearest pixels that have it; the border is not compared."""
    mosaic = rng.integers(0, 256, (8, 10)).astype(np.uint8)
    letters = np.array([list(row) for row in BAYER[order]])
    has = {letter: np.tile(letters == letter, (4, 5)) for letter in "BGR"}
    expected = np.zeros((8, 10, 3))
    for channel, letter in enumerate("BGR"):
        for y in range(1, 7):
            for x in range(1, 9):
                window = np.s_[y - 1 : y + 2, x - 1 : x + 2]
                near = has[letter][window].copy()
                if near[1, 1]:  # the color of the pixel itself
                    near[:] = False
                    near[1, 1] = True
                elif letter == "G":  # green: left, right, above and below
                    near[::2, ::2] = False
                expected[y, x, channel] = mosaic[window][near].mean()
    pixels = mosaic if bits == 8 else mosaic.astype("<u2") * np.uint16(257)
    image = read(message_of(f"bayer_{order}{bits}", pixels, 2))
    np.testing.assert_allclose(image[1:-1, 1:-1], expected[1:-1, 1:-1], atol=0.75)


@pytest.mark.parametrize("encoding", YUV)
def test_yuv_is_converted_by_itu_r_bt_601(encoding, rng):
    """Rows are padded by 3 bytes, those of chroma of nv24, which are twice as long, by 6."""
    rows, columns = YUV[encoding]
    luma = rng.integers(16, 236, (HEIGHT, WIDTH)).astype(np.uint8)
    shape = (HEIGHT // rows, WIDTH // columns, 2)
    chroma = rng.integers(100, 156, shape).astype(np.uint8)  # few values saturate
    u, v = (np.kron(chroma[..., i], np.ones((rows, columns))) - 128.0 for i in (0, 1))
    if encoding.startswith("nv"):
        pairs = chroma[..., ::-1] if encoding == "nv21" else chroma
        planes = [(luma, 3), (pairs.reshape(HEIGHT // rows, -1), 6 if encoding == "nv24" else 3)]
        step = WIDTH + 3
    else:
        pixels = [luma, chroma.reshape(HEIGHT, WIDTH)]
        if encoding in ("yuv422", "uyvy"):
            pixels.reverse()
        planes = [(np.dstack(pixels).reshape(HEIGHT, -1), 3)]
        step = 2 * WIDTH + 3
    data = b"".join(row.tobytes() + b"\xa5" * padding for plane, padding in planes for row in plane)
    y = 1.164 * (luma - 16.0)
    expected = np.stack([y + 2.018 * u, y - 0.391 * u - 0.813 * v, y + 1.596 * v], axis=2)
    image = read(Image(height=HEIGHT, width=WIDTH, encoding=encoding, step=step, data=data))
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image, np.clip(expected, 0, 255), atol=1.5)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_smallest_images_are_read(encoding):
    rows, columns = YUV.get(encoding, (1, 1))
    for height in range(rows, 5, rows):
        for width in range(columns, 5, columns):
            step = row_bytes(encoding, width)
            size = step * height
            if encoding.startswith("nv"):
                size += 2 * (height // rows) * (width // columns)
            message = Image(height=height, width=width, encoding=encoding, step=step, data=bytes(size))
            assert read(message).shape[:2] == (height, width)


@pytest.mark.parametrize(
    "fields",
    [
        {"encoding": "32FC1"},
        {"encoding": ""},
        {"encoding": "BGR8"},
        {"encoding": "nv12"},
        {"step": 3 * WIDTH - 1},
        {"step": 3 * WIDTH + 8},
        {"data": b""},
        {"data": bytes(3 * WIDTH * HEIGHT - 1)},
        {"height": 0, "width": 0, "step": 0, "data": b""},
        {"height": 2**32 - 1, "width": 2**32 - 1, "step": 2**32 - 1},
        {"encoding": "bgra8"},
        {"encoding": "bgr16"},
    ],
    ids=str,
)
def test_an_invalid_message_is_refused(fields, bgr):
    message = message_of("bgr8", bgr.reshape(HEIGHT, -1))
    for name, value in fields.items():
        setattr(message, name, value)
    with pytest.raises(ImageError, match=r"expected .*Received: "):
        read(message)


def test_random_messages_are_decoded_exactly_and_wrong_fields_refused(rng):
    """Contradictory fields never give wrong pixels."""
    reader = ImageReader(Config(**FULL_RANGE))
    for _ in range(500):
        encoding = PLAIN[rng.integers(len(PLAIN))]
        height, width, padding = (int(n) for n in rng.integers(1, 40, 3))
        pixels, expected = encoded(encoding, rng.integers(0, 256, (height, width, 3)).astype(np.uint8))
        message = message_of(encoding, pixels, 2 * padding)
        np.testing.assert_array_equal(reader.read(message), expected)
        step, data, change = message.step, message.data, int(rng.integers(1, 9))
        wrong = [(step + change, data), (step - change, data), (step, data[:-change]), (step, data + b"x")]
        for message.step, message.data in wrong:
            with pytest.raises(ImageError):
                reader.read(message)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("encoding", DEEP)
def test_16_bit_encodings_are_scaled_by_the_bits_in_use(encoding, bits, rng):
    gray = np.kron(rng.integers(0, 256, (12, 16)), np.ones((10, 10))).astype(np.uint8)
    gray[:10] = 255
    is_gray = ENCODINGS[encoding].channels == 1 and "bayer" not in encoding
    expected = gray if is_gray else cv2.merge([gray] * 3)
    values = np.repeat(gray.astype(int) * (2**bits - 1) // 255, ENCODINGS[encoding].channels, axis=1)
    image = ImageReader(Config()).read(message_of(encoding, values.astype("<u2")))
    inside = np.s_[12:-1, 1:-1] if "bayer" in encoding else np.s_[:]
    assert np.median(np.abs(image[inside].astype(int) - expected[inside])) <= 1
    assert image.max() == 255


@pytest.mark.parametrize("alpha", [0, 4095, 65535])
@pytest.mark.parametrize("encoding", ["bgra16", "rgba16"])
def test_alpha_does_not_change_the_range(encoding, alpha, rng):
    colors = rng.integers(0, 4096, (120, 160, 3))
    values = np.dstack([colors, np.full((120, 160), alpha)]).reshape(120, -1)
    image = ImageReader(Config()).read(message_of(encoding, values.astype("<u2")))
    expected = colors[..., ::-1] if encoding.startswith("rgb") else colors
    np.testing.assert_allclose(image, expected / 4095 * 255, atol=0.6)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_a_png_of_16_bits_is_scaled_by_the_bits_in_use(bits, rng):
    gray = rng.integers(0, 256, (120, 160)).astype(np.uint8)
    values = (gray.astype(int) * (2**bits - 1) // 255).astype(np.uint16)
    message = CompressedImage(format="png", data=cv2.imencode(".png", values)[1].tobytes())
    image = ImageReader(Config()).read(message)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image.astype(int), cv2.merge([gray] * 3), atol=1)


def test_each_encoding_has_its_own_range(rng):
    reader = ImageReader(Config())
    mono = message_of("mono16", rng.integers(0, 1024, (120, 160)).astype("<u2"))
    before = reader.read(mono)
    for _ in range(8):
        reader.read(message_of("rgb16", rng.integers(0, 65536, (120, 480)).astype("<u2")))
    np.testing.assert_array_equal(reader.read(mono), before)


def test_a_fixed_range_is_used_for_raw_and_compressed_images():
    values = np.array([[1000, 1502, 2000, 65535]], "<u2")
    fixed = {"sixteen_bit_min": 1000, "sixteen_bit_max": 2000}
    png = CompressedImage(data=cv2.imencode(".png", values)[1].tobytes())
    assert read(message_of("mono16", values), **fixed).tolist() == [[0, 128, 255, 255]]
    assert read(png, **fixed)[..., 0].tolist() == [[0, 128, 255, 255]]


def test_an_empty_fixed_range_is_refused():
    with pytest.raises(ConfigError, match="sixteen_bit_min=5, sixteen_bit_max=5"):
        ImageReader(Config(sixteen_bit_min=5, sixteen_bit_max=5))


def test_messages_of_classes_generated_by_rosbag_are_read(bgr):
    """rosbag generates its own message classes with the same type names."""

    class FromBag:
        _type = "sensor_msgs/Image"

    message = FromBag()
    original = message_of("bgr8", bgr.reshape(HEIGHT, -1))
    for name in ("height", "width", "encoding", "is_bigendian", "step", "data"):
        setattr(message, name, getattr(original, name))
    np.testing.assert_array_equal(read(message), bgr)


def test_depth_encodings_are_not_images():
    with pytest.raises(ImageError, match="Received: '32FC1'"):
        read(message_of("32FC1", np.zeros((HEIGHT, 4 * WIDTH), np.uint8), width=WIDTH))
