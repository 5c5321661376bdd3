"""Image messages → images."""

from typing import Dict, Union

import numpy as np
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CompressedImage, Image

from place_recognition_ros.compressed import decode_compressed
from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import (
    DEPTH_ENCODINGS,
    ENCODINGS,
    unpadded_rows,
)
from place_recognition_ros.intensity_range import IntensityRange
from place_recognition_ros.yuv import YUV_ENCODINGS, yuv_to_bgr

# Encodings that cv_bridge does not convert, or not in all versions, as others that have the same pixels
_SAME_PIXELS = {"8UC1": "mono8", "8UC3": "bgr8", "8UC4": "bgra8"}


class ImageReader:
    """Reads the images of one camera. It learns the range of 16-bit images: use one reader for each camera.

    Args:
        config: ``sixteen_bit_min`` and ``sixteen_bit_max`` are used.

    Raises:
        ConfigError: if the range of 16-bit images is empty.
        ImportError: if cv_bridge was built for another Python; better at the start than at the first image.
    """

    def __init__(self, config: Config) -> None:
        self._fixed_range = (config.sixteen_bit_min, config.sixteen_bit_max)
        self._ranges: Dict[str, IntensityRange] = {}
        IntensityRange(*self._fixed_range)  # refuses an empty range now, not at the first image
        self._bridge = CvBridge()
        self._bridge.encoding_to_cvtype2("bgr8")  # imports its compiled module

    def read(self, message: Union[Image, CompressedImage], learn: bool = True) -> np.ndarray:
        """Convert a message.

        Args:
            message: an image.
            learn: whether it is of the stream, and may change the range of 16-bit images.

        Returns:
            (H, W, 3) uint8 BGR, or (H, W) uint8 of gray encodings.

        Raises:
            ImageError: if the message is not a valid image.
        """
        if message._type == CompressedImage._type:  # rosbag makes classes of its own
            image = decode_compressed(message.data)
            if image.dtype == np.uint16:
                image = self._scale("PNG", image, learn)
            return image
        return self._read_raw(message, learn)

    def _read_raw(self, message: Image, learn: bool) -> np.ndarray:
        encoding = message.encoding
        rows = unpadded_rows(encoding, message.height, message.width, message.step, message.data)
        if ENCODINGS[encoding].bits == 16:
            words = rows.view(">u2" if message.is_bigendian else "<u2").astype(np.uint16, copy=False)
            colors = words.reshape(message.height, message.width, -1)[..., :3]  # alpha is no brightness
            rows = self._scale(encoding, colors, learn)
        elif encoding in YUV_ENCODINGS:  # cv_bridge of ROS 1 knows one of them
            return yuv_to_bgr(encoding, rows, message.height)
        name = encoding.replace("a16", "8").replace("16", "8")
        name = _SAME_PIXELS.get(name, name)
        step = rows.nbytes // message.height
        plain = Image(height=message.height, width=message.width, encoding=name, step=step, data=rows)
        try:
            return self._bridge.imgmsg_to_cv2(plain, "mono8" if name == "mono8" else "bgr8")
        except CvBridgeError as error:
            raise ImageError(f"expected an image that cv_bridge converts. Received: {error}") from error

    def _scale(self, encoding: str, values: np.ndarray, learn: bool) -> np.ndarray:
        """A camera that changes its encoding changes its range, too."""
        known = self._ranges.setdefault(encoding, IntensityRange(*self._fixed_range))
        return known.to_8_bits(values, learn)


def read_depth(message: Image) -> np.ndarray:
    """Convert a depth image.

    Returns:
        (H, W) float32 metres or uint16 millimetres, as the message has it.

    Raises:
        ImageError: if the message is not a valid depth image.
    """
    size = (message.height, message.width)
    rows = unpadded_rows(message.encoding, *size, message.step, message.data, DEPTH_ENCODINGS)
    kind = "u2" if DEPTH_ENCODINGS[message.encoding].bits == 16 else "f4"
    return rows.view((">" if message.is_bigendian else "<") + kind).astype(kind, copy=False)
