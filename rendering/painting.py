"""Shapes and letters on textures."""

import cv2
import numpy as np

from rendering.materials import SIZE


def paper(color) -> np.ndarray:
    """(SIZE, SIZE, 3) float32 of one colour."""
    return np.full((SIZE, SIZE, 3), color, np.float32)


def random_color(rng, saturation=(0.35, 0.75), value=(0.35, 0.8)) -> tuple:
    """A random colour, sRGB 0–1."""
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(*saturation), rng.uniform(*value)]]], np.float32)
    return tuple(float(c) for c in cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0])


def rectangle(image, x0, y0, x1, y1, color, thickness=-1) -> None:
    """Draw a rectangle; coordinates are fractions of the image, y down."""
    points = [(int(x * SIZE), int(y * SIZE)) for x, y in ((x0, y0), (x1, y1))]
    cv2.rectangle(image, points[0], points[1], tuple(map(float, color)), thickness, cv2.LINE_AA)


def write(image, text: str, center, width: float, color, height: float = 0.5, weight: float = 0.12) -> None:
    """Write ``text`` in strokes into ``width`` × ``height`` of the image (fractions)."""
    font = cv2.FONT_HERSHEY_DUPLEX
    (w, h), _ = cv2.getTextSize(text, font, 4.0, 1)
    pen = max(2, int(h * weight))
    mask = np.zeros((h + 4 * pen, w + 4 * pen), np.float32)
    cv2.putText(mask, text, (2 * pen, h + 2 * pen), font, 4.0, (1.0,), pen, cv2.LINE_AA)
    size = int(width * SIZE), int(height * SIZE)
    ink = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)[:, :, None]
    x, y = int(center[0] * SIZE - size[0] / 2), int(center[1] * SIZE - size[1] / 2)
    patch = image[y : y + size[1], x : x + size[0]]
    patch += ink * (np.array(color) - patch)
