"""Image messages, of any library → images."""

from typing import Any, Dict

import cv2
import numpy as np

from place_recognition_ros.compressed import decode_compressed
from place_recognition_ros.config import Config
from place_recognition_ros.images import ENCODINGS, unpadded_rows
from place_recognition_ros.intensity_range import IntensityRange
from place_recognition_ros.yuv import YUV_ENCODINGS, yuv_to_bgr

# Encodings that cv_bridge does not convert, or not in all versions, as others that have the same pixels
_SAME_PIXELS = {"8UC1": "mono8", "8UC3": "bgr8", "8UC4": "bgra8"}
_CODES = {  # a Bayer pattern of OpenCV is named after the second row, from its second pixel
    "rgb8": cv2.COLOR_RGB2BGR,
    "bgra8": cv2.COLOR_BGRA2BGR,
    "rgba8": cv2.COLOR_RGBA2BGR,
    "bayer_rggb8": cv2.COLOR_BayerBG2BGR,
    "bayer_bggr8": cv2.COLOR_BayerRG2BGR,
    "bayer_gbrg8": cv2.COLOR_BayerGR2BGR,
    "bayer_grbg8": cv2.COLOR_BayerGB2BGR,
}


class ImageReader:
    """Reads the images of one camera. It learns the range of 16-bit images: use one reader for each camera.

    Args:
        config: ``sixteen_bit_min`` and ``sixteen_bit_max`` are used.

    Raises:
        ConfigError: if the range of 16-bit images is empty.
    """

    def __init__(self, config: Config) -> None:
        self._fixed_range = (config.sixteen_bit_min, config.sixteen_bit_max)
        self._ranges: Dict[str, IntensityRange] = {}
        IntensityRange(*self._fixed_range)  # refuses an empty range now, not at the first image

    def read(self, message: Any, learn: bool = True) -> np.ndarray:
        """Convert a message.

        Args:
            message: with the fields of sensor_msgs/Image or sensor_msgs/CompressedImage.
            learn: whether it is of the stream, and may change the range of 16-bit images.

        Returns:
            (H, W, 3) uint8 BGR, or (H, W) uint8 of gray encodings.

        Raises:
            ImageError: if the message is not a valid image.
        """
        if not hasattr(message, "encoding"):
            image = decode_compressed(message.data)
            if image.dtype == np.uint16:
                image = self._scale("PNG", image, learn)
            return image
        return self._read_raw(message, learn)

    def _read_raw(self, message: Any, learn: bool) -> np.ndarray:
        encoding = message.encoding
        rows = unpadded_rows(encoding, message.height, message.width, message.step, message.data)
        if ENCODINGS[encoding].bits == 16:
            words = rows.view(">u2" if message.is_bigendian else "<u2").astype(np.uint16, copy=False)
            colors = words.reshape(message.height, message.width, -1)[..., :3]  # alpha is no brightness
            rows = self._scale(encoding, colors, learn)
        elif encoding in YUV_ENCODINGS:  # cv_bridge of ROS 1 knows one of them
            return yuv_to_bgr(encoding, rows, message.height)
        name = encoding.replace("a16", "8").replace("16", "8")
        pixels = rows.reshape(message.height, message.width, -1)
        return self._convert(_SAME_PIXELS.get(name, name), pixels)

    def _convert(self, encoding: str, pixels: np.ndarray) -> np.ndarray:
        """An image with 8 bits, (H, W, channels) uint8 → BGR, or gray."""
        if encoding == "mono8":
            return pixels[..., 0]
        code = _CODES.get(encoding)
        return pixels if code is None else cv2.cvtColor(pixels, code)

    def _scale(self, encoding: str, values: np.ndarray, learn: bool) -> np.ndarray:
        """A camera that changes its encoding changes its range, too."""
        known = self._ranges.setdefault(encoding, IntensityRange(*self._fixed_range))
        return known.to_8_bits(values, learn)
