"""Painted textures: windows, doors, shop fronts, signs, murals."""

import cv2
import numpy as np

from rendering.materials import SIZE, noise, tinted
from rendering.painting import paper, random_color, rectangle, write

SHOPS = (
    "BAYES BOOKS", "VLAD BAKERY", "CAFE LOOP", "ORB OPTICS", "KALMAN & SON", "HOTEL POSE", "GAUSS TOYS",
    "EPIPOLE BAR", "RANSAC TAILOR", "FLORIST", "CLOCKS", "HARRIS BARBER", "SIFT TEA", "MARKOV MUSIC",
    "EULER CHEESE", "PHARMACY", "ATLAS TRAVEL", "TORUS BAGELS", "NEWTON FRUIT", "POST", "PIZZA PI",
    "SHOES", "ROBOT REPAIR", "FISH", "LANDMARK INN", "GALLERY", "HADAMARD HATS", "WINE", "BIKES", "BANK",
)  # fmt: skip


def window(rng, frame, panes=(2, 3)) -> np.ndarray:
    """A window with glazing bars, a dark room, and curtains, a blind or a plant."""
    image = paper((0.13, 0.15, 0.18))
    image *= (1 + 0.25 * np.linspace(-1, 1, SIZE))[:, None, None].astype(np.float32)
    kind = rng.integers(0, 4)
    cloth = np.array(random_color(rng, (0.05, 0.5), (0.6, 0.95)))
    folds = (0.8 + 0.2 * np.sin(np.arange(SIZE) * rng.uniform(0.1, 0.2)))[None, :, None]
    curtain = (folds * cloth).repeat(SIZE, 0).astype(np.float32)
    if kind in (0, 1):  # drawn to both sides
        left, right = (int(SIZE * c) for c in (rng.uniform(0.2, 0.42), rng.uniform(0.6, 0.8)))
        image[:, :left], image[:, right:] = curtain[:, :left], curtain[:, right:]
    elif kind == 2:  # a blind, half down
        low = int(SIZE * rng.uniform(0.25, 0.7))
        slats = (0.8 + 0.2 * (np.arange(low) % 24 < 17))[:, None, None]
        image[:low] = slats * cloth
    if kind != 1:  # a plant or a lamp on the sill
        x = rng.uniform(0.3, 0.7)
        pot, leaf = random_color(rng), (0.2, rng.uniform(0.3, 0.5), 0.18)
        for _ in range(14):
            spot = (int(SIZE * (x + rng.normal(0, 0.07))), int(SIZE * rng.uniform(0.62, 0.85)))
            cv2.circle(image, spot, int(rng.integers(10, 28)), leaf, -1, cv2.LINE_AA)
        rectangle(image, x - 0.07, 0.84, x + 0.07, 0.97, pot)
    for i in range(1, panes[0]):
        rectangle(image, i / panes[0] - 0.022, 0, i / panes[0] + 0.022, 1, frame)
    for i in range(1, panes[1]):
        rectangle(image, 0, i / panes[1] - 0.016, 1, i / panes[1] + 0.016, frame)
    rectangle(image, 0, 0, 1, 1, frame, int(0.11 * SIZE))
    return image


def door(rng) -> np.ndarray:
    """Panels, a window above, a handle, a number."""
    color = np.array(random_color(rng, (0.45, 0.85), (0.25, 0.6)))
    image = paper(color)
    rectangle(image, 0, 0, 1, 0.19, (0.14, 0.16, 0.2))
    for i in range(1, 4):
        rectangle(image, i / 4 - 0.02, 0, i / 4 + 0.02, 0.19, color * 1.2)
    rows = int(rng.integers(2, 4))
    for i in range(rows):
        for j in range(2):
            top, bottom = 0.24 + 0.72 * i / rows, 0.2 + 0.72 * (i + 1) / rows
            rectangle(image, 0.12 + 0.42 * j, top, 0.46 + 0.42 * j, bottom, color * 0.62)
            rectangle(image, 0.15 + 0.42 * j, top + 0.02, 0.46 + 0.42 * j, bottom, color * 0.85)
    cv2.circle(image, (int(0.9 * SIZE), int(0.6 * SIZE)), 18, (0.85, 0.7, 0.35), -1, cv2.LINE_AA)
    write(image, str(rng.integers(2, 99)), (0.5, 0.31), 0.26, (0.95, 0.9, 0.75), 0.1)
    return image


def shop_window(rng) -> np.ndarray:
    """A display: shelves of coloured goods behind glass."""
    image = paper((0.2, 0.18, 0.16))
    rows = int(rng.integers(2, 4))
    hue = random_color(rng, (0.2, 0.5), (0.5, 0.8))
    rectangle(image, 0, 0, 1, 1, np.array(hue) * 0.55)
    for i in range(rows):
        base = (i + 1) / rows * 0.94
        x = 0.05
        while x < 0.9:
            w, h = rng.uniform(0.04, 0.13), rng.uniform(0.35, 0.8) / rows
            color = random_color(rng, (0.2, 0.7), (0.4, 0.95))
            if rng.random() < 0.4:
                middle = (int((x + w / 2) * SIZE), int((base - w / 2) * SIZE))
                cv2.circle(image, middle, int(w / 2 * SIZE), color, -1, cv2.LINE_AA)
            else:
                rectangle(image, x, base - h, x + w, base, color)
            x += w + rng.uniform(0.01, 0.08)
        rectangle(image, 0, base, 1, base + 0.02, (0.5, 0.4, 0.3))
    frame = np.array(random_color(rng, (0.3, 0.8), (0.2, 0.5)))
    rectangle(image, 0, 0, 1, 1, frame, int(0.06 * SIZE))
    for i in range(1, int(rng.integers(2, 4))):
        rectangle(image, i / 3 - 0.012, 0, i / 3 + 0.012, 1, frame)
    return image


