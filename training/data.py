"""Readers of the picture sets that may train a model we ship."""

import csv
from pathlib import Path
from typing import NamedTuple

import cv2

# Whole floors and whole sequences, so that nothing in a held-out picture was ever fitted on.
_HELD_OUT_FLOORS = frozenset(("basement3", "floor5", "floor9", "floor13", "floor17", "floor21"))
_HELD_OUT_OUTDOOR = frozenset(
    (
        "city",
        "dashcam02",
        "log_building_02",
        "lund",
        "night",
        "park",
        "parking_lot_scan",
        "stitch/kayak",
        "stone_sign",
        "tree_snow_01",
    )
)


class Picture(NamedTuple):
    """One picture and what is known of where it was taken."""

    path: Path
    dataset: str
    sequence: str  # one walk, drive, pan or place
    time: float  # order in the sequence; seconds where the set knows them
    region: str  # pictures of different regions of a data set never show the same place
    held_out: bool  # kept from fitting when choices are validated
    licence: str


def read_picture(path):
    """Decode a picture file.

    Args:
        path: of a file that OpenCV can decode.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        ValueError: if there is none or it does not decode.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"expected a picture that decodes. Received: '{path}'")
    return image


def read_ie_tower(folder):
    """Indoor walks and pans on 25 floors, one frame a second.

    Floors look alike and clips overlap, so only the tower's sections count as regions.

    Args:
        folder: with gt.csv and images/.

    Returns:
        list of :class:`Picture`.
    """
    return [
        Picture(
            path=Path(folder) / row["file"],
            dataset="ie_tower",
            sequence=row["video"],
            time=float(row["frame_1fps"]),
            region=row["section"],
            held_out=row["floor"] in _HELD_OUT_FLOORS,
            licence="MIT",
        )
        for row in read_table(folder)
    ]


def read_outdoor(folder):
    """Outdoor walks, drives, sweeps, panoramas and stills; each sequence is a region of its own.

    Args:
        folder: with gt.csv and images/.

    Returns:
        list of :class:`Picture`.
    """
    return [
        Picture(
            path=Path(folder) / row["file"],
            dataset="outdoor",
            sequence=row["sequence"],
            time=float(row["order"]),
            region=row["sequence"],
            held_out=row["sequence"] in _HELD_OUT_OUTDOOR,
            licence=row["licence"],
        )
        for row in read_table(folder)
    ]


def read_training_pictures(data):
    """Every picture that may train a model we ship.

    Args:
        data: folder that holds ie_tower/ and outdoor/.

    Returns:
        list of :class:`Picture`.
    """
    return read_ie_tower(Path(data) / "ie_tower") + read_outdoor(Path(data) / "outdoor")


def read_table(folder):
    """Rows of a set's gt.csv, each a dict from column name to text."""
    with open(Path(folder) / "gt.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
