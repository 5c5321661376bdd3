"""Descriptors and local features of the images of the fleet benchmark, made once and kept beside them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.fleet import town
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.types import FEATURE


class Descriptions(NamedTuple):
    """Of the keyframes of one visit, in their order."""

    descriptors: np.ndarray  # (N, D) float32, unit norm
    features: list[np.ndarray]  # (n,) FEATURE of each

    def __len__(self) -> int:
        return len(self.descriptors)


def file_of(visit: town.Visit) -> Path:
    """Where they are kept."""
    return town.FOLDER / f"{visit.robot}_{visit.slot}.npz"


def load(visit: town.Visit) -> Descriptions:
    """The descriptions of a visit; FileNotFoundError before :func:`describe`."""
    with np.load(file_of(visit), allow_pickle=False) as stored:
        borders = np.cumsum(stored["counts"])[:-1]
        return Descriptions(stored["descriptors"], np.split(stored["features"].view(FEATURE), borders))


def describe() -> None:
    """Describe the visits whose images are rendered and which are not described yet."""
    every = [visit for robot in range(town.ROBOTS) for visit in town.visits(robot)]
    missing = [visit for visit in every if visit.files[-1].is_file() and not file_of(visit).is_file()]
    if not missing:
        return
    extractor, finder = open_extractor(), open_feature_finder("", Config().local_features)
    for visit in missing:
        images = town.images_of(visit)
        descriptors = np.stack([extractor.describe(image) for image in images])
        features = [finder.find(image) for image in images]
        part = file_of(visit).with_suffix(".part.npz")
        counts = [len(each) for each in features]
        joined = np.concatenate(features).view(np.uint8)
        np.savez(part, descriptors=descriptors, counts=counts, features=joined)
        part.rename(file_of(visit))
    extractor.close()
    finder.close()


if __name__ == "__main__":
    describe()
