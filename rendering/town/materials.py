"""Tileable textures of roofs, roads and plants, generated from noise."""

import cv2
import numpy as np

from rendering.materials import SIZE, noise, tinted


def roof_tiles(rng, rows: int, columns: int, color) -> np.ndarray:
    """Overlapping tiles with round lower edges."""
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    row = np.floor(v * rows).astype(int)
    across = u * columns + (row % 2) * 0.5
    value = rng.random((rows, columns))[row, np.floor(across).astype(int) % columns]
    hump = np.sin(np.pi * (across % 1.0))
    shade = 0.72 + 0.28 * hump - 0.4 * np.clip((v * rows % 1.0) - 0.8, 0, 1) * 4
    moss = 0.06 * noise(rng, 1.9)
    return tinted(shade * (0.8 + 0.35 * value) + moss, color)


def asphalt(rng) -> np.ndarray:
    """Grey road with patches, cracks and gravel."""
    gray = 0.4 + 0.016 * noise(rng, 0.5) + 0.03 * noise(rng, 1.9)
    crack = np.abs(noise(rng, 1.7)) < 0.011
    gray = np.where(cv2.dilate(crack.astype(np.uint8), np.ones((2, 2))) > 0, gray * 0.84, gray)
    for _ in range(1):
        x, y, w, h = rng.integers([20, 20, 70, 50], [380, 400, 130, 110])
        gray[y : y + h, x : x + w] = gray[y : y + h, x : x + w] * 0.86
        cv2.rectangle(gray, (int(x), int(y)), (int(x + w), int(y + h)), (0.27,), 2)
    return tinted(gray, (1.0, 0.99, 0.97))


def grass(rng) -> np.ndarray:
    """A lawn with clover and bare spots."""
    tall = 1 + 0.16 * noise(rng, 0.6) + 0.12 * noise(rng, 1.9)
    return tinted(tall, (0.36, 0.5, 0.2))


def bark(rng) -> np.ndarray:
    """Furrowed along the trunk."""
    return tinted(0.9 + 0.22 * np.clip(noise(rng, 1.0, stretch=0.12), -2, 2), (0.42, 0.33, 0.25))


def leaves(rng, color, count: int = 700, blossoms: int = 0) -> np.ndarray:
    """The leaves of a twig: (SIZE, SIZE, 4), alpha 0 between them."""
    image = np.zeros((SIZE, SIZE, 4), np.float32)
    image[:, :, :3] = np.asarray(color) * 0.7
    for i in range(count + blossoms):
        angle, radius = rng.uniform(0, 2 * np.pi), SIZE * 0.47 * np.sqrt(rng.random())
        x, y = SIZE / 2 + radius * np.cos(angle), SIZE / 2 + radius * np.sin(angle)
        shade = rng.uniform(0.62, 1.28)
        fill = np.clip(np.asarray(color) * shade * [1, 1, rng.uniform(0.7, 1.1)], 0, 1)
        size = (int(rng.integers(11, 21)), int(rng.integers(5, 10)))
        if i >= count:
            fill, size = rng.choice([[0.95, 0.35, 0.4], [0.98, 0.85, 0.3], [0.95, 0.95, 0.98]]), (11, 11)
        ellipse = ((x, y), (size[0] * 2, size[1] * 2), float(rng.uniform(0, 180)))
        cv2.ellipse(image, ellipse, (*[float(c) for c in fill], 1.0), -1, cv2.LINE_AA)
    return image


def stripes(color, count: int = 8) -> np.ndarray:
    """An awning's cloth."""
    u = np.arange(SIZE)[None, :] / SIZE * count
    on = np.repeat((u % 1.0 < 0.5).astype(float), SIZE, 0)[:, :, None]
    return on * np.asarray(color) + (1 - on) * np.array([0.95, 0.93, 0.88])
