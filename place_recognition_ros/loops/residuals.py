"""Residuals of a camera motion in pixels, with their derivatives.

Every motion is x_match = R x_query + t. Derivatives are by t (added) and by ω, a small rotation about the axes of
the match's frame: exp([ω]) R.
"""

from typing import Callable, NamedTuple, Tuple

import numpy as np

Residuals = Callable[["Motion"], Tuple[np.ndarray, np.ndarray]]
"""Motion → (N, M) residuals of N correspondences, pixels, and (N, M, 6) derivatives by t and ω.

Zero with zero derivatives: this residual does not exist.
"""


class Motion(NamedTuple):
    """x_match = rotation · x_query + translation."""

    rotation: np.ndarray  # (3, 3) float64
    translation: np.ndarray  # (3,) float64

    @property
    def inverse(self) -> "Motion":
        """x_query from x_match."""
        return Motion(self.rotation.T, -self.rotation.T @ self.translation)

    @property
    def essential(self) -> np.ndarray:
        """(3, 3): the essential matrix E with x_match · E x_query = 0."""
        return cross(self.translation) @ self.rotation


class Correspondences(NamedTuple):
    """N matched features as rays. Pixels are those of the reduced images."""

    query: np.ndarray  # (N, 3) float64, on the plane z = 1
    match: np.ndarray  # (N, 3) float64
    query_per_pixel: np.ndarray  # (N, 2, 2) float64, derivative of x and y on the plane by the pixel
    match_per_pixel: np.ndarray  # (N, 2, 2) float64
    query_depth: np.ndarray  # (N,) float64, metres; NaN: not known
    match_depth: np.ndarray  # (N,) float64, metres; NaN: not known

    def subset(self, rows: np.ndarray) -> "Correspondences":
        """Some of them."""
        return Correspondences(*[each[rows] for each in self])

    @property
    def swapped(self) -> "Correspondences":
        """Query and match exchanged."""
        return Correspondences(
            self.match, self.query, self.match_per_pixel, self.query_per_pixel,
            self.match_depth, self.query_depth,
        )  # fmt: skip


def cross(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) → (..., 3, 3): matrices that multiply as the cross product with the vectors."""
    x, y, z = np.moveaxis(np.asarray(vectors, float), -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack(row, axis=-1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return np.stack(rows, axis=-2)


def epipolar(pairs: Correspondences) -> Residuals:
    """(N, 1): Sampson's distance (Torr and Zisserman, CVIU 1997) in pixels, whatever the distortion is.

    The error of the epipolar constraint is divided by its derivative by the four pixel coordinates.
    """
    axes = cross(np.eye(3))

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        essential = motion.essential
        by_translation = axes @ motion.rotation
        by_rotation = cross(motion.translation) @ axes @ motion.rotation
        stack = np.concatenate([essential[None], by_translation, by_rotation])  # (7, 3, 3)
        lines_match = pairs.query @ stack.transpose(0, 2, 1)  # (7, N, 3)
        lines_query = pairs.match @ stack
        error = (lines_match * pairs.match).sum(axis=2)
        slopes = np.concatenate(
            [
                _times(lines_match[:, :, :2], pairs.match_per_pixel),
                _times(lines_query[:, :, :2], pairs.query_per_pixel),
            ],
            axis=2,
        )  # (7, N, 4)
        length = np.sqrt((slopes[0] ** 2).sum(axis=1)) + 1e-12
        stretch = (slopes[1:] * slopes[0]).sum(axis=2) / length
        value = error[0] / length
        return value[:, None], ((error[1:] - value * stretch) / length).T[:, None]

    return residuals


def sampson(pairs: Correspondences, essential: np.ndarray) -> np.ndarray:
    """(N,): absolute Sampson distances in pixels."""
    line_match, line_query = pairs.query @ essential.T, pairs.match @ essential
    slopes = _times(line_match[:, :2], pairs.match_per_pixel), _times(line_query[:, :2], pairs.query_per_pixel)
    length = np.sqrt(sum((each**2).sum(axis=1) for each in slopes)) + 1e-12
    return np.asarray(np.abs((line_match * pairs.match).sum(axis=1)) / length)


def _times(rows: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """(..., N, 2) rows times (N, 2, 2) matrices."""
    return (rows[..., None] * matrices).sum(axis=-2)


def into_match(points: np.ndarray, observed: np.ndarray, to_pixels: np.ndarray) -> Residuals:
    """(N, 2): points of the query's frame, projected into the match, minus where they were observed.

    Args:
        points: (N, 3).
        observed: (N, 2), on the plane z = 1.
        to_pixels: (N, 2, 2), from a difference on the plane to residuals.
    """

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        turned = points @ motion.rotation.T
        by_motion = np.concatenate([np.broadcast_to(np.eye(3), (len(points), 3, 3)), -cross(turned)], axis=2)
        return _projected(turned + motion.translation, by_motion, observed, to_pixels)

    return residuals


def into_query(points: np.ndarray, observed: np.ndarray, to_pixels: np.ndarray) -> Residuals:
    """(N, 2): points of the match's frame, projected into the query, minus where they were observed."""

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        back = motion.rotation.T
        moved = points - motion.translation
        by_motion = np.concatenate([np.broadcast_to(-back, (len(points), 3, 3)), back @ cross(moved)], axis=2)
        return _projected(moved @ motion.rotation, by_motion, observed, to_pixels)

    return residuals


def _projected(
    points: np.ndarray, by_motion: np.ndarray, observed: np.ndarray, to_pixels: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Residuals and derivatives from points in the camera's frame and their (N, 3, 6) derivatives."""
    depth = np.where(points[:, 2] > 1e-3, points[:, 2], 1e-3)  # a point behind the camera: a large error
    plane = points[:, :2] / depth[:, None]
    slope = (by_motion[:, :2] - plane[:, :, None] * by_motion[:, 2:]) / depth[:, None, None]
    values = np.matmul(to_pixels, (plane - observed)[:, :, None])[:, :, 0]
    return values, np.matmul(to_pixels, slope)


def joined(*parts: Tuple[Residuals, np.ndarray]) -> Residuals:
    """Several residuals of the same correspondences side by side.

    Args:
        parts: residuals with (N,) bool, which correspondences have them.
    """

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        values, slopes = [], []
        for part, exists in parts:
            value, slope = part(motion)
            values.append(np.where(exists[:, None], value, 0.0))
            slopes.append(np.where(exists[:, None, None], slope, 0.0))
        return np.concatenate(values, axis=1), np.concatenate(slopes, axis=1)

    return residuals
