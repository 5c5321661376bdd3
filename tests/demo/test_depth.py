from pathlib import Path

import cv2
import numpy as np

from demo.depth import FAR, NEAR, decode, encode
from demo.sources import decode as decode_image
from demo.sources import open_source


def test_decoded_depth_is_within_one_percent():
    depth = np.geomspace(NEAR, FAR, 240 * 320).reshape(240, 320).astype(np.float32)
    assert np.abs(decode(encode(depth)) / depth - 1).max() < 0.01


def test_what_is_out_of_range_is_not_known():
    depth = np.array([[0, NEAR / 2, FAR * 1.1, 5]], np.float32)
    assert (decode(encode(depth)) > 0).tolist() == [[False, False, False, True]]


def test_the_file_is_an_8_bit_png():
    image = cv2.imdecode(
        np.frombuffer(encode(np.full((4, 6), 3, np.float32)), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert (image.shape, image.dtype) == ((4, 6), np.uint8)


def test_each_image_of_the_drive_has_depth_of_its_size(root):
    drive = Path(root) / "demo" / "drive"
    for number, frame in enumerate(open_source(None, drive).frames()):
        if number % 40 == 0:
            depth = decode(frame.depth)
            assert depth.shape == decode_image(frame).shape[:2]
            assert (depth > 0).mean() > 0.5


def test_a_covered_lens_has_no_depth(root):
    frames = list(open_source(None, Path(root) / "demo" / "drive").frames())
    lost = [frame for frame in frames if not frame.tracking_ok]
    assert not decode(lost[5].depth).any()
