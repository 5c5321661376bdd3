"""The image sets of the default model, ie_tower and outdoor; see models/README.md, "Sources"."""

import csv
from collections import defaultdict
from pathlib import Path

from training.data.manifest import Record

# Whole floors and sequences. Images of the split test were used neither for training nor for choosing
# options, images of the split validation not for training.
_SPLIT_OF_FLOOR = dict.fromkeys(("basement3", "floor5", "floor9", "floor13", "floor17", "floor21"), "test")
_SPLIT_OF_FLOOR |= dict.fromkeys(("floor7", "floor15", "floor19"), "validation")
_VALIDATION_OUTDOOR = frozenset(
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


def read_ie_tower(folder):
    """Indoor walks and pans on 25 floors, one frame per second.

    Clips of one floor overlap, so only different floors are known to be different places.

    Args:
        folder: with gt.csv and images/.

    Returns:
        list of :class:`Record`.
    """
    return [
        Record(
            image=Path(folder) / row["file"],
            sequence=row["video"],
            time=float(row["frame_1fps"]),
            region=f"ie_tower/{row['floor']}",
            split=_SPLIT_OF_FLOOR.get(row["floor"], "train"),
            licence="MIT",
        )
        for row in read_table(folder)
    ]


def read_outdoor(folder):
    """Outdoor walks, drives, sweeps, panoramas and stills; each sequence is a region of its own.

    Args:
        folder: with gt.csv and images/.

    Returns:
        list of :class:`Record`; the time is the index in the sequence, since the time is unknown.
    """
    rows = read_table(folder)
    orders = defaultdict(set)
    for row in rows:
        orders[row["sequence"]].add(float(row["order"]))
    steps = {sequence: sorted(found) for sequence, found in orders.items()}
    return [
        Record(
            image=Path(folder) / row["file"],
            sequence=row["sequence"],
            time=float(steps[row["sequence"]].index(float(row["order"]))),
            region=f"outdoor/{row['sequence']}",
            split="validation" if row["sequence"] in _VALIDATION_OUTDOOR else "train",
            licence=row["licence"],
        )
        for row in rows
    ]


def read_own_sets(folder):
    """All images of ie_tower and outdoor.

    Args:
        folder: with ie_tower/ and outdoor/.

    Returns:
        list of :class:`Record`.
    """
    return read_ie_tower(Path(folder) / "ie_tower") + read_outdoor(Path(folder) / "outdoor")


def read_table(folder):
    """Rows of gt.csv in a folder, each a dict from column name to text."""
    with open(Path(folder) / "gt.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
