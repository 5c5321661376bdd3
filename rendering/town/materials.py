"""Tileable textures of building materials, generated from noise."""

import cv2
import numpy as np

SIZE = 512  # width and height, pixels


def noise(rng: np.random.Generator, slope: float = 1.5, stretch: float = 1.0) -> np.ndarray:
    """Periodic noise with a power-law spectrum, (SIZE, SIZE) float, mean 0, deviation 1."""
    fy = np.fft.fftfreq(SIZE)[:, None] * stretch
    fx = np.fft.fftfreq(SIZE)[None, :]
    radius = np.hypot(fx, fy)
    radius[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((SIZE, SIZE))) / radius**slope
    spectrum[0, 0] = 0
    field = np.fft.ifft2(spectrum).real
    return field / field.std()


def tinted(gray: np.ndarray, color) -> np.ndarray:
    """(SIZE, SIZE) brightness around 1 → (SIZE, SIZE, 3) of that colour, sRGB 0–1."""
    return np.clip(gray[:, :, None] * np.asarray(color, float), 0, 1)


def courses(rng, rows: int, columns: int, joint: float, shift: float = 0.5):
    """Masonry: the cell of each pixel, and its distance from the joints.

    Returns:
        (SIZE, SIZE) value of each cell in 0–1, (SIZE, SIZE) 0 in the joint … 1 in the stone.
    """
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    row = np.floor(v * rows).astype(int)
    across = u * columns + (row % 2) * shift
    column = np.floor(across).astype(int) % columns
    value = rng.random((rows, columns))[row, column]
    cell_w, cell_h = SIZE / columns, SIZE / rows
    fu, fv = across % 1.0 * cell_w, v * rows % 1.0 * cell_h
    edge = np.minimum(np.minimum(fu, cell_w - fu), np.minimum(fv, cell_h - fv))
    return value, np.clip(edge / joint - 0.35, 0, 1)


def masonry(rng, rows, columns, joint, stone, mortar, spread, shift=0.5) -> np.ndarray:
    """Bricks, blocks, slabs or cobbles: cells of ``stone`` colour ± ``spread`` in ``mortar``."""
    value, inside = courses(rng, rows, columns, joint, shift)
    grain = 1 + 0.06 * noise(rng, 0.6) + 0.05 * noise(rng, 1.8)
    face = tinted((1 + spread * (value - 0.5) * 2) * grain, stone)
    joints = tinted(grain, mortar)
    return joints + inside[:, :, None] * (face - joints)


def plaster(rng) -> np.ndarray:
    """Painted rendering with stains; white, to be tinted."""
    stain = 0.045 * noise(rng, 2.0) + 0.03 * noise(rng, 0.7)
    streak = 0.02 * np.clip(noise(rng, 1.4, stretch=0.12), -2, 2)
    return tinted(np.clip(0.9 + stain + streak, 0, 1), (1, 1, 1))


def planks(rng, boards: int) -> np.ndarray:
    """Horizontal boards; white, to be tinted."""
    v = np.arange(SIZE)[:, None] / SIZE * boards
    value = rng.random(boards)[np.floor(v).astype(int)]
    lap = np.clip((v % 1.0) * 9, 0, 1) * 0.45 + 0.55
    grain = 0.05 * np.clip(noise(rng, 1.1, stretch=9.0), -2, 2)
    return tinted(np.clip((0.82 + 0.14 * value) * lap + grain, 0, 1), (1, 1, 1))


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


def plain() -> np.ndarray:
    """White, to be tinted."""
    return np.full((SIZE, SIZE, 3), 0.95)
