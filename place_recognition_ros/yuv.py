"""YUV images → BGR, by ITU-R BT.601 with the range of video (luma 16 to 235), as OpenCV and cv_bridge do."""

import cv2
import numpy as np

_CODES = {  # sensor_msgs/image_encodings of ROS 1 and ROS 2; nv12 is used by drivers
    "yuv422": cv2.COLOR_YUV2BGR_UYVY,
    "uyvy": cv2.COLOR_YUV2BGR_UYVY,
    "yuv422_yuy2": cv2.COLOR_YUV2BGR_YUY2,
    "yuyv": cv2.COLOR_YUV2BGR_YUY2,
    "nv12": cv2.COLOR_YUV2BGR_NV12,
    "nv21": cv2.COLOR_YUV2BGR_NV21,
}
_BGR_OF_YUV = np.array(  # for nv24, which OpenCV lacks: B, G, R from 1.164 (Y − 16), U − 128, V − 128
    [[1.164, 2.018, 0], [1.164, -0.391, -0.813], [1.164, 0, 1.596]]
)
_OFFSET = -_BGR_OF_YUV @ (16, 128, 128)

YUV_ENCODINGS = (*_CODES, "nv24")
"""The encodings that ``yuv_to_bgr`` converts."""


def yuv_to_bgr(encoding: str, rows: np.ndarray, height: int) -> np.ndarray:
    """Convert an image.

    Args:
        encoding: one of ``YUV_ENCODINGS``.
        rows: the pixels of the image, as ``images.unpadded_rows`` returns them.
        height: of the image, rows.

    Returns:
        (height, width, 3) uint8 BGR.
    """
    if encoding == "nv24":
        luma, chroma = rows[:height], rows[height:].reshape(height, -1, 2)
        return cv2.transform(np.dstack([luma, chroma]), np.column_stack([_BGR_OF_YUV, _OFFSET]))
    pixels = rows if len(rows) > height else rows.reshape(height, -1, 2)  # semi-planar or packed
    return cv2.cvtColor(pixels, _CODES[encoding])
