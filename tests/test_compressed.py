import io
import struct

import cv2
import numpy as np
import pytest

from place_recognition_ros.compressed import decode_compressed
from place_recognition_ros.errors import ImageError
from tests.faults.image_files import chunk, files, frame_header, photograph, png_file, segment

FILES = files()
SIZE = (48, 64)


@pytest.fixture(scope="module")
def image():
    return photograph()


@pytest.fixture(scope="module")
def jpeg():
    return FILES["jpeg"]


@pytest.fixture(scope="module")
def png():
    return FILES["png"]


@pytest.fixture(params=sorted(FILES))
def file(request):
    return FILES[request.param]


def test_a_png_is_decoded_without_loss(image, png):
    np.testing.assert_array_equal(decode_compressed(png), image)


def test_a_jpeg_is_decoded_with_small_errors(image, jpeg):
    decoded = decode_compressed(jpeg)
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < 3


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_and_bytearray_are_accepted(kind, file):
    np.testing.assert_array_equal(decode_compressed(kind(file)), decode_compressed(file))


def test_a_gray_file_is_decoded_to_three_equal_channels(image):
    gray = image[..., 0]
    gray_png = png_file(SIZE[0], SIZE[1], 8, 0, b"".join(b"\0" + row.tobytes() for row in gray))
    decoded = decode_compressed(gray_png)
    np.testing.assert_array_equal(decoded, np.repeat(gray[..., np.newaxis], 3, axis=2))
    assert decode_compressed(cv2.imencode(".jpg", gray)[1].tobytes()).shape == SIZE + (3,)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_of_16_bits_is_decoded_to_16_bits(channels, rng):
    values = rng.integers(0, 2**16, SIZE + (channels,)).astype(np.uint16)
    decoded = decode_compressed(cv2.imencode(".png", values)[1].tobytes())
    expected = np.repeat(values, 3, axis=2) if channels == 1 else values[..., :3]
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_png_of_less_than_8_bits_is_scaled_to_8_bits(bits):
    row = bytes([0b10110001, 0b01001110])
    decoded = decode_compressed(png_file(1, 16 // bits, bits, 0, b"\0" + row))
    values = [(byte >> shift) & (2**bits - 1) for byte in row for shift in range(8 - bits, -1, -bits)]
    expected = [value * 255 // (2**bits - 1) for value in values]
    assert decoded.dtype == np.uint8
    assert decoded[0, :, 0].tolist() == expected


@pytest.mark.parametrize("kind", ["jpeg", "progressive", "restarting"])
def test_every_kind_of_jpeg_is_decoded(kind, image):
    file = FILES[kind]
    marker = {"jpeg": b"\xff\xc0", "progressive": b"\xff\xc2", "restarting": b"\xff\xd1"}[kind]
    assert marker in file
    assert np.abs(decode_compressed(file).astype(int) - image).mean() < 3


def test_a_cmyk_jpeg_is_decoded(image):
    pillow = pytest.importorskip("PIL.Image", reason="only Pillow writes CMYK")
    written = io.BytesIO()
    pillow.fromarray(image[..., ::-1]).convert("CMYK").save(written, "JPEG", quality=95)
    assert np.abs(decode_compressed(written.getvalue()).astype(int) - image).mean() < 3


def test_frames_of_motion_jpeg_without_huffman_tables_are_decoded(jpeg):
    """UVC cameras leave the tables out; the standard ones are meant."""
    without = jpeg
    while b"\xff\xc4" in without:
        at = without.index(b"\xff\xc4")
        without = without[:at] + without[at + 2 + struct.unpack(">H", without[at + 2 : at + 4])[0] :]
    assert len(without) < len(jpeg) - 400
    np.testing.assert_array_equal(decode_compressed(without), decode_compressed(jpeg))


@pytest.mark.parametrize("count", [1, 63, 65, 9000])
@pytest.mark.parametrize("padding", ["zeros", "ones", "noise", "the file again"])
def test_bytes_after_the_end_are_ignored(padding, count, file, rng):
    noise = rng.integers(0, 256, count).astype(np.uint8).tobytes()
    after = {"zeros": bytes(count), "ones": b"\xff" * count, "noise": noise, "the file again": 2 * file}
    np.testing.assert_array_equal(decode_compressed(file + after[padding]), decode_compressed(file))


def test_a_thumbnail_does_not_end_the_image(jpeg, image):
    thumbnail = cv2.imencode(".jpg", image[::4, ::4])[1].tobytes()
    assert thumbnail.endswith(b"\xff\xd9")
    with_thumbnail = jpeg[:2] + segment(0xE1, b"Exif\0\0" + thumbnail) + jpeg[2:]
    np.testing.assert_array_equal(decode_compressed(with_thumbnail), decode_compressed(jpeg))
    for length in range(len(thumbnail), len(with_thumbnail) - 2, 7):
        with pytest.raises(ImageError):
            decode_compressed(with_thumbnail[:length])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_exif_orientation_is_ignored(orientation, image, jpeg):
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    oriented = jpeg[:2] + segment(0xE1, b"Exif\0\0" + tiff) + jpeg[2:]
    np.testing.assert_array_equal(decode_compressed(oriented), decode_compressed(jpeg))


def test_fill_bytes_before_a_marker_are_allowed(jpeg):
    np.testing.assert_array_equal(
        decode_compressed(jpeg[:2] + b"\xff\xff" + jpeg[2:]), decode_compressed(jpeg)
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50), bytes(1000)],
    ids=repr,
)
def test_data_that_are_neither_jpeg_nor_png_are_refused(data):
    with pytest.raises(ImageError, match=f"Received: {len(data)} bytes"):
        decode_compressed(data)


@pytest.mark.parametrize("after", ["zeros", "ones", "the file"])
def test_a_truncated_file_is_refused_whatever_follows(after, file):
    following = {"zeros": bytes(5000), "ones": b"\xff" * 5000, "the file": file}[after]
    for length in range(8, len(file) - 12, 7):
        with pytest.raises(ImageError):
            decode_compressed(file[:length] + following)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_whose_data_end_early_is_refused(channels, share, image):
    """The decoder would fill the other rows with gray."""
    large = cv2.resize(image, (320, 240))
    file = cv2.imencode(".jpg", large if channels == 3 else large[..., 0])[1].tobytes()
    start = file.index(b"\xff\xda") + 14
    length = start + int(share * (len(file) - start))
    with pytest.raises(ImageError, match="without its last rows"):
        decode_compressed(file[:length] + b"\xff\xd9")


def test_a_complete_jpeg_may_end_with_gray_rows(image):
    gray = np.concatenate([image, np.full((16, 64, 3), 128, np.uint8)])
    decoded = decode_compressed(cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    assert (decoded[-1] == 128).all()
    assert np.abs(decoded.astype(int) - gray).mean() < 3


def test_a_png_whose_data_end_early_is_refused(image):
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    decode_compressed(png_file(*SIZE, 8, 2, rows))
    with pytest.raises(ImageError, match="cannot be decoded"):
        decode_compressed(png_file(*SIZE, 8, 2, rows[: len(rows) // 2]))


@pytest.mark.parametrize("marker", [0x00, 0x01, 0xD0, 0xD7, 0xD8])
def test_a_jpeg_cannot_hide_its_size_behind_a_marker_without_length(jpeg, marker):
    """Read as a segment with a length, the marker hides the frame header, and a false one follows."""
    first = jpeg[2 : 4 + struct.unpack(">H", jpeg[4:6])[0]]
    comment_at = 4 + len(first)
    false_header_at = 4 + struct.unpack(">H", first[:2])[0]
    comment = bytes(false_header_at - comment_at - 4) + frame_header(8, 8)
    hidden = jpeg[:2] + bytes([0xFF, marker]) + first + segment(0xFE, comment) + jpeg[2 + len(first) :]
    assert hidden[false_header_at:].startswith(frame_header(8, 8))
    with pytest.raises(ImageError, match="frame header"):
        decode_compressed(hidden)


def test_a_png_cannot_hide_its_size_behind_another_chunk(png):
    false_size = chunk(b"teXt", struct.pack(">II", 8, 8) + bytes(5))
    with pytest.raises(ImageError, match="without its header"):
        decode_compressed(png[:8] + false_size + png[8:])
