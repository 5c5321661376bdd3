"""Tileable textures of building materials, generated from noise."""

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


def plain() -> np.ndarray:
    """White, to be tinted."""
    return np.full((SIZE, SIZE, 3), 0.95)
