"""Images of a thermal camera, made from gray images: raw counts of 14 bits, as of a FLIR Lepton or Tau 2.

The scene covers some 300 counts (about 12 K) around 7,000. Noise of 3 counts, fixed pattern of pixels and
columns, vignetting. The mean drifts while the camera warms up and jumps when its shutter closes for a
flat-field correction.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

LOW, HIGH = 6743, 7077  # counts of the coldest and the hottest part of a scene
BLUR = 0.8  # pixels: lenses for infrared are less sharp
PERSON, ENGINE = 400, 7000  # counts above the scene

Stream = Callable[[list[np.ndarray]], list[np.ndarray]]


def scene(image: np.ndarray) -> np.ndarray:
    """What a camera without noise and with 8 bits would show: (H, W) uint8 → (H, W) uint8."""
    return cv2.GaussianBlur(255 - image, (0, 0), BLUR)


class ThermalCamera:
    """A camera with its own fixed pattern.

    Args:
        shape: (H, W) of its images.
        noise: standard deviation, counts.
    """

    def __init__(self, shape: tuple[int, ...], noise: float = 3.0) -> None:
        self._random = np.random.default_rng(0)
        self._noise = noise
        height, width = shape
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        pattern = self._random.normal(0, 2, shape) + self._random.normal(0, 2, (1, width))
        self._pattern = pattern - 20 * (x * x + y * y)

    def image(
        self, gray: np.ndarray, drift: float = 0.0, hot: tuple[float, float] = (0.0, 0.0)
    ) -> np.ndarray:
        """The counts of an image.

        Args:
            gray: (H, W) uint8, the image.
            drift: counts added to all pixels.
            hot: counts and radius, by the width of the image, of a round object in its middle.

        Returns:
            (H, W) uint16.
        """
        counts = LOW + scene(gray) * ((HIGH - LOW) / 255)
        height, width = gray.shape
        mask = np.zeros(gray.shape)
        cv2.circle(mask, (width // 2, height // 2), int(hot[1] * width), (1.0,), -1)
        return self._sensed(counts + hot[0] * cv2.GaussianBlur(mask, (0, 0), 2) + drift)

    def shutter(self, drift: float = 0.0) -> np.ndarray:
        """The counts of the closed shutter, (H, W) uint16."""
        return self._sensed(np.full(self._pattern.shape, (LOW + HIGH) / 2 + drift))

    def _sensed(self, counts: np.ndarray) -> np.ndarray:
        noisy = counts + self._pattern + self._random.normal(0, self._noise, counts.shape)
        return np.clip(np.round(noisy), 0, 2**14 - 1).astype(np.uint16)


def steady(images: list[np.ndarray], noise: float = 3.0) -> list[np.ndarray]:
    camera = ThermalCamera(images[0].shape, noise)
    return [camera.image(image) for image in images]


def drifting(images: list[np.ndarray], counts: float = 800.0) -> list[np.ndarray]:
    """Warming up, by so many counts in all."""
    camera = ThermalCamera(images[0].shape)
    return [camera.image(image, counts * number / len(images)) for number, image in enumerate(images)]


def corrected(images: list[np.ndarray]) -> list[np.ndarray]:
    """A flat-field correction removes the drift of each 10 images."""
    camera = ThermalCamera(images[0].shape)
    return [camera.image(image, -60.0 * (number % 10)) for number, image in enumerate(images)]


def with_object(images: list[np.ndarray], counts: float, radius: float) -> list[np.ndarray]:
    """A hot object is in the view for the second quarter of the images; radius by the width of the image."""
    camera = ThermalCamera(images[0].shape)
    first, behind = len(images) // 4, len(images) // 2
    return [
        camera.image(image, hot=(counts, radius) if first <= number < behind else (0.0, 0.0))
        for number, image in enumerate(images)
    ]


STREAMS: dict[str, Stream] = {
    "thermal": steady,
    "thermal, noise 5": lambda images: steady(images, 5.0),
    "thermal, warming": drifting,
    "thermal, cooling": lambda images: drifting(images, -3000.0),
    "thermal, corrected": corrected,
    "thermal, person": lambda images: with_object(images, PERSON, 0.1),
    "thermal, engine": lambda images: with_object(images, ENGINE, 0.1),
}
