import tracemalloc

import numpy as np
import pytest

from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import ENCODINGS, check_image, shrink, unpadded_rows

HEIGHT, WIDTH = 4, 6
HUGE = 2**32 - 1
PACKED = ["yuv422", "uyvy", "yuv422_yuy2", "yuyv"]
SEMI_PLANAR = {"nv12": 1.5, "nv21": 1.5, "nv24": 3}  # bytes per pixel


def bytes_per_pixel(encoding):
    """Of a row; the chroma plane of semi-planar encodings is not counted."""
    layout = ENCODINGS[encoding]
    return layout.channels * layout.bits // 8


def rows_of_data(encoding, height):
    """How many times ``step`` bytes an image has."""
    return int(height * SEMI_PLANAR.get(encoding, 1))


def padded(encoding, height, rows, padding):
    """Data of an image with ``padding`` bytes after each row; of nv24, rows of chroma are twice as long."""
    chroma = rows[height:].reshape(height, -1) if encoding == "nv24" else rows[height:]
    data = b"".join(row.tobytes() + b"\xa5" * padding for row in rows[:height])
    behind = padding * 2 if encoding == "nv24" else padding
    return data + b"".join(row.tobytes() + b"\xa5" * behind for row in chroma)


def test_the_common_encodings_of_cameras_are_supported():
    named = {
        "mono8",
        "mono16",
        "bgr8",
        "rgb8",
        "bgra8",
        "rgba8",
        "8UC1",
        "8UC3",
        "16UC1",
        *PACKED,
        *SEMI_PLANAR,
    }
    named |= {f"bayer_{order}{bits}" for order in ("rggb", "bggr", "gbrg", "grbg") for bits in (8, 16)}
    assert named <= set(ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_layout_agrees_with_the_name_of_the_encoding(encoding):
    """Names of sensor_msgs/image_encodings contain the number of channels and bits."""
    channels = {
        "mono": 1,
        "bgr": 3,
        "rgb": 3,
        "bgra": 4,
        "rgba": 4,
        "bayer": 1,
        "8UC": 1,
        "16UC": 1,
    }
    if encoding in SEMI_PLANAR:
        assert ENCODINGS[encoding][:2] == (1, 8)
    elif encoding in PACKED:
        assert ENCODINGS[encoding][:2] == (2, 8)
    elif "UC" in encoding:
        bits, count = encoding.split("UC")
        assert ENCODINGS[encoding][:2] == (int(count), int(bits))
    else:
        bits = int(encoding.lstrip("abcdefghijklmnopqrstuvwxyz_"))
        name = encoding.rstrip("0123456789").split("_")[0].rstrip("0123456789")
        assert ENCODINGS[encoding][:2] == (channels[name], bits)


@pytest.mark.parametrize("padding", [0, 2, 58])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_padding_is_removed(encoding, padding, rng):
    shape = (rows_of_data(encoding, HEIGHT), WIDTH * bytes_per_pixel(encoding))
    rows = rng.integers(0, 256, shape).astype(np.uint8)
    data = padded(encoding, HEIGHT, rows, padding)
    received = unpadded_rows(encoding, HEIGHT, WIDTH, rows.shape[1] + padding, data)
    assert received.dtype == np.uint8
    assert received.flags.c_contiguous
    np.testing.assert_array_equal(received, rows)


@pytest.mark.parametrize("encoding", PACKED)
def test_yuv422_of_odd_width_is_refused(encoding):
    with pytest.raises(ImageError, match=rf"even width for {encoding}\. Received: width=5, height=2"):
        unpadded_rows(encoding, 2, 5, 10, bytes(20))


@pytest.mark.parametrize("height, width", [(3, 4), (4, 3), (3, 3), (1, 1)])
@pytest.mark.parametrize("encoding", ["nv12", "nv21"])
def test_yuv420_of_odd_size_is_refused(encoding, height, width):
    received = f"even width and height for {encoding}. Received: width={width}, height={height}"
    with pytest.raises(ImageError, match=received):
        unpadded_rows(encoding, height, width, width, bytes(width * height * 3 // 2))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_step_or_size_that_contradicts_the_encoding_is_refused(encoding):
    row = WIDTH * bytes_per_pixel(encoding)
    rows = rows_of_data(encoding, HEIGHT)
    for step, size in [
        (row - 1, (row - 1) * rows),  # a row is longer than its step
        (0, 0),
        (row, row * rows - 1),  # the last row is truncated
        (row, row * rows + 1),
        (row, row * (rows - 1)),
        (row, row * (rows + HEIGHT)),  # a plane too much
        (row, 0),
        (row + 1, row * rows),  # padding that is missing
        (row, (row + 1) * rows),  # padding that is not declared
        (HUGE, row * rows),
    ]:
        with pytest.raises(ImageError, match=f"step={step}, {size} bytes"):
            unpadded_rows(encoding, HEIGHT, WIDTH, step, bytes(size))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_invalid_image_size_is_refused_without_allocation(encoding):
    data = bytes(1000)
    sizes = [
        (0, 0),
        (0, 5),
        (5, 0),
        (HUGE, HUGE),
        (HUGE, 1),
        (1, HUGE),
        (HUGE, 2),
        (2**31, 2),
        (2**31, 2**31),
        (2**16, 2**16),
        (6000, 6000),
    ]
    sizes += [(-1, 5), (5, -1), (-5, -5)]
    tracemalloc.start()
    for height, width in sizes:
        with pytest.raises(ImageError, match=f"width={width}, height={height}"):
            unpadded_rows(encoding, height, width, 100, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200000


@pytest.mark.parametrize(
    "encoding",
    [
        "",
        "rgb",
        "RGB8",
        "bgr8 ",
        "32FC1",
        "64FC4",
        "8UC2",
        "BGR8",
        "Mono8",
        "NV12",
        "nv16",
        "jpeg",
        "bayer_rgbg8",
        "\0",
    ],
)
def test_an_unknown_encoding_raises_with_its_name(encoding):
    with pytest.raises(ImageError) as caught:
        unpadded_rows(encoding, 2, 2, 24, bytes(48))
    assert str(caught.value).endswith(f"Received: {encoding!r}")


@pytest.mark.parametrize("shape", [(1, 1), (480, 640), (1, 1, 3), (480, 640, 3)])
def test_check_image_accepts_gray_and_color_images(shape):
    check_image(np.zeros(shape, np.uint8))
    check_image(np.zeros(shape, np.uint8)[::-1])


@pytest.mark.parametrize(
    "image, received",
    [
        (None, "NoneType"),
        ([[0, 1], [2, 3]], "list"),
        ("image.png", "str"),
        (b"\xff\xd8", "bytes"),
        (5, "int"),
        (np.zeros((4, 6), np.uint16), r"uint16 \(4, 6\)"),
        (np.zeros((4, 6, 3), np.float32), r"float32 \(4, 6, 3\)"),
        (np.zeros((4, 6), bool), r"bool \(4, 6\)"),
        (np.zeros((4, 6), object), r"object \(4, 6\)"),
        (np.zeros((), np.uint8), r"uint8 \(\)"),
        (np.zeros(6, np.uint8), r"uint8 \(6,\)"),
        (np.zeros((4, 6, 1), np.uint8), r"uint8 \(4, 6, 1\)"),
        (np.zeros((4, 6, 2), np.uint8), r"uint8 \(4, 6, 2\)"),
        (np.zeros((4, 6, 4), np.uint8), r"uint8 \(4, 6, 4\)"),
        (np.zeros((1, 4, 6, 3), np.uint8), r"uint8 \(1, 4, 6, 3\)"),
        (np.zeros((4, 6, 3, 1), np.uint8), r"uint8 \(4, 6, 3, 1\)"),
        (np.zeros((0, 6), np.uint8), "width=6, height=0"),
        (np.zeros((4, 0, 3), np.uint8), "width=0, height=4"),
        (np.broadcast_to(np.uint8(0), (6000, 6000)), "width=6000, height=6000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_check_image_raises_with_the_received_type(image, received):
    with pytest.raises(ImageError, match=f"expected .*Received: {received}$"):
        check_image(image)


@pytest.mark.parametrize("shape", [(480, 640), (640, 480, 3), (1, 5000), (5000, 1, 3), (33, 7), (1, 1)])
def test_shrink_keeps_the_aspect_ratio_and_at_least_one_pixel(shape):
    small = shrink(np.zeros(shape, np.uint8), 32)
    assert small.shape[2:] == shape[2:]
    assert max(small.shape[:2]) == min(32, max(shape[:2]))
    assert min(small.shape[:2]) == max(1, round(min(shape[:2]) * min(1, 32 / max(shape[:2]))))


def test_shrink_returns_small_images_unchanged():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert shrink(image, 4) is image
