"""Depth images: messages → arrays."""

import copy

import numpy as np
import pytest
from sensor_msgs.msg import Image

from place_recognition_ros.errors import ImageError
from place_recognition_ros.ros.image_reader import read_depth

HEIGHT, WIDTH = 4, 6


def message_of(encoding, rows, is_bigendian=0):
    """Image message of ``rows``, (HEIGHT, step) uint8."""
    message = Image(height=HEIGHT, width=WIDTH, encoding=encoding, is_bigendian=is_bigendian)
    message.step, message.data = rows.shape[1], rows.tobytes()
    return message


@pytest.mark.parametrize("is_bigendian", [0, 1])
@pytest.mark.parametrize("encoding, kind", [("16UC1", "u2"), ("mono16", "u2"), ("32FC1", "f4")])
def test_depth_images_are_read_without_their_padding(encoding, kind, is_bigendian):
    values = (1 + np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)).astype(kind)
    rows = values.astype(kind if not is_bigendian else ">" + kind).view(np.uint8).reshape(HEIGHT, -1)
    padded = np.hstack([rows, np.full((HEIGHT, 5), 255, np.uint8)])
    found = read_depth(message_of(encoding, padded, is_bigendian))
    assert found.dtype == kind
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("encoding", ["64FC1", "32FC2", "rgb8", "mono8", "32SC1", ""])
def test_other_encodings_are_not_depth_images(encoding):
    with pytest.raises(ImageError, match="encodings 16UC1, mono16, 32FC1"):
        read_depth(message_of(encoding, np.zeros((HEIGHT, 8 * WIDTH), np.uint8)))


def test_a_depth_image_whose_sizes_disagree_is_refused():
    message = message_of("32FC1", np.zeros((HEIGHT, 4 * WIDTH), np.uint8))
    assert read_depth(message).shape == (HEIGHT, WIDTH)
    for name, value in (("step", 4 * WIDTH - 1), ("height", 0), ("width", 2**31), ("data", b"")):
        broken = copy.copy(message)
        setattr(broken, name, value)
        with pytest.raises(ImageError, match="expected"):
            read_depth(broken)
