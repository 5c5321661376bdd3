"""Which inliers speak for a place, and which only for something that the camera sees elsewhere too.

The hood of the vehicle, a time stamp or dirt on the lens is at the same pixels in all images, and identical
points fit any geometry. A camera that really returns to the same pose sees everything at the same pixels;
one that does not sees one part of the image again, and nothing of the rest.

A poster hangs at many places, and a vehicle ahead comes along. Their points fit one scene too, but they are
close together. A place is found again over a wider part of at least one of both images: of the nearer one,
where it was seen from different distances.
"""

from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.types import View

STILL = 0.01  # of the longer side of the image: a point that moved less did not move
GRID = 4  # cells along either side of the image
LEAST = 2  # inliers, and
FOUND = 0.2  # of a cell's features: the cell is found again
WHOLE = 0.55  # of the cells: not one part of the image
FINE = 16  # cells along either side of the image: borders of an object
MOST = 0.9  # of the inliers: the others may fit by chance
OBJECT = 0.24  # of the image: what most inliers of an object need at most; those of a place need more
MARGIN = 0.1  # of the sides of an object: what is closer to it may belong to it
AROUND = 25  # features around an object that both images should show: of so many, some are found again
MOVED = 15  # matches that fit each other instead of the scene: an object that moved
BESIDE = 0.5  # of as many matches: what fits the scene in the same part of the image at most
ITERATIONS = 200

Region = Tuple[float, float, float, float]
"""Left, top, right and bottom of a part of an image, pixels."""

_FIRST, _LAST = np.triu_indices(FINE + 1, 1)  # of all ranges of rows or columns


def _small_rectangles() -> np.ndarray:
    """Indices of all pairs of a range of rows and one of columns, small enough for an object, by area."""
    area = np.outer(_LAST - _FIRST, _LAST - _FIRST).ravel() / FINE**2
    order = np.argsort(area, kind="stable")
    return np.asarray(order[: np.count_nonzero(area <= OBJECT)])


_SMALL = _small_rectangles()


class Support(NamedTuple):
    """What the inliers of two images say about a place."""

    counts: np.ndarray  # (K,) bool: the inliers that count
    still: float  # share of the inliers that are at the same pixels in both images, 0 to 1
    breadth: float  # share of the image that is found again, the lower one of both images; 0 to 1
    shift: float  # median distance between the two pixels of an inlier, of the image's longer side


def measure_support(query: View, match: View, pairs: np.ndarray) -> Support:
    """Measure how widely inliers spread over the image, and whether they moved.

    Where less than ``WHOLE`` of the image is found again, inliers that did not move do not count.
    A low breadth alone refutes nothing (the views may overlap little), but is evidence: a single object that
    is also elsewhere, such as a poster, has one.

    Args:
        query: an image.
        match: another one.
        pairs: (K, 2) int, rows of the query's and the match's features, as in ``Geometry.pairs``.

    Returns:
        The support; without pairs, the other figures are 0.
    """
    if not len(pairs):
        return Support(np.zeros(0, bool), 0.0, 0.0, 0.0)
    sides = [_Side(view, rows) for view, rows in zip((query, match), pairs.T)]
    (here, size), (there, _) = ((side.points[side.rows], side.size) for side in sides)
    moved = np.linalg.norm((here - there) * size, axis=1)
    still = moved < STILL * size.max()
    breadth = min(_breadth(side) for side in sides)
    counts = ~still if breadth < WHOLE else np.ones(len(pairs), bool)
    return Support(counts, float(still.mean()), breadth, float(np.median(moved)) / size.max())


def one_object(query: View, match: View, pairs: np.ndarray) -> Optional[Tuple[Region, Region]]:
    """Find the object that most inliers are on.

    Args:
        query: an image.
        match: another one.
        pairs: (K, 2) int, rows of the query's and the match's features, as in ``Geometry.pairs``.

    Returns:
        Where it is in the query and in the match, with a margin. None: the inliers are not close together in
        both images, or there is so little around them that it could not be found again; or without pairs.
    """
    if not len(pairs):
        return None
    here, there = (_Side(view, rows) for view, rows in zip((query, match), pairs.T))
    regions = _compact(here), _compact(there)
    if regions[0] is None or regions[1] is None:
        return None
    around = max(_around(here, there, regions[0]), _around(there, here, regions[1]))
    return (regions[0], regions[1]) if around >= AROUND else None


