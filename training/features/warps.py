"""Scenes from single images: two views of one image through random homographies; and of no image."""

import cv2
import numpy as np

from training.features.pairs import Scene


class WarpedImages:
    """Makes scenes of images.

    Args:
        sources: list of pairs: a share, and images, a list of (H, W) uint8 gray.
        size: height and width of a view, pixels.
    """

    def __init__(self, sources, size):
        shares, self._sources = zip(*sources)
        self._shares, self._size = np.array(shares) / sum(shares), size

    def __call__(self, random):
        """A random :class:`training.features.pairs.Scene`."""
        images = self._sources[random.choice(len(self._sources), p=self._shares)]
        image = images[random.integers(len(images))]
        if random.random() < 0.5:
            image = image[:, ::-1]
        height, width = self._size
        scale = min(image.shape[0] / height, image.shape[1] / width) * random.uniform(0.6, 1.1)
        room = np.maximum(0, np.array(image.shape[::-1]) - scale * np.array((width, height)))
        centre = np.array(image.shape[::-1]) / 2 + room * random.uniform(-0.5, 0.5, 2)
        far = random.random()  # how different both views are
        quads = [self._quad(centre, scale, amount, random) for amount in (0.3 * far, far)]
        one, two = (self._view(image, quad) for quad in quads)
        first, second = (cv2.getPerspectiveTransform(self._corners(), quad) for quad in quads)
        homography = np.linalg.inv(second) @ first

        def transfer(points):
            there = cv2.perspectiveTransform(points[None], homography)[0]
            source = cv2.perspectiveTransform(points[None], first)[0]
            return there, _inside(there, (height, width)) & _inside(source, image.shape)

        return Scene(one, two, transfer)

    def _corners(self):
        height, width = self._size
        return np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)

    def _quad(self, centre, scale, amount, random):
        """(4, 2) float32: the corners of a view in the image."""
        corners = self._corners() - (np.array(self._size[::-1], np.float32) - 1) / 2
        turn = amount * random.normal(0, 45 if random.random() < 0.2 else 14)
        stretch = np.exp(amount * random.normal(0, 0.3, 2))
        zoom = scale * np.exp(amount * random.normal(0, 0.4))
        rotation = cv2.getRotationMatrix2D((0, 0), turn, 1.0)[:, :2]
        corners = (corners * stretch) @ rotation.T * zoom
        extent = zoom * np.array(self._size[::-1])
        corners = corners + amount * random.uniform(-0.16, 0.16, (4, 2)) * extent  # perspective
        return (corners + centre + amount * random.uniform(-0.25, 0.25, 2) * extent).astype(np.float32)

    def _view(self, image, quad):
        shrinks = np.sqrt(cv2.contourArea(quad) / (self._size[0] * self._size[1]))
        if shrinks > 1.2:
            image = cv2.GaussianBlur(image, (0, 0), 0.45 * shrinks)  # against aliasing
        homography = cv2.getPerspectiveTransform(self._corners(), quad)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = self._size[::-1]
        return cv2.warpPerspective(image, homography, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)


class BlankViews:
    """Makes scenes without anything to see: a covered lens, fog, a wall, the sky.

    The teacher finds next to nothing there; noise must not change that.

    Args:
        size: height and width of a view, pixels.
    """

    def __init__(self, size):
        self._size = size

    def __call__(self, random):
        """A random :class:`training.features.pairs.Scene`; no point of it is visible twice."""
        return Scene(
            self._view(random), self._view(random), lambda points: (points, np.zeros(len(points), bool))
        )

    def _view(self, random):
        knots = random.uniform(0, 255) + random.uniform(0, 80) * random.uniform(
            -1, 1, random.integers(1, 4, 2)
        )
        view = cv2.resize(knots.astype(np.float32), self._size[::-1], interpolation=cv2.INTER_CUBIC)
        return np.clip(view, 0, 255).astype(np.uint8)


def _inside(points, size):
    """(N,) bool: whether points are inside an image of (height, width)."""
    return ((points >= 0) & (points <= np.array(size[1::-1]) - 1)).all(axis=1)
