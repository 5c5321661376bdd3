"""What hangs on walls, painted: posters, notices, photographs, plans."""

import cv2
import numpy as np

from rendering.materials import SIZE, noise
from rendering.painting import paper, random_color, rectangle, write

INK = (0.12, 0.12, 0.15)
WORDS = (
    "SAFETY", "MEETING", "LAB", "TEAM", "NEWS", "FIRE", "RULES", "MENU", "EVENTS", "STAFF", "SALE", "RUN",
    "CHOIR", "VISION", "ROBOTS", "OPEN DAY", "SUMMER", "CLEAN DESK", "RECYCLE", "SEMINAR", "HEALTH", "YOGA",
)  # fmt: skip
WHITES = ((0.97, 0.97, 0.95), (0.95, 0.93, 0.85), (0.9, 0.94, 0.97), (0.97, 0.95, 0.7), (0.85, 0.93, 0.85))


def lines(rng, image, x0, y0, x1, y1, pitch=0.03, ink=INK) -> None:
    """Words of a text, as bars, in a part of the image (fractions)."""
    y = y0
    while y < y1:
        x, end = x0, x1 if rng.random() < 0.8 else x0 + (x1 - x0) * rng.uniform(0.2, 0.8)
        while x < end:
            word = rng.uniform(0.5, 2.4) * pitch
            rectangle(image, x, y, min(x + word, end), y + pitch * rng.uniform(0.35, 0.5), ink)
            x += word + 0.3 * pitch
        y += pitch


def photograph(rng) -> np.ndarray:
    """A landscape: sky, hills, a foreground."""
    low, high = np.array(random_color(rng, (0.1, 0.6), (0.6, 1.0))), np.array(random_color(rng))
    share = np.linspace(0, 1, SIZE)[:, None, None]
    image = ((1 - share) * high + share * low + 0 * paper(0)).astype(np.float32)
    field = noise(rng, 1.3)
    image *= (1 + 0.06 * field)[:, :, None]
    base = rng.uniform(0.3, 0.5)
    for _ in range(int(rng.integers(3, 6))):
        steps = np.cumsum(rng.standard_normal(SIZE))
        edge = SIZE * (base + 0.06 * (steps - np.linspace(0, steps[-1], SIZE)) / (steps.std() + 1e-6))
        tone = np.array(random_color(rng, (0.2, 0.8), (0.1, 0.7)))
        below = np.arange(SIZE)[:, None] > edge[None, :]
        ground = tone * (1 + 0.15 * np.roll(field, int(rng.integers(SIZE)), 0)[:, :, None])
        image = np.where(below[:, :, None], ground, image).astype(np.float32)
        base += rng.uniform(0.1, 0.2)
    for _ in range(int(rng.integers(0, 9))):
        x, y, size = rng.uniform(0.05, 0.9), rng.uniform(0.4, 0.8), rng.uniform(0.03, 0.15)
        rectangle(
            image,
            x,
            y,
            x + size * rng.uniform(0.4, 1.5),
            y + size,
            random_color(rng, (0.1, 0.8), (0.1, 0.95)),
        )
    return image


def notice(rng) -> np.ndarray:
    """A sheet with a headline and text, perhaps an image."""
    image = paper(WHITES[rng.integers(len(WHITES))])
    color = random_color(rng, (0.5, 0.95), (0.3, 0.8))
    if rng.random() < 0.5:
        rectangle(image, 0, 0, 1, 0.2, color)
        write(image, str(rng.choice(WORDS)), (0.5, 0.1), 0.85, (0.97, 0.97, 0.97), 0.12)
    else:
        write(image, str(rng.choice(WORDS)), (0.5, 0.12), 0.85, color, 0.13)
    middle = rng.uniform(0.35, 0.65)
    if rng.random() < 0.6:
        _inset(image, photograph(rng), 0.1, 0.26, 0.9, middle)
    else:
        lines(rng, image, 0.08, 0.26, 0.92, middle, 0.045)
    lines(rng, image, 0.08, middle + 0.05, 0.92, 0.93, rng.uniform(0.025, 0.05))
    return image


def scientific(rng) -> np.ndarray:
    """A conference poster: a title, columns, diagrams."""
    image = paper((0.96, 0.96, 0.96))
    color = random_color(rng, (0.5, 0.9), (0.25, 0.6))
    rectangle(image, 0, 0, 1, 0.15, color)
    lines(rng, image, 0.06, 0.03, 0.94, 0.12, 0.045, (0.97, 0.97, 0.97))
    columns = int(rng.integers(2, 4))
    for i in range(columns):
        x0, x1, y = (i + 0.06) / columns, (i + 0.94) / columns, 0.18
        while y < 0.9:
            low = min(y + rng.uniform(0.12, 0.25), 0.97)
            if rng.random() < 0.45:
                _inset(image, photograph(rng) if rng.random() < 0.4 else chart(rng), x0, y, x1, low)
            else:
                rectangle(image, x0, y, x1, y + 0.025, color)
                lines(rng, image, x0, y + 0.035, x1, low, 0.018)
            y = low + 0.03
    return image


