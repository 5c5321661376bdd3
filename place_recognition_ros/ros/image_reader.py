"""Image messages → images, with cv_bridge."""

import numpy as np
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import Image

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import DEPTH_ENCODINGS, unpadded_rows
from place_recognition_ros.stream import image_reader


class ImageReader(image_reader.ImageReader):
    """Reads the messages of one camera.

    Args:
        config: see the base class, as for its errors.

    Raises:
        ImportError: if cv_bridge was built for another Python; better at the start than at the first image.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._bridge = CvBridge()
        self._bridge.encoding_to_cvtype2("bgr8")  # imports its compiled module

    def _convert(self, encoding: str, pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape[:2]
        step = pixels.nbytes // height
        plain = Image(height=height, width=width, encoding=encoding, step=step, data=pixels)
        try:
            return self._bridge.imgmsg_to_cv2(plain, "mono8" if encoding == "mono8" else "bgr8")
        except CvBridgeError as error:
            raise ImageError(f"expected an image that cv_bridge converts. Received: {error}") from error


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
