"""Images of cameras with distortion, made from a rendered wide image without one.

The distortion models are those of sensor_msgs/CameraInfo: plumb_bob (5 coefficients), rational_polynomial
(8) and equidistant (4; a fisheye lens).
"""

from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

SUBPIXELS = 2  # along either axis, averaged to a pixel
ITERATIONS = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-10)
TOLERANCE = 0.01  # pixels; error of the inverted distortion
MARGIN = 2  # pixels of the wide image beyond the outermost ray


class Lens(NamedTuple):
    """A camera model."""

    distortion_model: str  # a name of sensor_msgs/CameraInfo
    intrinsics: np.ndarray  # (3, 3) float64, K, pixels; the centre of the first pixel is (0, 0)
    distortion: np.ndarray  # (n,) float64, D
    size: Tuple[int, int]  # width and height, pixels

    def rays(self, subpixels: int = 1) -> np.ndarray:
        """What each pixel sees.

        Args:
            subpixels: rays per pixel, along either axis.

        Returns:
            (H, W, 2) float64, x and y of the ray at depth 1; H and W times ``subpixels``.

        Raises:
            ValueError: if the model is unknown, or a pixel of the image has no ray in front of the camera.
        """
        width, height = self.size
        x, y = ((np.arange(side * subpixels) + 0.5) / subpixels - 0.5 for side in (width, height))
        pixels = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 1, 2)
        if self.distortion_model == "equidistant":
            found = cv2.fisheye.undistortPoints(pixels, self.intrinsics, self.distortion, criteria=ITERATIONS)
        elif self.distortion_model in ("plumb_bob", "rational_polynomial"):
            found = cv2.undistortPointsIter(
                pixels, self.intrinsics, self.distortion, np.eye(3), np.eye(3), ITERATIONS
            )
        else:
            raise ValueError(
                f"expected plumb_bob, rational_polynomial or equidistant. Received: {self.distortion_model!r}"
            )
        error = np.abs(self.project(np.insert(found[:, 0], 2, 1.0, axis=1)) - pixels[:, 0])
        if not (np.isfinite(found).all() and (error < TOLERANCE).all()):
            raise ValueError("expected a distortion that is invertible in the whole image. Received: another")
        return found.reshape(height * subpixels, width * subpixels, 2)

    def project(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) float64 pixels of (N, 3) points in front of the camera."""
        zero = np.zeros(3)
        points = np.asarray(points, float)[:, None]
        if self.distortion_model == "equidistant":
            return cv2.fisheye.projectPoints(points, zero, zero, self.intrinsics, self.distortion)[0][:, 0]
        return cv2.projectPoints(points, zero, zero, self.intrinsics, self.distortion)[0][:, 0]


def wide_size(lenses, focal: float) -> Tuple[int, int]:
    """Width and height, pixels, of an image without distortion that shows all that these lenses show.

    Args:
        lenses: iterable of :class:`Lens`.
        focal: focal length of the wide image, pixels.
    """
    reach = np.max([np.abs(lens.rays(SUBPIXELS)).max(axis=(0, 1)) for lens in lenses], axis=0)
    width, height = (2 * int(np.ceil(focal * side + MARGIN)) for side in reach)
    return width, height


def through(
    lens: Lens, image: np.ndarray, intrinsics: np.ndarray, depth: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """The image of a lens, from an image without distortion taken by a camera with the same pose.

    Args:
        lens: the camera model.
        image: (h, w, 3) uint8, large enough, see :func:`wide_size`.
        intrinsics: K of this image.
        depth: (h, w) float32 metres along the optical axis, of this image.

    Returns:
        (H, W, 3) uint8, and (H, W) float32 depth, which is not interpolated; None without ``depth``.
    """
    fine = cv2.remap(image, *_where(lens.rays(SUBPIXELS), intrinsics), cv2.INTER_LINEAR)
    seen = cv2.resize(fine, lens.size, interpolation=cv2.INTER_AREA)
    if depth is None:
        return seen, None
    return seen, cv2.remap(depth, *_where(lens.rays(), intrinsics), cv2.INTER_NEAREST)


def _where(rays: np.ndarray, intrinsics: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Columns and rows, float32, at which rays meet an image without distortion."""
    x = rays[..., 0] * intrinsics[0, 0] + intrinsics[0, 2]
    y = rays[..., 1] * intrinsics[1, 1] + intrinsics[1, 2]
    return x.astype(np.float32), y.astype(np.float32)
