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
from place_recognition_ros.types import FeatureKind

ALIKE = 0.7  # cosine below which two images never show one view
STILL = 0.01  # of the longer side of the image: a feature that moved less did not move
GRID = 4  # cells along the longer side
LEAST = 3  # features of a cell that has enough to be compared, and
FOUND = 0.3  # of these are at the same pixels: the cell shows the same
FEWEST = 4  # cells that are compared: a vehicle's hood alone tells nothing
WHOLE = 0.5  # of them show the same: the camera stands still. Usually all do; where it moves, at most 0.3


class Standpoint:
    """A view, to tell whether later images show it from the same viewpoint.

    Args:
        image: what represents it.
        kind: of the local features.
    """

    def __init__(self, image: Description, kind: FeatureKind) -> None:
        self._image = image
        self._kind = kind
        self._pixels = _pixels(image)
        self._cells = (GRID / image.longer_side * self._pixels).astype(int) @ np.array([1, GRID + 1])

    def similarity(self, image: Description) -> float:
        """Cosine of the global descriptors."""
        return float(self._image.descriptor @ image.descriptor)

    def shows(self, image: Description) -> bool:
        """Whether an image shows the view: the camera stands where it stood."""
        if self.similarity(image) < ALIKE or self._image.longer_side != image.longer_side:
            return False
        count = np.bincount(self._cells)
        compared = count >= LEAST
        if compared.sum() < FEWEST:
            return False
        matches = match_features(image.view.features, self._image.view.features, self._kind, False)
        shift = np.linalg.norm(_pixels(image)[matches.query] - self._pixels[matches.match], axis=1)
        still = matches.match[shift < STILL * image.longer_side]
        found = np.bincount(self._cells[still], minlength=len(count))
        return bool(np.mean(found[compared] >= FOUND * count[compared]) >= WHOLE)


class Reported:
    """The view at which a match was accepted last: it is reported once, until the camera has left it.

    Args:
        kind: of the local features.
        leaving: what it takes to leave a place.
    """

    def __init__(self, kind: FeatureKind, leaving: Leaving) -> None:
        self._kind = kind
        self._left_below = leaving.elsewhere_below(1.0)
        self._view: Optional[Tuple[Standpoint, Departure]] = None

    def begin(self, image: Description, pose: Optional[Pose]) -> None:
        """A match of an image was accepted; ``pose``: of the camera, where known."""
        self._view = Standpoint(image, self._kind), Departure(image.descriptor, pose)

    def end(self) -> None:
        """Another session begins."""
        self._view = None

    def covers(self, image: Description, now: int, pose: Optional[Pose]) -> bool:
        """Whether the next image of the trajectory shows the view again, and the camera has not left it.

        Args:
            image: what represents it.
            now: its stamp, nanoseconds.
            pose: of the camera, where known.
        """
        if self._view is None:
            return False
        standpoint, departure = self._view
        if departure.has_left(standpoint.similarity(image), self._left_below, now, pose):
            self._view = None
            return False
        return standpoint.shows(image)


def _pixels(image: Description) -> np.ndarray:
    """(N, 2) float: coordinates of the features, inside the image."""
    features = image.view.features
    pixels = np.stack([features["x"], features["y"]], axis=1).astype(float)
    return np.nan_to_num(pixels).clip(0, image.longer_side)
