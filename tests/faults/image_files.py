"""JPEG and PNG files, written byte by byte, and files that cost their reader time or memory."""

import struct
import zlib

import cv2
import numpy as np

SIDE = 5700  # of an image of just under 33 megapixels
PNG_START = b"\x89PNG\r\n\x1a\n"


def chunk(name, body):
    return (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) & 0xFFFFFFFF)
    )


def png_header(height, width, depth, color_type):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0))


def png_file(height, width, depth, color_type, rows, before=b""):
    """A PNG file; ``rows``: scan lines, each with its filter byte; ``before``: chunks before the pixels."""
    pixels = chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return PNG_START + png_header(height, width, depth, color_type) + before + pixels


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def frame_header(height, width, marker=0xC0):
    return segment(marker, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))


def declared_size(data, original):
    """(height, width) in the header of a file, where ``original`` has it."""
    if original[1:4] == b"PNG":
        return struct.unpack(">II", data[16:24])[::-1]
    at = min(original.find(marker) % len(original) for marker in (b"\xff\xc0", b"\xff\xc2"))
    return struct.unpack(">HH", data[at + 5 : at + 9])


def photograph():
    """(48, 64, 3) uint8: a small image with smooth colors."""
    soft = np.random.default_rng(5).random((6, 8, 3))
    return (255 * cv2.resize(soft, (64, 48), interpolation=cv2.INTER_LINEAR)).astype(np.uint8)


def files():
    """Name → a small valid file, of each kind that cameras send."""
    image, options = photograph(), {"jpeg": [cv2.IMWRITE_JPEG_QUALITY, 95]}
    options["progressive"] = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    options["restarting"] = [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]
    found = {name: cv2.imencode(".jpg", image, each)[1].tobytes() for name, each in options.items()}
    deep = np.random.default_rng(6).integers(0, 2**16, image.shape[:2]).astype(np.uint16)
    found.update(
        png=cv2.imencode(".png", image)[1].tobytes(), deep_png=cv2.imencode(".png", deep)[1].tobytes()
    )
    return found


def too_large():
    """Images of more than 33 megapixels; most are complete files of a few kilobytes."""
    for depth, color_type in ((1, 0), (8, 0), (8, 2), (8, 3), (16, 2), (16, 6)):
        for height, width in ((12000, 12000), (33 * 10**6 + 1, 1), (1, 2**31 - 1), (2**31 - 1, 2**31 - 1)):
            rows = bytes((1 + 12000 // 8) * 12000) if (depth, height) == (1, 12000) else b""
            yield png_file(height, width, depth, color_type, rows)
    for marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA):
        for height, width in ((65535, 65535), (0, 65535), (6000, 6000)):
            yield b"\xff\xd8" + frame_header(height, width, marker) + b"\xff\xd9"


def of_few_bytes():
    """Images of just under 33 megapixels with data for a few rows."""
    for depth, color_type in ((8, 0), (8, 2), (16, 6)):
        yield png_file(SIDE, SIDE, depth, color_type, bytes(SIDE * 8))
    gray = cv2.imencode(".jpg", np.zeros((SIDE, SIDE), np.uint8))[1].tobytes()
    start = gray.index(b"\xff\xda") + 10
    for length in (0, 1000, 60000):
        yield gray[: start + length] + b"\xff\xd9"


def of_many_scans():
    """Each of the additional scans of some 50 bytes takes the decoder 45 ms."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    whole = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    for times in (40, 20000):
        yield whole[:-2] + times * last + b"\xff\xd9"


def with_hidden_content():
    """A small image with chunks that are not its pixels, and take memory or tens of seconds to inflate."""
    rows = bytes(10100)
    large = zlib.compress(bytes(100 * 10**6), 1)
    for name, start in ((b"zTXt", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"), (b"iCCP", b"a\0\0")):
        yield png_file(100, 100, 8, 0, rows, chunk(name, start + large))
    yield png_file(100, 100, 8, 0, rows, 1000 * chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(7 * 10**6), 1)))
    frame = struct.pack(">IIIIIHHBB", 0, 100, 100, 0, 0, 1, 10, 0, 0)
    for count in (2, 2**31 - 1):  # frames of an animation
        yield png_file(
            100, 100, 8, 0, rows, chunk(b"acTL", struct.pack(">II", count, 0)) + chunk(b"fcTL", frame)
        )
