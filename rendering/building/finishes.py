"""Textures of floors, ceilings, walls and doors; white ones are to be tinted."""

import cv2
import numpy as np

from rendering.materials import SIZE, courses, noise, tinted
from rendering.painting import paper, rectangle, write

DARK = (0.12, 0.12, 0.13)


def wood(rng, contrast: float = 1.0) -> np.ndarray:
    """Veneer with vertical grain, in four boards."""
    grain = 0.06 * np.clip(noise(rng, 1.2, stretch=16.0), -2, 2) + 0.02 * noise(rng, 0.6, stretch=10.0)
    board = np.repeat(rng.uniform(0.9, 1.05, 4), SIZE // 4)[None, :]
    return tinted(np.clip((0.86 + contrast * grain) * board, 0, 1), (1, 1, 1))


def carpet(rng) -> np.ndarray:
    """Carpet tiles, two by two, with loops and stains."""
    pile = 0.05 * noise(rng, 0.2) + 0.05 * noise(rng, 1.3) + 0.03 * noise(rng, 2.2)
    half = SIZE // 2
    rows, columns = np.mgrid[:SIZE, :SIZE] // half
    stripe = 0.06 * np.sin(np.mgrid[:SIZE, :SIZE] * 0.55)
    woven = np.where((rows + columns) % 2 == 0, stripe[0], stripe[1])
    return tinted(np.clip(0.75 + pile + woven * rng.uniform(0.2, 1.2), 0, 1), (1, 1, 1))


def stone_tiles(rng) -> np.ndarray:
    """Polished tiles, four by four, with veins."""
    value, inside = courses(rng, 4, 4, 2.0, 0.0)
    veins = 0.05 * np.exp(-np.abs(noise(rng, 1.8)) * 6)
    gray = 0.86 + 0.05 * (value - 0.5) + 0.015 * noise(rng, 1.0) - veins
    return tinted(np.clip(gray * (0.78 + 0.22 * inside), 0, 1), (1, 1, 1))


def linoleum(rng) -> np.ndarray:
    """Speckles, scuff marks and stains."""
    speckles = np.clip(np.abs(noise(rng, 0.4)) - 1.6, 0, 1) * rng.choice([-0.5, 0.35])
    gray = np.ascontiguousarray(0.8 + 0.02 * noise(rng, 1.9) + speckles)
    for _ in range(25):
        x, y, dx, dy = rng.integers([0, 0, -60, -15], [SIZE, SIZE, 60, 15])
        cv2.line(gray, (int(x), int(y)), (int(x + dx), int(y + dy)), (0.66,), 1, cv2.LINE_AA)
    return tinted(np.clip(gray, 0, 1), (1, 1, 1))


def parquet(rng) -> np.ndarray:
    """Boards along the vertical axis with staggered ends."""
    value, inside = courses(rng, 16, 3, 1.5, 0.5)
    grain = 0.07 * np.clip(noise(rng, 1.2, stretch=9.0), -2, 2)
    gray = (0.72 + 0.22 * value + grain) * (0.7 + 0.3 * inside)
    return tinted(np.clip(gray.T, 0, 1), (1, 1, 1))


def terrazzo(rng) -> np.ndarray:
    """Chips of many stones."""
    image = paper((0.8, 0.79, 0.77))
    for _ in range(900):
        spots = rng.normal(rng.uniform(0, SIZE, 2), rng.uniform(2, 7), (5, 2)).astype(np.int32)
        tone = rng.choice([[0.5, 0.48, 0.46], [0.68, 0.6, 0.52], [0.92, 0.91, 0.88], [0.4, 0.42, 0.45]])
        cv2.fillConvexPoly(image, cv2.convexHull(spots), tuple(map(float, tone)), cv2.LINE_AA)
    rectangle(image, 0, 0, 1, 1, (0.45, 0.42, 0.36), 5)
    return image


def ceiling_tiles(rng) -> np.ndarray:
    """Mineral-fibre tiles, two by two, in a visible grid."""
    fissures = np.clip(np.abs(noise(rng, 0.7)) - 1.5, 0, 1) * 0.3
    value = np.kron(rng.uniform(-0.03, 0.03, (2, 2)), np.ones((SIZE // 2, SIZE // 2)))
    gray = 0.92 + value + 0.012 * noise(rng, 2.0) - fissures
    for k in (0, SIZE // 2):
        gray[k : k + 9], gray[:, k : k + 9] = 0.98, 0.98
        gray[k + 9 : k + 12], gray[:, k + 9 : k + 12] = 0.6, 0.6
    return tinted(np.clip(gray, 0, 1), (1, 1, 1))


def slats(rng) -> np.ndarray:
    """Narrow metal or wooden strips with dark gaps, along the vertical axis."""
    across = np.arange(SIZE)[None, :] / SIZE * 10
    value = rng.uniform(0.85, 1.0, 10)[np.floor(across).astype(int)]
    gap = np.where(across % 1.0 < 0.16, 0.25, 1.0)
    grain = 0.03 * np.clip(noise(rng, 1.2, stretch=12.0), -2, 2)
    return tinted(np.clip((0.9 + grain) * value * gap, 0, 1), (1, 1, 1))


def concrete(rng) -> np.ndarray:
    """Cast panels with bubbles, stains and tie holes."""
    gray = np.ascontiguousarray(0.8 + 0.035 * noise(rng, 1.9) + 0.015 * noise(rng, 0.6))
    for _ in range(160):
        x, y = rng.integers(0, SIZE, 2)
        cv2.circle(gray, (int(x), int(y)), int(rng.integers(1, 3)), (0.6,), -1, cv2.LINE_AA)
    for x in (0.2, 0.8):
        for y in (0.25, 0.75):
            cv2.circle(gray, (int(x * SIZE), int(y * SIZE)), 7, (0.45,), -1, cv2.LINE_AA)
    gray[:3], gray[:, :3] = 0.55, 0.55
    return tinted(np.clip(gray, 0, 1), (1, 1, 1))


def blocks(rng) -> np.ndarray:
    """Painted masonry: shallow joints."""
    value, inside = courses(rng, 8, 4, 4.0)
    gray = (0.88 + 0.03 * (value - 0.5) + 0.02 * noise(rng, 0.9)) * (0.86 + 0.14 * inside)
    return tinted(np.clip(gray, 0, 1), (1, 1, 1))


def door_leaf(rng, wooden, glazed: bool) -> np.ndarray:
    """A door leaf: veneer, or paint if ``wooden`` is None; handle on the right, kick plate, perhaps glass."""
    image = paper((0.9, 0.9, 0.9)) if wooden is None else wooden.astype(np.float32).copy()
    image *= 1 + 0.02 * noise(rng, 1.5)[:, :, None].astype(np.float32)
    rectangle(image, 0, 0, 1, 1, image.mean(axis=(0, 1)) * 0.6, 6)
    if glazed:
        left, right = (0.62, 0.78) if rng.random() < 0.6 else (0.2, 0.8)
        rectangle(image, left, 0.12, right, 0.5, (0.2, 0.23, 0.26))
        rectangle(image, left, 0.12, right, 0.5, (0.5, 0.5, 0.5), 8)
        rectangle(image, left + 0.03, 0.2, left + 0.06, 0.4, (0.45, 0.5, 0.52))
    if rng.random() < 0.5:
        rectangle(image, 0.03, 0.9, 0.97, 0.985, (0.62, 0.62, 0.63))
        rectangle(image, 0.03, 0.9, 0.97, 0.985, (0.45, 0.45, 0.45), 2)
    rectangle(image, 0.88, 0.48, 0.95, 0.6, (0.7, 0.7, 0.7))
    rectangle(image, 0.78, 0.515, 0.93, 0.53, (0.85, 0.85, 0.85))
    rectangle(image, 0.78, 0.53, 0.93, 0.536, (0.25, 0.25, 0.25))
    cv2.circle(image, (int(0.915 * SIZE), int(0.575 * SIZE)), 9, DARK, -1, cv2.LINE_AA)
    return image


def steel(rng) -> np.ndarray:
    """Brushed steel: a lift's two doors."""
    gray = 0.66 + 0.02 * np.clip(noise(rng, 0.8, stretch=30.0), -2, 2)
    gray[:, SIZE // 2 - 3 : SIZE // 2 + 3] = 0.2
    return tinted(gray, (1, 1.0, 1.02))


def grille(count: int = 9) -> np.ndarray:
    """An air vent with horizontal fins."""
    image = paper((0.86, 0.86, 0.85))
    for i in range(count):
        rectangle(
            image, 0.08, 0.09 + 0.84 * i / count, 0.92, 0.09 + 0.84 * (i + 0.55) / count, (0.2, 0.2, 0.2)
        )
    rectangle(image, 0, 0, 1, 1, (0.6, 0.6, 0.6), 8)
    return image


def diffuser() -> np.ndarray:
    """A square ceiling outlet: nested frames."""
    image = paper((0.9, 0.9, 0.9))
    for i in range(5):
        edge = 0.04 + 0.09 * i
        rectangle(image, edge, edge, 1 - edge, 1 - edge, (0.35, 0.35, 0.36), 14)
    return image


def lamp_panel(cells: int) -> np.ndarray:
    """A luminaire: bright fields between louvres."""
    image = paper((1.0, 1.0, 1.0))
    for i in range(1, cells):
        rectangle(image, i / cells - 0.015, 0, i / cells + 0.015, 1, (0.75, 0.75, 0.76))
    rectangle(image, 0, 0, 1, 1, (0.7, 0.7, 0.7), 18)
    return image


def exit_sign() -> np.ndarray:
    """A green escape sign: a running figure, an arrow, a door."""
    green, white = (0.05, 0.55, 0.3), (0.95, 1.0, 0.95)
    image = paper(green)
    rectangle(image, 0.66, 0.15, 0.92, 0.88, white)
    rectangle(image, 0.71, 0.24, 0.92, 0.88, green)
    cv2.circle(image, (int(0.5 * SIZE), int(0.25 * SIZE)), 34, white, -1, cv2.LINE_AA)
    limbs = ((0.48, 0.36, 0.42, 0.6), (0.42, 0.6, 0.52, 0.85), (0.42, 0.6, 0.28, 0.75), (0.47, 0.4, 0.6, 0.5))
    for x0, y0, x1, y1 in limbs:
        ends = [(int(x * SIZE), int(y * SIZE)) for x, y in ((x0, y0), (x1, y1))]
        cv2.line(image, ends[0], ends[1], white, 36, cv2.LINE_AA)
    tip = np.array([[0.06, 0.5], [0.2, 0.34], [0.2, 0.66]]) * SIZE
    cv2.fillConvexPoly(image, tip.astype(np.int32), white, cv2.LINE_AA)
    return image


def warning(rng, word: str, color) -> np.ndarray:
    """A coloured sign with a word and a symbol."""
    image = paper(color)
    rectangle(image, 0.03, 0.03, 0.97, 0.97, (0.97, 0.97, 0.95), 10)
    spots = rng.uniform(0.25, 0.75, (6, 2)) * (SIZE, SIZE * 0.75)
    cv2.fillPoly(image, [cv2.convexHull(spots.astype(np.int32))], (0.97, 0.97, 0.95), cv2.LINE_AA)
    write(image, word, (0.5, 0.8), 0.8, (0.97, 0.97, 0.95), 0.2)
    return image


def switch(rng) -> np.ndarray:
    """A light switch or socket on its plate."""
    image = paper((0.93, 0.93, 0.91))
    rectangle(image, 0, 0, 1, 1, (0.5, 0.5, 0.5), 22)
    if rng.random() < 0.5:
        rectangle(image, 0.25, 0.2, 0.75, 0.8, (0.75, 0.75, 0.74), 14)
    else:
        cv2.circle(image, (SIZE // 2, SIZE // 2), 150, (0.7, 0.7, 0.7), 22, cv2.LINE_AA)
        for x in (0.38, 0.62):
            cv2.circle(image, (int(x * SIZE), SIZE // 2), 26, DARK, -1, cv2.LINE_AA)
    return image


def facade(rng) -> np.ndarray:
    """A house across the street: rows of windows."""
    wall = rng.uniform(0.45, 0.8) * np.array([1.0, rng.uniform(0.88, 1.0), rng.uniform(0.75, 1.02)])
    image = paper(wall) * (1 + 0.03 * noise(rng, 1.5)[:, :, None]).astype(np.float32)
    rows, columns = int(rng.integers(4, 8)), int(rng.integers(4, 9))
    for i in range(rows):
        for j in range(columns):
            glass = rng.uniform(0.12, 0.5) * np.array([0.85, 0.95, 1.0])
            x, y = (j + 0.18) / columns, (i + 0.2) / rows
            rectangle(image, x, y, x + 0.64 / columns, y + 0.62 / rows, glass)
            rectangle(image, x, y, x + 0.64 / columns, y + 0.62 / rows, wall * 0.6, 3)
    return image
