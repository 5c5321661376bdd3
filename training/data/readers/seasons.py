"""Image sets of places in several seasons, or from several sides; see models/README.md, "Sources"."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from training.data.images import read_image
from training.data.manifest import Record
from training.data.readers.own_sets import read_table

LOGO = (slice(1, 4), slice(55, 61))  # rows and columns of nordland64 with the logo of the broadcaster
VALIDATION = 0.8  # of the railway; the rest is for validation
GAP = 100.0  # seconds between both parts
FOG = ("2015-02-15", "2015-12")  # dates on which the camera dukehw shows nothing
DOUBTFUL = "river_bega"  # the same river, but another bridge


def read_nordland(folder, images, every=1):
    """The Nordland railway, each place in summer and in winter, 64 × 32 pixels, gray.

    The logo is at the same pixels in every image, and would tell nothing about the place: it is painted over.

    Args:
        folder: with gt.csv and images/.
        images: folder for the images without the logo.
        every: one of so many places is used.

    Returns:
        list of :class:`Record`; the time is that of the film. Neighbours overlap: see
        ``PlaceRules.label_guard_seconds``.
    """
    rows = sorted(read_table(folder), key=lambda row: row["sequence"])  # seasons apart: one of n has both
    limit = VALIDATION * max(float(row["order_seconds"]) for row in rows)
    used = set(sorted({row["place"] for row in rows})[::every])
    records = []
    for row in rows:
        time = float(row["order_seconds"])
        if limit < time < limit + GAP or row["place"] not in used:
            continue
        path = Path(images) / row["sequence"] / f"{row['place']}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), without_logo(read_image(Path(folder) / row["file"])))
        split = "train" if time <= limit else "validation"
        records.append(Record(path, row["place"], sequence="line", time=time, region="nordland", split=split))
    return [record._replace(licence="CC BY") for record in records]


def without_logo(image):
    """An image of nordland64, (32, 64, 3) uint8, whose logo is replaced by what is around it."""
    hidden = np.zeros(image.shape[:2], np.uint8)
    hidden[LOGO] = 1
    return cv2.inpaint(image, hidden, 2, cv2.INPAINT_TELEA)


def read_phenocam(folder):
    """Fixed cameras through the year, three windows of each; the windows overlap.

    Args:
        folder: with gt.csv and images/.

    Returns:
        list of :class:`Record`; all windows of a camera are at one time of one sequence, so that a
        ``label_guard_seconds`` above 0 leaves open whether they are different places.
    """
    return [
        Record(
            image=Path(folder) / row["file"],
            place=row["place"],
            sequence=row["sequence"],
            time=0.0,
            region=f"phenocam/{row['sequence']}",
            licence="CC BY 4.0",
        )
        for row in read_table(folder)
        if not (row["sequence"] == "dukehw" and row["time_or_season"].startswith(FOG))
    ]


def read_timisoara(folder):
    """Buildings of Timisoara, some from two or three sides.

    Args:
        folder: with gt.csv and images/.

    Returns:
        list of :class:`Record`; what was photographed once is a sequence of one image.
    """
    rows = [row for row in read_table(folder) if row["place"] != DOUBTFUL]
    count = Counter(row["place"] for row in rows)
    return [
        Record(
            image=Path(folder) / row["file"],
            place=row["place"] if count[row["place"]] > 1 else "",
            sequence="" if count[row["place"]] > 1 else row["place"],
            time=0.0,
            region=f"timisoara/{row['place']}",
            licence="MIT",
        )
        for row in rows
    ]
