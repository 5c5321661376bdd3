"""How well revisits are found in 16-bit images that use fewer bits: ``python -m benchmarks.sixteen_bit``.

The images of rtabmap_corridor, three laps, are presented as a camera of 16, 14, 12 or 10 bits would send
them, and as a thermal camera would: raw counts in a narrow band far from 0.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.thermal import STREAMS
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import Extractor, open_extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.intensity_range import FULL_RANGE, IntensityRange

FOLDER = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "shared",
    "data",
    "rtabmap_corridor",
)
NEAR = 2  # frames of the first lap beside the right one that are right, too


class Frame(NamedTuple):
    """A row of gt.csv."""

    image: np.ndarray  # (H, W) uint8
    place: int  # frame of the first lap that shows the same place; 0: none
    lap: str


class Result(NamedTuple):
    """What one kind of camera gave."""

    found: int  # revisits whose most similar frame of the first lap is the right one
    revisits: int
    usable: int  # images with at least ``min_features`` local features


def read_frames(folder: str = FOLDER) -> list[Frame]:
    """All frames, in order."""
    with open(os.path.join(folder, "gt.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths = [os.path.join(folder, row["file"]) for row in rows]
    images = [cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in paths]
    return [Frame(image, int(row["place"] or 0), row["sequence"]) for image, row in zip(images, rows)]


def with_bits(bits: int, images: list[np.ndarray]) -> list[np.ndarray]:
    """(H, W) uint16 images that use this many bits; the bits below the 8 of the originals are random."""
    random = np.random.default_rng(0)
    step = 2 ** (bits - 8)
    return [
        image.astype(np.uint16) * step + random.integers(0, step, image.shape, np.uint16) for image in images
    ]


def read_back(images: list[np.ndarray], *fixed: int) -> list[np.ndarray]:
    """8-bit images, as the node reads these 16-bit images one after the other; ``fixed``: low, high."""
    scale = IntensityRange(*fixed)
    return [scale.to_8_bits(image) for image in images]


def measure(extractor: Extractor, frames: list[Frame], images: list[np.ndarray]) -> Result:
    """Query every revisit against the first lap; ``images``: of the frames, (H, W) uint8."""
    vectors = np.array([extractor.describe(image) for image in images])
    first_lap = [row for row, frame in enumerate(frames) if frame.lap == "lap1"]
    revisits = [row for row, frame in enumerate(frames) if frame.lap != "lap1" and frame.place]
    best = np.argmax(vectors[revisits] @ vectors[first_lap].T, axis=1)
    errors = [abs(frames[first_lap[match]].place - frames[row].place) for match, row in zip(best, revisits)]
    config = Config()
    finder = open_feature_finder(count=config.local_features)
    usable = sum(len(finder.find(image)) >= config.min_features for image in images)
    return Result(sum(error <= NEAR for error in errors), len(revisits), usable)


CAMERAS: dict[str, Callable[[list[np.ndarray]], list[np.ndarray]]] = {
    **{f"{bits} bits": partial(with_bits, bits) for bits in (16, 14, 12, 10)},
    **STREAMS,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default=FOLDER, help="of rtabmap_corridor")
    frames = read_frames(parser.parse_args().folder)
    originals = [frame.image for frame in frames]
    presented = {"8 bits": originals}
    presented.update({name: read_back(make(originals)) for name, make in CAMERAS.items()})
    presented["12 bits, full range"] = read_back(with_bits(12, originals), 0, FULL_RANGE)
    extractor = open_extractor()
    print(f"{'camera':<22}{'revisits found':>16}{'usable images':>16}")
    for name, images in presented.items():
        result = measure(extractor, frames, images)
        found, usable = f"{result.found} of {result.revisits}", f"{result.usable} of {len(frames)}"
        print(f"{name:<22}{found:>16}{usable:>16}")


if __name__ == "__main__":
    main()