def sign(rng, text: str) -> np.ndarray:
    """A fascia: the lower quarter of the texture is the board (4 : 1)."""
    ground = random_color(rng, (0.4, 0.9), (0.18, 0.55))
    ink = (0.97, 0.93, 0.8) if rng.random() < 0.7 else (0.98, 0.8, 0.25)
    image = paper(ground)
    rectangle(image, 0.012, 0.04, 0.988, 0.96, ink, 5)
    icon = rng.random() < 0.6
    write(image, text, (0.57 if icon else 0.5, 0.5), 0.76 if icon else 0.88, ink, 0.56)
    if icon:
        spots = rng.uniform([0.05, 0.25], [0.16, 0.75], (5, 2)) * SIZE
        cv2.fillPoly(image, [cv2.convexHull(spots.astype(np.int32))], ink, cv2.LINE_AA)
    return image


def poster(rng) -> np.ndarray:
    """Shapes and letters."""
    image = paper(random_color(rng, (0.05, 0.45), (0.7, 0.95)))
    for _ in range(4):
        spots = (rng.random((4, 2)) * SIZE).astype(np.int32)
        cv2.fillConvexPoly(
            image, cv2.convexHull(spots), random_color(rng, (0.25, 0.75), (0.3, 0.9)), cv2.LINE_AA
        )
    word = str(rng.choice(["JAZZ", "FAIR", "OPERA", "SLAM", "VOTE", "CIRCUS", "DANCE"]))
    write(image, word, (0.5, rng.uniform(0.2, 0.8)), 0.8, (0.08, 0.08, 0.1), 0.2, 0.16)
    return image


def mural(rng) -> np.ndarray:
    """Gable-wall art: bands, discs and leaves."""
    image = paper(random_color(rng, (0.3, 0.6), (0.6, 0.9)))
    for _ in range(9):
        color = random_color(rng, (0.4, 0.9), (0.4, 0.95))
        middle = tuple(int(c) for c in rng.integers(0, SIZE, 2))
        radius = int(rng.integers(40, 170))
        cv2.circle(image, middle, radius, color, -1 if rng.random() < 0.5 else 26, cv2.LINE_AA)
    for _ in range(6):
        spots = (rng.random((3, 2)) * SIZE).astype(np.int32)
        cv2.fillConvexPoly(image, spots, random_color(rng, (0.4, 0.9), (0.3, 0.95)), cv2.LINE_AA)
    return image * (1 + 0.05 * noise(rng, 1.6)[:, :, None]).astype(np.float32)


def plate(rng) -> np.ndarray:
    """A number plate."""
    image = paper((0.92, 0.92, 0.88))
    text = "".join(rng.choice(list("ABCDEFHKLMNPRSTUVXZ"), 2)) + "-" + str(rng.integers(100, 999))
    write(image, text, (0.5, 0.5), 0.9, (0.1, 0.1, 0.15), 0.7)
    return image


def clock() -> np.ndarray:
    """The church's face, at ten past ten."""
    image = paper((0.16, 0.2, 0.3))
    middle = np.array([SIZE / 2, SIZE / 2])
    for hour in range(12):
        ray = np.array([np.sin(hour * np.pi / 6), -np.cos(hour * np.pi / 6)]) * SIZE
        ends = [tuple(int(c) for c in middle + ray * r) for r in (0.36, 0.44)]
        cv2.line(image, ends[0], ends[1], (0.95, 0.85, 0.5), 16, cv2.LINE_AA)
    for turn, reach, pen in ((-np.pi / 3, 0.24, 18), (np.pi / 3, 0.36, 12)):
        tip = middle + np.array([np.sin(turn), -np.cos(turn)]) * SIZE * reach
        cv2.line(image, tuple(map(int, middle)), tuple(map(int, tip)), (0.95, 0.85, 0.5), pen, cv2.LINE_AA)
    return image


def hedge(rng) -> np.ndarray:
    """A clipped hedge's face."""
    image = np.ascontiguousarray(tinted(0.75 + 0.2 * noise(rng, 0.9), (0.25, 0.38, 0.16)), np.float32)
    for _ in range(900):
        spot = tuple(int(c) for c in rng.integers(0, SIZE, 2))
        color = tuple(float(c) for c in np.array((0.28, 0.44, 0.18)) * rng.uniform(0.5, 1.4))
        cv2.circle(image, spot, int(rng.integers(3, 8)), color, -1, cv2.LINE_AA)
    return image
