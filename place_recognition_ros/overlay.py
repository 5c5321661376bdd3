"""Leaves out the part of the image that shows the robot and not the place.

Which part that is, is learned (:mod:`place_recognition_ros.static_region`), given by the user, or both.
"""

from typing import Any, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.errors import ImageError
from place_recognition_ros.poses import Pose
from place_recognition_ros.rotation import rotate
from place_recognition_ros.static_region import StaticRegion

MARGIN = 0.0125  # of the longer side: pixels closer to the left-out part than this belong to it
MAX_LEFT_OUT = 0.7  # of the image; a mask that leaves out more is probably inverted


class Cover(NamedTuple):
    """The left-out part of images of one size."""

    mask: np.ndarray  # (H, W) bool, True: left out
    target: np.ndarray  # (N,) int: the pixels of the mask, row by row
    source: np.ndarray  # (N,) int: the pixels whose values they get

    def fill(self, image: np.ndarray) -> np.ndarray:
        """The image with the left-out part replaced by a mirror image of what is beside it.

        Of all fillings that were compared (a colour, blur, inpainting) this one keeps the global descriptor
        closest to that of the place.

        Args:
            image: (H, W, 3) or (H, W) uint8, of the size of the mask.
        """
        filled = np.array(image, order="C")
        pixels = filled.view("V{}".format(filled[0, 0].nbytes)).reshape(-1)  # whole pixels: copied fast
        pixels[self.target] = pixels[self.source]
        return filled

    def outside(self, features: np.ndarray) -> np.ndarray:
        """The features that are not in the left-out part.

        Args:
            features: (N,) FEATURE, in pixels of an image of the size of the mask.
        """
        height, width = self.mask.shape
        x, y = np.nan_to_num(features["x"]), np.nan_to_num(features["y"])
        column, row = np.clip(x + 0.5, 0, width - 1).astype(int), np.clip(y + 0.5, 0, height - 1).astype(int)
        return np.asarray(features[~self.mask[row, column]])


class Overlay:
    """What is left out of the images of one camera.

    Args:
        learn: whether to learn what is always there.
        rotation: clockwise rotation of the images before they come here, degrees; a mask is rotated too.
    """

    def __init__(self, learn: bool = True, rotation: int = 0) -> None:
        self._learn = learn
        self._rotation = rotation
        self._region = StaticRegion()
        self._given: Optional[np.ndarray] = None  # (H, W) bool, True: left out
        self._cover: Optional[Cover] = None
        self._key: Optional[Tuple[Tuple[int, ...], bytes]] = None  # what the cover was made for

    def set_mask(self, mask: Optional[np.ndarray]) -> None:
        """Leave out what the user knows.

        Args:
            mask: (H, W) uint8, of the camera's image before any rotation, of any size; it is resized to the
                image. 0 (black): left out; other values: used, as masks of OpenCV, COLMAP, ROVIO and
                VINS-Mono. None: nothing.

        Raises:
            ImageError: if it is no mask, or leaves out so much that it is probably inverted.
        """
        self._given = None if mask is None else rotate(_checked(mask), self._rotation) == 0
        self._key = None

    def observe(self, image: np.ndarray, pose: Optional[Pose] = None) -> None:
        """Learn from the next image of the camera; see :meth:`StaticRegion.observe`."""
        if self._learn:
            self._region.observe(image, pose)

    def cover(self, image: np.ndarray) -> Optional[Cover]:
        """What is left out of an image of the camera; None: nothing.

        Args:
            image: (H, W, 3) or (H, W) uint8.
        """
        height, width = image.shape[:2]
        size, cells = (height, width), self._region.cells
        key = (size, cells.tobytes())
        if key != self._key:
            self._cover, self._key = self._make(size, cells), key
        return self._cover

    def _make(self, size: Tuple[int, int], cells: np.ndarray) -> Optional[Cover]:
        mask = np.zeros(size, bool)
        for part in (cells, self._given):
            if part is not None and part.any():
                mask |= cv2.resize(part.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
        reach = 2 * max(1, round(MARGIN * max(size))) + 1
        mask = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
        return Cover(mask, np.flatnonzero(mask), _mirrored(mask)) if mask.any() and not mask.all() else None


def _checked(mask: Any) -> np.ndarray:
    expected = "expected a mask: an array (H, W) uint8, 0 where the image is left out"
    if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8 or mask.ndim != 2 or not mask.size:
        received = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise ImageError(f"{expected}. Received: {received}")
    left_out = float(np.mean(mask == 0))
    if left_out > MAX_LEFT_OUT:
        raise ImageError(
            f"{expected}, at most {100 * MAX_LEFT_OUT:.0f} % of it. "
            f"Received: a mask that leaves out {100 * left_out:.0f} %; is it inverted?"
        )
    return mask


def _mirrored(mask: np.ndarray) -> np.ndarray:
    """(N,) int: the pixels opposite to those of the mask, mirrored at the nearest pixel outside of it.

    Where the opposite pixel is in the mask too, or outside of the image, the nearest pixel itself.
    """
    height, width = mask.shape
    left_out = mask.astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(left_out, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    outside = np.flatnonzero(~mask)
    pixel_of = np.zeros(labels.max() + 1, int)
    pixel_of[labels.ravel()[outside]] = outside
    inside = np.flatnonzero(mask)
    nearest = pixel_of[labels.ravel()[inside]]
    y, x = 2 * (nearest // width) - inside // width, 2 * (nearest % width) - inside % width
    y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    opposite = y * width + x
    return np.asarray(np.where(mask.ravel()[opposite], nearest, opposite))
