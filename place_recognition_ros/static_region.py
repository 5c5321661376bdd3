"""Learns which part of the image never changes while the camera moves: a hood, an arm, a burnt-in time stamp.

Such a part has the same gradients in views that differ elsewhere. Two kinds of structure only look like it.
Lines that run towards the vanishing point of a straight corridor stay in place, but in one direction only:
a static cell needs gradients in two. The end of the corridor and distant hills stay for a while, but in the
middle of the image: what is mounted on the robot, or burnt in, reaches the border or is close to it.
"""

from typing import Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.poses import Pose, has_moved

LONGER_SIDE = 160  # pixels of the reduced image that is examined
CELL = 8  # pixels of it
NEEDED = 12  # different views until a region is known
MEMORY = 20  # views over which gradients are averaged
NOISE = 12.0  # of a Sobel gradient; smaller ones count little
ALIKE, STILL_ALIKE = 0.95, 0.8  # length of the mean gradient by its RMS: static; and until it is forgotten
LEAST_POWER = 0.15  # mean squared gradient, by that of a strong edge
LEAST_STRUCTURE = 0.02  # smaller eigenvalue of a cell's structure tensor
LEAST_GRADIENT = 0.05  # trace of it; mean squared gradient of a cell that can change
CHANGED_BELOW = 0.5  # correlation with the view before
DIFFERENT = 0.25  # of the cells have changed: another view
MAX_SHARE = 0.55  # of the image; the camera stands still where more seems static
MIN_CELLS = 2


class StaticRegion:
    """The static part of the images of one camera, learned at constant cost."""

    def __init__(self) -> None:
        self._last: Optional[np.ndarray] = None  # (2, h, w) float32, gradients of the last different view
        self._pose: Optional[Pose] = None  # of that view
        self._mean = np.zeros((3, 0, 0), np.float32)  # of the gradient's x and y, and of its square
        self._views = 0
        self._cells = np.zeros((0, 0), bool)

    @property
    def cells(self) -> np.ndarray:
        """(rows, columns) bool: the static cells of a grid over the image; all False while unsure."""
        sure = np.count_nonzero(self._cells) <= MAX_SHARE * self._cells.size
        return self._cells if sure else np.zeros_like(self._cells)

    def observe(self, image: np.ndarray, pose: Optional[Pose] = None) -> None:
        """Learn from the next image; one of another shape begins again.

        Args:
            image: (H, W, 3) uint8 BGR or (H, W) uint8 gray.
            pose: of the camera or its robot, where known: a robot that stands learns nothing.
        """
        view = _gradients(image)
        if self._last is None or self._last.shape != view.shape:
            self._last, self._pose, self._views = view, pose, 0
            self._mean = np.zeros((3, *view.shape[1:]), np.float32)
            self._cells = np.zeros([side // CELL for side in view.shape[1:]], bool)
        if not _is_different(view, self._last) or not has_moved(pose, self._pose):
            return
        self._last, self._pose = view, pose
        self._views += 1
        weight = max(1 / MEMORY, 1 / self._views)
        self._mean[:2] += weight * (view - self._mean[:2])
        self._mean[2] += weight * (_square(view) - self._mean[2])
        if self._views >= NEEDED:
            self._cells = self._static()

    def _static(self) -> np.ndarray:
        """(rows, columns) bool: cells that became static, and those that still are."""
        strong, near = self._cells_above(ALIKE)
        still, _ = self._cells_above(STILL_ALIKE)
        found = _at_border(strong | (self._cells & still))
        around = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return found | (near & around)

    def _cells_above(self, alike: float) -> Tuple[np.ndarray, np.ndarray]:
        """Cells whose constant gradients have two directions, and those with one or two; (rows, columns)."""
        x, y, power = self._mean
        constant = (power > LEAST_POWER) & (x * x + y * y > alike * alike * power)
        x, y = x * constant, y * constant
        xx, yy, xy = _cell_means(x * x), _cell_means(y * y), _cell_means(x * y)
        smaller = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
        return smaller > LEAST_STRUCTURE, xx + yy > LEAST_GRADIENT


def _gradients(image: np.ndarray) -> np.ndarray:
    """(2, h, w) float32: gradients of the reduced image; a strong one has length 1, noise has almost 0."""
    height, width = image.shape[:2]
    scale = LONGER_SIDE / max(height, width)
    rows, columns = (max(4, round(scale * side / CELL)) * CELL for side in (height, width))
    small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    gray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    view = np.stack([cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)])
    return np.asarray(view / (np.sqrt(_square(view)) + np.float32(NOISE)))


def _square(view: np.ndarray) -> np.ndarray:
    return np.asarray(view[0] * view[0] + view[1] * view[1])


def _cell_means(values: np.ndarray) -> np.ndarray:
    rows, columns = values.shape
    return cv2.resize(values, (columns // CELL, rows // CELL), interpolation=cv2.INTER_AREA)


def _is_different(view: np.ndarray, last: np.ndarray) -> bool:
    """Whether enough of the image has changed."""
    here, there = _cell_means(_square(view)), _cell_means(_square(last))
    common = _cell_means(view[0] * last[0] + view[1] * last[1])
    textured = np.maximum(here, there) > LEAST_GRADIENT
    changed = textured & (common < CHANGED_BELOW * np.sqrt(here * there))
    return bool(changed.mean() >= DIFFERENT)


def _at_border(cells: np.ndarray) -> np.ndarray:
    """The cells, with the gaps between them closed, of regions that touch the border."""
    closed = cv2.morphologyEx(cells.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    touching = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    kept = np.zeros(count, bool)
    kept[touching] = statistics[touching, cv2.CC_STAT_AREA] >= MIN_CELLS
    kept[0] = False
    return np.asarray(kept[labels])
