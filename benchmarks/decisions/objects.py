"""One object in views of different places: a poster, or the vehicle ahead.

    python -m benchmarks.decisions.objects

The same object is pasted into images of different places, of which every accepted match is wrong, and into
recordings with revisits, of which this share is found of those that the same detector finds without it.
*Behind gray*: revisits that are found where a gray area is at the place of the object, which hides as much
and says nothing: what the scene alone gives.

A poster is somewhere in the image, on 5 to 25 % of its area, seen a little from the side, in other light each
time. A vehicle ahead takes 38 % of the width; its position and size vary by 3 % as while driving.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from benchmarks.decisions.strips import SEQUENCES, Outcome, Sequence, dashboard, run
from place_recognition_ros.config import Config

SIDES = (420, 300)  # pixels, width and height: of an object before it is pasted
AREA = (0.05, 0.25)  # of the image: a poster
SLANT = 0.04  # of its sides: how far the corners of a poster move
GRAY = 110  # brightness of what hides as much as an object
LIGHT = 0.15  # of the brightness
CARRIED = (0.38, 0.68)  # of the image: width of a vehicle ahead, height of its middle
JITTER = 0.03  # of the image: standard deviation of its position; of its size: as a share

Paste = Callable[[np.ndarray, int], np.ndarray]
"""(H, W, 3) image, and its row → the image with an object."""


# --------------------------------------------------------------------------------------- objects


def poster() -> np.ndarray:
    """(h, w, 3) uint8: coloured shapes, writing, and a frame."""
    random = np.random.default_rng(5)
    width, height = SIDES
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    image = np.stack([200 - 0.2 * y, 90 + 0.3 * x, 160 + 0.2 * y], axis=-1)
    for _ in range(60):
        centre = tuple(int(random.integers(0, side)) for side in SIDES)
        colour = tuple(float(each) for each in random.integers(0, 256, 3))
        radius = int(random.integers(5, 26))
        if random.random() < 0.5:
            cv2.circle(image, centre, radius, colour, -1)
        else:
            cv2.rectangle(image, centre, (centre[0] + radius, centre[1] + 2 * radius), colour, -1)
    for row, words in ((70, "SUMMER"), (150, "CONCERT 19:30"), (220, "in the old town"), (275, "24 JUNE")):
        cv2.putText(image, words, (20, row), 0, 1.6, (20, 20, 20), 6, cv2.LINE_AA)
        cv2.putText(image, words, (20, row), 0, 1.6, (250, 250, 250), 2, cv2.LINE_AA)
    cv2.rectangle(image, (0, 0), (width - 1, height - 1), (30, 30, 30), 8)
    return np.clip(image, 0, 255).astype(np.uint8)


def photograph() -> np.ndarray:
    """(h, w, 3) uint8: a framed photograph of stones: natural texture."""
    image = dashboard(SIDES[1], SIDES[0]).copy()
    cv2.rectangle(image, (0, 0), (SIDES[0] - 1, SIDES[1] - 1), (210, 215, 220), 12)
    return image


def car() -> np.ndarray:
    """(h, w, 3) uint8: the rear of a car; black: not covered by it."""
    width, height = SIDES
    image = np.zeros((height, width, 3), np.float32)
    roof = np.array([(90, 10), (330, 10), (375, 110), (45, 110)])
    cv2.fillPoly(image, [roof], (70, 60, 120))
    cv2.fillPoly(image, [np.array([(102, 22), (318, 22), (352, 100), (68, 100)])], (60, 55, 50))
    cv2.rectangle(image, (20, 105), (400, 245), (80, 70, 150), -1)
    for left in (55, 300):
        cv2.rectangle(image, (left, 235), (left + 65, 299), (25, 25, 25), -1)
    for left in (28, 322):
        cv2.rectangle(image, (left, 125), (left + 70, 165), (40, 40, 220), -1)
        cv2.rectangle(image, (left + 8, 132), (left + 28, 158), (210, 220, 240), -1)
        cv2.rectangle(image, (left + 40, 132), (left + 62, 142), (30, 150, 250), -1)
    cv2.rectangle(image, (145, 170), (275, 205), (240, 240, 240), -1)
    cv2.putText(image, "TM 42 KLX", (150, 196), 0, 0.75, (20, 20, 20), 2, cv2.LINE_AA)
    cv2.putText(image, "Vagabond", (40, 205), 0, 0.7, (220, 220, 220), 2, cv2.LINE_AA)
    cv2.putText(image, "1.6 TDi", (300, 205), 0, 0.7, (220, 220, 220), 2, cv2.LINE_AA)
    cv2.circle(image, (210, 140), 16, (200, 200, 200), 3)
    cv2.line(image, (195, 130), (225, 150), (220, 220, 220), 3)
    for row in (110, 215, 230):
        cv2.line(image, (25, row), (395, row), (40, 35, 60), 2)
    cv2.line(image, (130, 95), (300, 60), (15, 15, 15), 4)
    cv2.circle(image, (140, 60), 14, (90, 160, 90), -1)
    cv2.rectangle(image, (250, 60), (290, 82), (60, 160, 220), -1)
    return _shaded(image, 6)


def lorry() -> np.ndarray:
    """(h, w, 3) uint8: the rear of a lorry with writing on its doors."""
    image = np.full((SIDES[1], SIDES[0], 3), 205, np.float32)
    for row, words in ((50, "MOVES & MORE"), (105, "0800 4711 23"), (160, "since 1954"), (205, "www.mm.ro")):
        cv2.putText(image, words, (25, row), 0, 1.5, (150, 40, 30), 4, cv2.LINE_AA)
    cv2.line(image, (210, 0), (210, 225), (60, 60, 60), 3)
    for left in (185, 225):
        cv2.rectangle(image, (left, 20), (left + 8, 220), (120, 120, 125), -1)
    for left in range(0, SIDES[0], 60):
        cv2.rectangle(image, (left, 228), (left + 30, 245), (30, 30, 210), -1)
    cv2.rectangle(image, (0, 248), (SIDES[0], 299), (40, 40, 45), -1)
    for left in (10, 345):
        cv2.rectangle(image, (left, 255), (left + 60, 285), (40, 60, 220), -1)
    cv2.rectangle(image, (150, 255), (270, 288), (60, 220, 240), -1)
    cv2.putText(image, "B 98 TIR", (155, 281), 0, 0.8, (10, 10, 10), 2, cv2.LINE_AA)
    return _shaded(image, 7)


def _shaded(image: np.ndarray, seed: int) -> np.ndarray:
    """Reflections, dirt and noise; black remains black."""
    random = np.random.default_rng(seed)
    dirt = cv2.resize(random.normal(0, 9, (40, 56)).astype(np.float32), SIDES, interpolation=cv2.INTER_CUBIC)
    light = 1.15 - 0.3 * np.mgrid[0 : SIDES[1], 0 : SIDES[0]][0] / SIDES[1]
    shaded = np.clip(image * light[..., None] + dirt[..., None], 1, 255)
    return np.where(image.any(axis=-1, keepdims=True), shaded, 0).astype(np.uint8)


DRAWN: dict[str, Callable[[], np.ndarray]] = {
    "poster": poster,
    "photograph": photograph,
    "car": car,
    "lorry": lorry,
}
POSTERS = ("poster", "photograph")


@functools.lru_cache(maxsize=None)
def _drawn(name: str) -> np.ndarray:
    return DRAWN[name]()


def with_object(image: np.ndarray, row: int, name: str) -> np.ndarray:
    """The image with an object, at a place that depends on ``row``.

    Args:
        image: (H, W, 3) uint8.
        row: of the image in its sequence.
        name: of ``DRAWN``.
    """
    drawn = _drawn(name)
    corners, random = _corners(image.shape, row, name)
    width, height = SIDES
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    move = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    scale = float(np.linalg.norm(corners[1] - corners[0])) / width
    smooth = cv2.GaussianBlur(drawn, (0, 0), max(0.1, 0.35 / scale))
    target = (image.shape[1], image.shape[0])
    covered = cv2.warpPerspective(drawn.any(axis=-1).astype(np.float32), move, target)[..., None]
    shown = cv2.warpPerspective(smooth, move, target) * (1 + random.uniform(-LIGHT, LIGHT))
    return np.clip(covered * shown + (1 - covered) * image, 0, 255).astype(np.uint8)


def with_gray(image: np.ndarray, row: int, name: str) -> np.ndarray:
    """The image with a gray area at the place of an object, see :func:`with_object`."""
    hidden = image.copy()
    cv2.fillPoly(hidden, [_corners(image.shape, row, name)[0].astype(np.int32)], (GRAY, GRAY, GRAY))
    return hidden


def _corners(shape: tuple[int, ...], row: int, name: str) -> tuple[np.ndarray, np.random.Generator]:
    """(4, 2) pixels of an object in an image, and the random numbers that follow."""
    random = np.random.default_rng((11, row))
    size = np.array(shape[1::-1], float)
    corners = _poster_corners(random, size) if name in POSTERS else _vehicle_corners(random, size)
    return corners, random


def _poster_corners(random: np.random.Generator, size: np.ndarray) -> np.ndarray:
    """(4, 2) pixels: somewhere in the image, clockwise from the upper left."""
    area = float(np.exp(random.uniform(*np.log(AREA)))) * size.prod()
    aspect = SIDES[0] / SIDES[1]
    sides = np.minimum([np.sqrt(area * aspect), np.sqrt(area / aspect)], 0.95 * size)
    corner = random.uniform(0, 1, 2) * (size - sides)
    corners = corner + np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * sides
    return np.asarray(corners + random.uniform(-SLANT, SLANT, (4, 2)) * sides)


def _vehicle_corners(random: np.random.Generator, size: np.ndarray) -> np.ndarray:
    """(4, 2) pixels: in the lower middle, clockwise from the upper left."""
    share, middle = CARRIED
    width = share * size[0] * (1 + random.normal(0, JITTER))
    sides = np.array([width, width * SIDES[1] / SIDES[0]])
    centre = (0.5, middle) * size + random.normal(0, JITTER, 2) * size / 2
    return np.asarray(centre + (np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) - 0.5) * sides)


# ----------------------------------------------------------------------------------- measurement


def main(argv: list[str] | None = None) -> int:
    """Print a table; returns 1 if a wrong match was accepted that is not accepted without the object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=tuple(SEQUENCES), default=tuple(SEQUENCES))
    parser.add_argument("--objects", nargs="+", choices=tuple(DRAWN), default=tuple(DRAWN))
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    failed = False
    print(
        "| set | object | images | wrong | found | of those without | behind gray |\n"
        "|---|---|---:|---:|---:|---:|---:|"
    )
    for name in options.sets:
        sequence = SEQUENCES[name]()
        plain = run(sequence, lambda image, row: image, Config())
        print(_line(name, "none", sequence, plain, plain, plain), flush=True)
        for each in options.objects:
            outcome = run(sequence, partial(with_object, name=each), Config())
            failed |= outcome.wrong > plain.wrong
            gray = plain
            if sequence.revisits:
                gray = run(sequence, partial(with_gray, name=each), Config())
            print(_line(name, each, sequence, outcome, plain, gray), flush=True)
    return int(failed)


def _line(name: str, shown: str, sequence: Sequence, outcome: Outcome, plain: Outcome, gray: Outcome) -> str:
    kept = f"{len(outcome.found) / len(plain.found):.0%}" if plain.found else "–"
    found = [len(each.found) if sequence.revisits else "–" for each in (outcome, gray)]
    figures = (len(sequence.images), outcome.wrong, found[0], kept, found[1])
    return f"| {name} | {shown} | {' | '.join(map(str, figures))} |"


if __name__ == "__main__":
    sys.exit(main())
