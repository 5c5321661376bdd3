"""Scenes from rendered pairs: changes of viewpoint and light, with true depth; see render_pairs."""

import csv

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from training.features.pairs import Scene

TOLERANCE = 0.03  # of the depth: a point that is farther off is hidden in the other view


class RenderedPairs:
    """Makes scenes of rendered pairs.

    Args:
        folders: list of Path, outputs of training.features.render_pairs.
        size: height and width of a view, pixels.

    Raises:
        OSError, ValueError: if a folder has no pairs.csv, or there are no pairs.
    """

    def __init__(self, folders, size):
        self._size = size
        self._pairs = []
        for folder in folders:
            with open(folder / "pairs.csv", encoding="utf-8", newline="") as file:
                self._pairs += [(folder, row) for row in csv.DictReader(file)]
        if not self._pairs:
            raise ValueError(f"expected rendered pairs. Received: none in {', '.join(map(str, folders))}")

    def __call__(self, random):
        """A random :class:`training.features.pairs.Scene`."""
        folder, row = self._pairs[random.integers(len(self._pairs))]
        size = self._size[::-1]
        views, depths = [], []
        for letter in "ab":
            name = f"{row['pair']}_{letter}"
            image = _read(folder / "images" / f"{name}.webp", cv2.IMREAD_GRAYSCALE)
            depth = _read(folder / "depth" / f"{name}.png", cv2.IMREAD_UNCHANGED)
            views.append(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
            depths.append(cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST) / 1000.0)
        intrinsics = _scaled(row, np.array(size) / np.array(image.shape[::-1]))
        rotation = Rotation.from_quat([float(row[name]) for name in ("qx", "qy", "qz", "qw")]).as_matrix()
        translation = np.array([float(row[name]) for name in "xyz"])
        if random.random() < 0.5:
            views, depths = views[::-1], depths[::-1]
            rotation, translation = rotation.T, -rotation.T @ translation

        def transfer(points):
            depth = _at(depths[0], points)
            rays = np.c_[points, np.ones(len(points))] @ np.linalg.inv(intrinsics).T
            there = (rays * depth[:, None]) @ rotation.T + translation
            ahead = there[:, 2] > 0.1
            image_points = there @ intrinsics.T / np.where(ahead, there[:, 2], 1.0)[:, None]
            found = _at(depths[1], image_points)
            shown = np.abs(found - there[:, 2]) < TOLERANCE * there[:, 2] + 0.05
            return image_points[:, :2], ahead & (depth > 0) & (found > 0) & shown

        return Scene(views[0], views[1], transfer)


def _read(path, flags):
    image = cv2.imread(str(path), flags)
    if image is None:
        raise ValueError(f"expected an image that can be decoded. Received: '{path}'")
    return image


def _scaled(row, scale):
    """(3, 3): the intrinsics of an image resized by (x, y)."""
    fx, fy, cx, cy = (float(row[name]) for name in ("fx", "fy", "cx", "cy"))
    cx, cy = (np.array((cx, cy)) + 0.5) * scale - 0.5
    return np.array([[fx * scale[0], 0, cx], [0, fy * scale[1], cy], [0, 0, 1]])


def _at(depth, points):
    """(N,) depth at the nearest pixels, metres; 0 outside of the image and where it is not known."""
    columns, rows = np.round(np.clip(points[:, :2], -9e3, 9e3)).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < depth.shape[1]) & (rows < depth.shape[0])
    return np.where(inside, depth[np.where(inside, rows, 0), np.where(inside, columns, 0)], 0.0)