def moved_object(
    query: View, match: View, pairs: np.ndarray, rest: np.ndarray
) -> Optional[Tuple[Region, Region]]:
    """Find an object that moved relative to the scene, or is elsewhere: many matches that fit each other.

    Args:
        query: an image.
        match: another one.
        pairs: (K, 2) int, rows of the matched features that fit the scene.
        rest: (L, 2) int, rows of those that do not.

    Returns:
        As of :func:`one_object`. None, too, where the scene is seen in the same part of an image: there is
        no object in front of it.
    """
    if len(rest) < MOVED:
        return None
    here, there = (_Side(view, rows) for view, rows in zip((query, match), rest.T))
    seen, again = (side.points[side.rows] * side.size for side in (here, there))
    tolerance = STILL * max(here.size.max(), there.size.max())
    motion, fits = cv2.estimateAffine2D(
        seen, again, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=ITERATIONS, refineIters=0
    )
    if fits is None or np.count_nonzero(fits) < MOVED:
        return None
    regions = one_object(query, match, rest[fits.ravel() > 0])
    seen, again = (side.points[rows] * side.size for side, rows in zip((here, there), pairs.T))
    other = np.linalg.norm(seen @ motion[:, :2].T + motion[:, 2] - again, axis=1) > tolerance
    for points, region in zip((seen, again), regions or ()):
        scene = inside(region, points) & other
        if np.count_nonzero(scene) > BESIDE * np.count_nonzero(fits):
            return None
    return regions


def _compact(side: "_Side") -> Optional[Region]:
    """The smallest rectangle of cells with most inliers, enlarged, if it is small enough for an object."""
    cells = np.clip(side.points[side.rows] * FINE, 0, FINE - 1).astype(int) @ np.array([1, FINE])
    count = np.zeros((FINE + 1, FINE + 1), int)
    count[1:, 1:] = np.bincount(cells, minlength=FINE * FINE).reshape(FINE, FINE)
    count = count.cumsum(axis=0).cumsum(axis=1)
    inside = count[_LAST] - count[_FIRST]  # of all ranges of rows, from the left border to a column
    inside = (inside[:, _LAST] - inside[:, _FIRST]).ravel()[_SMALL]
    enough = inside >= MOST * len(cells)
    smallest = int(enough.argmax())
    if not enough[smallest]:
        return None
    rows, columns = divmod(int(_SMALL[smallest]), len(_FIRST))
    low, high = (np.array([edge[columns], edge[rows]]) / FINE * side.size for edge in (_FIRST, _LAST))
    margin = MARGIN * (high - low)
    return (*(low - margin).tolist(), *(high + margin).tolist())


def _around(side: "_Side", other: "_Side", region: Region) -> int:
    """How many features outside of a region should be visible in the other image.

    Where they would be there is extrapolated from the inliers by a similarity transform.
    """
    pixels = side.points[side.usable] * side.size
    outside = pixels[~inside(region, pixels)]
    seen, again = (each.points[each.rows] * each.size for each in (side, other))
    moved = carried(outside, seen, again)
    return int(np.count_nonzero(inside((0.0, 0.0, *other.size), moved)))


def inside(region: Region, points: np.ndarray) -> np.ndarray:
    """(N,) bool: which of (N, 2) points are in a region."""
    return ((points >= region[:2]) & (points <= region[2:])).all(axis=1)


def carried(points: np.ndarray, seen: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Where points of one image are in another one, extrapolated by a similarity transform.

    Args:
        points: (N, 2).
        seen: (K, 2) points of the scene in the same image.
        again: (K, 2) the same points of the scene in the other one.
    """
    first, second = (each.astype(float) @ (1, 1j) for each in (seen, again))
    moved = _similarity(first, second) * (points.astype(float) @ (1, 1j) - first.mean()) + second.mean()
    return np.stack([moved.real, moved.imag], axis=1)


def roll_between(seen: np.ndarray, again: np.ndarray) -> float:
    """The rotation, radians, of the similarity transform from (K, 2) points to the same points elsewhere."""
    return float(np.angle(_similarity(*(each.astype(float) @ (1, 1j) for each in (seen, again)))))


def _similarity(first: np.ndarray, second: np.ndarray) -> complex:
    """Zoom and rotation from (K,) points of the complex plane to others."""
    offset, other_offset = first - first.mean(), second - second.mean()
    return complex(np.vdot(offset, other_offset) / max(float(np.vdot(offset, offset).real), 1e-9))


class _Side:
    """The features of one image in units of its sides; without a camera, of the extent of the features."""

    def __init__(self, view: View, rows: np.ndarray) -> None:
        pixels = np.stack([view.features["x"], view.features["y"]], axis=1).astype(float)
        self.rows = rows
        self.usable = np.isfinite(pixels).all(axis=1)
        self.size = _size(view, pixels[self.usable])
        self.points = np.where(self.usable[:, None], pixels / self.size, -1.0)


def _size(view: View, pixels: np.ndarray) -> np.ndarray:
    if view.camera is not None and min(view.camera.width, view.camera.height) > 0:
        return np.array([view.camera.width, view.camera.height], float)
    return np.maximum(pixels.max(axis=0, initial=1.0), 1.0) + 1.0


def _breadth(side: _Side) -> float:
    """Share of all cells: blank ones count, because a hood below a blank wall is all that is found again."""
    cells = np.clip(side.points * GRID, 0, GRID - 1).astype(int) @ np.array([1, GRID])
    everything = np.bincount(cells[side.usable], minlength=GRID * GRID)
    found = np.bincount(cells[side.rows], minlength=GRID * GRID)
    return float(np.mean((found >= LEAST) & (found >= FOUND * everything)))
