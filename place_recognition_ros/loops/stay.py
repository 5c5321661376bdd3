"""Standing still: one view of one place, however many images show it.

A camera that stands at a known place would find it again with every image. That tells a pose graph nothing
new, and fills the map with one view. Local features tell standing from moving slowly: they are at the same
pixels all over the image. Somebody who passes by covers a part of it, or all of it for a moment.
"""

from typing import Optional, Tuple

import numpy as np

from place_recognition_ros.describer import Description
from place_recognition_ros.loops.matching import match_features
from place_recognition_ros.memory.departure import Departure, Leaving
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FEATURE, FeatureKind

STILL = 0.02  # of the longer side of the image: a feature that moved less did not move
GRID = 4  # cells along either side of the image
LEAST = 3  # features of a cell that has enough to be compared, and
FOUND = 0.3  # of these are at the same pixels: the cell shows the same
FEWEST_CELLS = 4  # that are compared: a vehicle's hood alone tells nothing
WHOLE = 0.6  # of the cells that are compared show the same: the camera stands still
FEWEST = 20  # matched features that tell that the camera has moved
MOVED = 0.3  # of the matched features are at other pixels


class Stay:
    """The view in which the camera stands, until it has moved.

    Args:
        kind: of the local features.
        leaving: what it takes to leave a place.
    """

    def __init__(self, kind: FeatureKind, leaving: Leaving) -> None:
        self._kind = kind
        self._left_below = leaving.elsewhere_below(1.0)
        self._view: Optional[Departure] = None
        self._features = np.zeros(0, FEATURE)
        self.stored = False
        """Whether a keyframe of the view is in the map."""
        self.reported = False
        """Whether a match of the view was accepted."""

    def end(self) -> None:
        """The next image is the first of another stay."""
        self._view = None

    def observe(self, image: Description, now: int, pose: Optional[Pose]) -> bool:
        """Compare an image with the view of the stay; where the camera has moved, another stay begins.

        Args:
            image: what represents it.
            now: stamp of the image, nanoseconds.
            pose: of the camera, where known.

        Returns:
            Whether the image shows the view: the camera stands still.
        """
        features, descriptor = image.view.features, image.descriptor
        if self._view is not None:
            similarity = float(self._view.descriptor @ descriptor)
            left = self._view.has_left(similarity, self._left_below, now, pose)
            shown, moved = (
                self._compare(features, image.longer_side) if similarity >= self._left_below else (0.0, False)
            )
            if shown >= WHOLE or not (left or moved):
                return shown >= WHOLE
        self._view, self._features = Departure(descriptor, pose), features
        self.stored = self.reported = False
        return False

    def _compare(self, features: np.ndarray, longer_side: int) -> Tuple[float, bool]:
        """The share of the view that is at the same pixels, and whether the camera has certainly moved."""
        matches = match_features(features, self._features, self._kind)
        before, now = _pixels(self._features), _pixels(features)
        shift = np.linalg.norm(now[matches.query] - before[matches.match], axis=1)
        still = matches.match[shift < STILL * longer_side]
        moved = len(shift) >= FEWEST and len(still) <= (1 - MOVED) * len(shift)
        cells = (GRID / longer_side * before).astype(int) @ np.array([1, GRID])  # square ones
        count = np.bincount(cells)
        found = np.bincount(cells[still], minlength=len(count))
        compared = count >= LEAST
        if compared.sum() < FEWEST_CELLS:
            return 0.0, moved
        return float(np.mean(found[compared] >= FOUND * count[compared])), moved


def _pixels(features: np.ndarray) -> np.ndarray:
    """(N, 2) float: coordinates, 0 or more."""
    return np.nan_to_num(np.stack([features["x"], features["y"]], axis=1).astype(float)).clip(0, 1e5)
