"""Reading picture files."""

import cv2
import numpy as np


def read_picture(path):
    """Decode a picture file.

    Args:
        path: of a file that OpenCV can decode.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        ValueError: if there is none or it does not decode.
    """
    try:
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except OSError as error:
        raise ValueError(f"expected a picture. Received: '{path}': {error.strerror}") from error
    if image is None:
        raise ValueError(f"expected a picture that decodes. Received: '{path}'")
    return image
