"""Residuals of a camera motion in pixels, with their derivatives.

Every motion is x_match = R x_query + t. Derivatives are by t, and by a rotation vector ω about the axes
of the match's frame: exp(ω) R.
"""

from typing import Callable, NamedTuple, Sequence, Tuple

import numpy as np

from place_recognition_ros.loops.camera_model import times

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
        """(3, 3): the essential matrix E of unit translation, with x_match · E x_query = 0."""
        length = np.linalg.norm(self.translation)
        direction = self.translation / length if length > 0 else np.array((0.0, 0.0, 1.0))
        return cross(direction) @ self.rotation


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
    vectors = np.asarray(vectors, float)
    matrices = np.zeros(vectors.shape + (3,))
    matrices[..., 2, 1] = vectors[..., 0]
    matrices[..., 0, 2] = vectors[..., 1]
    matrices[..., 1, 0] = vectors[..., 2]
    return matrices - np.swapaxes(matrices, -1, -2)


_AXES = cross(np.eye(3))


def crossed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 3) cross products; faster than NumPy's."""
    (ax, ay, az), (bx, by, bz) = (np.moveaxis(each, -1, 0) for each in (a, b))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, M) twice → (N,) scalar products; several times as fast as a sum over a short axis."""
    return np.asarray(np.einsum("ni,ni->n", a, b))


def epipolar(pairs: Correspondences, weights: np.ndarray) -> Residuals:
    """(N, 1): Sampson's distance (Torr and Zisserman, CVIU 1997) in pixels, whatever the distortion is.

    The error of the epipolar constraint is divided by its derivative by the four pixel coordinates, and
    multiplied by the (N,) weights.
    """
    lines = _Lines(pairs)

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        by_translation = _AXES @ motion.rotation
        by_rotation = cross(motion.translation) @ by_translation
        errors, slopes = lines(np.concatenate([motion.essential[None], by_translation, by_rotation]))
        length = np.sqrt(np.einsum("sn,sn->n", slopes[0], slopes[0])) + 1e-12
        stretch = np.einsum("ksn,sn->kn", slopes[1:], slopes[0]) / length
        value, scale = errors[0] / length, weights / length
        return (weights * value)[:, None], ((errors[1:] - value * stretch) * scale).T[:, None]

    return residuals


def sampson(pairs: Correspondences, essential: np.ndarray) -> np.ndarray:
    """(N,): absolute Sampson distances in pixels."""
    lines, back = pairs.query @ essential.T, pairs.match @ essential
    by_match = np.einsum("nij,ni->nj", pairs.match_per_pixel, lines[:, :2])
    by_query = np.einsum("nij,ni->nj", pairs.query_per_pixel, back[:, :2])
    square = dots(by_match, by_match) + dots(by_query, by_query)
    return np.asarray(np.abs(dots(pairs.match, lines)) / (np.sqrt(square) + 1e-12))


class _Lines:
    """The epipolar constraint and its derivatives by the pixels; both are linear in the essential matrix."""

    def __init__(self, pairs: Correspondences) -> None:
        a, b = pairs.query.T, pairs.match.T  # (3, N)
        rows = [(b[:, None] * a).reshape(9, -1)]  # the match's ray is at the left of the matrix
        flat = np.zeros((2, 3, len(pairs.query)))  # derivatives of a ray by x and y of its pixel
        flat[:, :2] = pairs.match_per_pixel.transpose(2, 1, 0)
        rows += [(each[:, None] * a).reshape(9, -1) for each in flat.copy()]
        flat[:, :2] = pairs.query_per_pixel.transpose(2, 1, 0)
        rows += [(b[:, None] * each).reshape(9, -1) for each in flat]
        self._size = len(pairs.query)
        self._design = np.concatenate(rows, axis=1)  # (9, 5 N)

    def __call__(self, matrices: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """(K, 3, 3) matrices → (K, N) errors, (K, 4, N) derivatives by x and y of the match and the query."""
        every = (matrices.reshape(-1, 9) @ self._design).reshape(len(matrices), 5, self._size)
        return every[:, 0], every[:, 1:]


def into_match(points: np.ndarray, observed: np.ndarray, to_pixels: np.ndarray) -> Residuals:
    """(N, 2): points of the query's frame, projected into the match, minus where they were observed.

    Args:
        points: (N, 3).
        observed: (N, 2), on the plane z = 1.
        to_pixels: (N, 2, 2), from a difference on the plane to residuals.
    """

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        turned = points @ motion.rotation.T
        values, by_point = _projected(turned + motion.translation, observed, to_pixels)
        return values, np.concatenate([by_point, crossed(turned[:, None], by_point)], axis=2)

    return residuals


def into_query(points: np.ndarray, observed: np.ndarray, to_pixels: np.ndarray) -> Residuals:
    """(N, 2): points of the match's frame, projected into the query, minus where they were observed."""

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        moved = points - motion.translation
        values, by_point = _projected(moved @ motion.rotation, observed, to_pixels)
        by_point = by_point @ motion.rotation.T
        return values, np.concatenate([-by_point, crossed(by_point, moved[:, None])], axis=2)

    return residuals


def _projected(
    points: np.ndarray, observed: np.ndarray, to_pixels: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """(N, 2) residuals and (N, 2, 3) derivatives by the (N, 3) points in the camera's frame."""
    depth = np.where(points[:, 2] > 1e-3, points[:, 2], 1e-3)  # a point behind the camera: a large error
    plane = points[:, :2] / depth[:, None]
    slopes = to_pixels / depth[:, None, None]
    return times(to_pixels, plane - observed), np.concatenate(
        [slopes, -times(slopes, plane)[:, :, None]], axis=2
    )


def joined(parts: Sequence[Residuals]) -> Residuals:
    """Several residuals of the same correspondences side by side."""

    def residuals(motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        values, slopes = zip(*[part(motion) for part in parts])
        return np.concatenate(values, axis=1), np.concatenate(slopes, axis=1)

    return residuals


def median(values: np.ndarray) -> float:
    """The upper median; several times as fast as NumPy's for a hundred values."""
    middle = values.size // 2
    return float(np.partition(values, middle, axis=None)[middle])
