from pathlib import Path

import cv2
import numpy as np

from demo.depth import FAR, NEAR, STEP, decode, encode, enlarge
from demo.sources import decode as decode_image
from demo.sources import open_source


def test_decoded_depth_is_within_half_a_level():
    for depth in np.geomspace(NEAR, FAR, 300):
        decoded = decode(encode(np.full((240, 320), depth, np.float32)))
        assert np.abs(np.log(decoded / depth)).max() < STEP / 2 + 1e-4


def test_what_is_out_of_range_is_not_known():
    depth = np.repeat(np.array([[0, NEAR / 2, FAR * 1.1, 5]], np.float32), 80, axis=1)
    known = decode(encode(np.repeat(depth, 240, axis=0))) > 0
    assert known.reshape(240, 4, 80).all(axis=(0, 2)).tolist() == [False, False, False, True]
    assert not known[:, :240].any()


def test_a_plane_is_interpolated_exactly():
    """The inverse of its depth is linear in the image."""
    x, y = np.meshgrid(np.arange(96), np.arange(72))
    plane = (1 / (0.1 + 0.002 * x + 0.003 * y)).astype(np.float32)
    large = enlarge(plane, (320, 240))
    x, y = np.meshgrid((np.arange(320) + 0.5) * 0.3 - 0.5, (np.arange(240) + 0.5) * 0.3 - 0.5)
    inside = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(large[inside], (1 / (0.1 + 0.002 * x + 0.003 * y))[inside], rtol=1e-5)


def test_near_and_far_are_not_mixed_at_an_edge():
    depth = np.repeat(np.array([[0, 0, 2, 2, 20, 20]], np.float32), 4, axis=0)
    large = enlarge(depth, (18, 12))
    assert large.tolist() == np.repeat(np.repeat(depth, 3, axis=0), 3, axis=1).tolist()


def test_the_file_is_small_and_lossless():
    data = encode(np.full((240, 320), 3, np.float32))
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (image.shape[:2], image.dtype) == ((72, 96), np.uint8)
    assert np.unique(image).size == 1


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
