"""The files of the image sets."""

from __future__ import annotations

import csv
import functools

import cv2
import numpy as np

from training.files import DATA


@functools.lru_cache(maxsize=64)
def read_image(path: str) -> np.ndarray:
    """(H, W, 3) uint8 BGR."""
    image = cv2.imread(path)
    if image is None:
        raise FileNotFoundError(f"expected an image. Received: '{path}', which cannot be read")
    return image


def rows_of(name: str) -> list[dict[str, str]]:
    """The lines of a set's gt.csv."""
    with open(DATA / name / "gt.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