def chart(rng) -> np.ndarray:
    """Bars or curves on axes."""
    image = paper((1, 1, 1))
    count = int(rng.integers(4, 9))
    colors = [random_color(rng, (0.5, 1), (0.4, 0.9)) for _ in range(3)]
    if rng.random() < 0.5:
        for i in range(count):
            rectangle(
                image,
                (i + 0.7) / (count + 1),
                rng.uniform(0.1, 0.8),
                (i + 1.3) / (count + 1),
                0.9,
                colors[i % 3],
            )
    else:
        for color in colors:
            heights = np.cumsum(rng.normal(0, 0.12, count)) + 0.5
            spots = np.stack([np.linspace(0.1, 0.95, count), np.clip(heights, 0.08, 0.88)], 1) * SIZE
            cv2.polylines(image, [spots.astype(np.int32)], False, color, 14, cv2.LINE_AA)
    rectangle(image, 0.08, 0.05, 0.095, 0.92, INK)
    rectangle(image, 0.08, 0.9, 0.97, 0.92, INK)
    return image


def advertisement(rng) -> np.ndarray:
    """Shapes in strong colours and a word."""
    image = paper(random_color(rng, (0.1, 0.9), (0.4, 0.95)))
    for _ in range(int(rng.integers(4, 9))):
        color = random_color(rng, (0.3, 0.95), (0.15, 0.95))
        if rng.random() < 0.5:
            middle = tuple(int(c) for c in rng.integers(0, SIZE, 2))
            cv2.circle(image, middle, int(rng.integers(30, 150)), color, -1, cv2.LINE_AA)
        else:
            spots = (rng.random((4, 2)) * SIZE).astype(np.int32)
            cv2.fillConvexPoly(image, cv2.convexHull(spots), color, cv2.LINE_AA)
    ink = (0.98, 0.98, 0.95) if image.mean() < 0.55 else (0.06, 0.06, 0.1)
    write(image, str(rng.choice(WORDS)), (0.5, rng.uniform(0.2, 0.7)), 0.86, ink, 0.17, 0.16)
    lines(rng, image, 0.15, 0.84, 0.85, 0.95, 0.04, ink)
    return image


def board(rng) -> np.ndarray:
    """A notice board: cork or felt with sheets pinned to it."""
    ground = rng.choice([[0.68, 0.5, 0.33], [0.3, 0.38, 0.5], [0.45, 0.45, 0.45], [0.3, 0.42, 0.33]])
    image = paper(ground) * (1 + 0.06 * noise(rng, 0.4)[:, :, None]).astype(np.float32)
    for _ in range(int(rng.integers(5, 14))):
        x, y = rng.uniform(0.05, 0.75, 2)
        wide, high = rng.uniform(0.1, 0.24), rng.uniform(0.12, 0.3)
        sheet = WHITES[rng.integers(len(WHITES))] if rng.random() < 0.6 else random_color(rng)
        high = min(high, 0.95 - y)
        rectangle(image, x, y, x + wide, y + high, sheet)
        lines(rng, image, x + 0.015, y + 0.05, x + wide - 0.015, y + high - 0.02, 0.022)
        rectangle(image, x + 0.015, y + 0.012, x + wide * rng.uniform(0.4, 0.9), y + 0.032, random_color(rng))
    rectangle(image, 0, 0, 1, 1, (0.6, 0.58, 0.55), 20)
    return image


def whiteboard(rng) -> np.ndarray:
    """Handwriting and sketches."""
    image = paper((0.95, 0.96, 0.96))
    for _ in range(int(rng.integers(10, 26))):
        color = [(0.1, 0.15, 0.5), (0.7, 0.1, 0.1), (0.05, 0.4, 0.2), INK][rng.integers(4)]
        start = rng.uniform(0.08, 0.85, 2)
        stroke = start + np.cumsum(rng.normal([0.012, 0], [0.01, 0.018], (int(rng.integers(6, 20)), 2)), 0)
        cv2.polylines(image, [(stroke * SIZE).astype(np.int32)], False, color, 5, cv2.LINE_AA)
    rectangle(image, 0, 0, 1, 1, (0.65, 0.66, 0.67), 18)
    return image


def plan_sheet(rng) -> np.ndarray:
    """An evacuation plan."""
    image = paper((0.96, 0.97, 0.96))
    rectangle(image, 0, 0, 1, 0.12, (0.05, 0.5, 0.3))
    for _ in range(12):
        x, y = rng.uniform(0.06, 0.7, 2) * (1, 0.8) + (0, 0.15)
        rectangle(image, x, y, x + rng.uniform(0.08, 0.24), min(y + rng.uniform(0.08, 0.2), 0.85), INK, 5)
    lines(rng, image, 0.06, 0.88, 0.6, 0.97, 0.03)
    return image


def label(text: str, color) -> np.ndarray:
    """A room's plate."""
    image = paper((0.93, 0.93, 0.92))
    rectangle(image, 0, 0, 1, 0.3, color)
    write(image, text, (0.5, 0.52), 0.8, INK, 0.3)
    for y in (0.76, 0.86):
        rectangle(image, 0.1, y, 0.8, y + 0.05, (0.4, 0.4, 0.42))
    rectangle(image, 0, 0, 1, 1, (0.55, 0.55, 0.55), 14)
    return image


def _inset(image, other, x0, y0, x1, y1) -> None:
    """Put a small copy of another image there (fractions)."""
    left, top, right, bottom = (int(v * SIZE) for v in (x0, y0, x1, y1))
    image[top:bottom, left:right] = cv2.resize(
        other.astype(np.float32), (right - left, bottom - top), interpolation=cv2.INTER_AREA
    )


KINDS = (photograph, notice, scientific, advertisement, board, whiteboard)
