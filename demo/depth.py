"""Depth images of the drive: 8-bit PNG files, one level for each 1.5 % of distance."""

import cv2
import numpy as np

NEAR, FAR = 0.5, 25.0  # metres; outside of them the depth is not known, as with a depth camera
LEVELS = 254  # between NEAR and FAR, on a logarithmic scale; 0: not known
STEP = np.log(FAR / NEAR) / LEVELS
METRES = np.append(0.0, NEAR * np.exp(STEP * np.arange(LEVELS + 1))).astype(np.float32)


def encode(depth: np.ndarray) -> bytes:
    """A PNG file.

    Args:
        depth: (H, W) float32 metres along the optical axis; 0: not known.
    """
    known = (depth >= NEAR) & (depth <= FAR)
    level = 1 + np.round(np.log(np.where(known, depth, NEAR) / NEAR) / STEP)
    image = np.where(known, level, 0).astype(np.uint8)
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()


def decode(data: bytes) -> np.ndarray:
    """(H, W) float32 metres, 0 where not known, from a file of :func:`encode`."""
    return METRES[cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)]
