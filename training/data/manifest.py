"""The manifest: a CSV file that states where each image was taken.

Columns: ``image`` (a path, absolute or relative to the folder of the manifest), and optionally ``place`` (a
label), ``x``, ``y`` (metres in the frame of the region), ``heading`` (radians), ``sequence`` and ``time``
(seconds in the sequence), ``region`` (images of different regions never show the same place), ``split``
(train, validation or test), ``role`` (query or reference; empty: both), ``licence``.
"""

import csv
import io
import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from training.files import write_atomically

SPLITS = ("train", "validation", "test")
ROLES = ("", "query", "reference")


class Record(NamedTuple):
    """One image, and what is known about where it was taken."""

    image: Path
    place: str = ""  # label; equal labels in a region mean the same place
    x: float = math.nan  # metres, in the frame of the region
    y: float = math.nan
    heading: float = math.nan  # radians, counter-clockwise
    sequence: str = ""  # name of a walk, drive or pan
    time: float = math.nan  # seconds in the sequence
    region: str = ""  # images of different regions never show the same place
    split: str = "train"  # out of SPLITS
    role: str = ""  # out of ROLES; empty: both
    licence: str = ""


_NUMBERS = ("x", "y", "heading", "time")
_CHOICES = {"split": SPLITS, "role": ROLES}


def read_manifest(path, split=None):
    """Read and validate a manifest.

    Args:
        path: the CSV file.
        split: return only images of this split; None: all.

    Returns:
        list of :class:`Record` with absolute paths.

    Raises:
        ValueError: naming file and line, if a column is unknown, a value is invalid, an image is missing,
            nothing is known about the place of an image, or there are no images.
    """
    path = Path(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"expected a manifest, a CSV file in UTF-8. Received: '{path}': {error}") from error
    records = [_parse(row, f"'{path}', line {line}", path.parent) for line, row in enumerate(rows, start=2)]
    chosen = [record for record in records if split in (None, record.split)]
    if not chosen:
        raise ValueError(
            f"expected images of split {split or 'any'} in '{path}'. Received: none in {len(records)}"
        )
    return chosen


def write_manifest(records, path):
    """Write a manifest; paths of images below its folder are relative.

    Args:
        records: list of :class:`Record`.
        path: the CSV file, written atomically.
    """
    path = Path(path)
    folder = path.absolute().parent
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Record._fields)
    for record in records:
        image = Path(record.image).absolute()
        name = image.relative_to(folder) if image.is_relative_to(folder) else image
        writer.writerow([name.as_posix(), *(_text(value) for value in record[1:])])
    write_atomically(path, text.getvalue().encode())


def reject_single_image_places(records, path):
    """Refuse labels that only one image has: a typing error, or missing images.

    Args:
        records: list of :class:`Record` to train on.
        path: of their manifest, for the message.

    Raises:
        ValueError: naming the image.
    """
    counts = Counter((record.region, record.place) for record in records)
    for record in records:
        if record.place and counts[record.region, record.place] == 1:
            raise ValueError(
                f"expected at least two training images of the place '{record.place}'. "
                f"Received: only '{record.image}' in '{path}'"
            )


def _text(value):
    return f"{value:.15g}" if isinstance(value, float) and not math.isnan(value) else _blank_if_nan(value)


def _blank_if_nan(value):
    return "" if isinstance(value, float) else value


def _parse(row, where, folder):
    unknown = sorted(str(name) for name in row if name not in Record._fields)
    if unknown or not row.get("image"):
        raise ValueError(
            f"expected columns out of {', '.join(Record._fields)}, with 'image'. "
            f"Received: {', '.join(unknown) or 'no image'} in {where}"
        )
    fields = {name: value for name, value in row.items() if value}
    fields["image"] = folder / fields["image"]
    if not fields["image"].is_file():
        raise ValueError(f"expected an image. Received: '{fields['image']}', missing, in {where}")
    for name in _NUMBERS:
        if name in fields:
            fields[name] = _number(fields[name], f"{name} in {where}")
    record = Record(**fields)
    for name, choices in _CHOICES.items():
        if getattr(record, name) not in choices:
            raise ValueError(
                f"expected {name} out of {', '.join(filter(None, choices))}. "
                f"Received: '{getattr(record, name)}' in {where}"
            )
    if not (record.place or record.sequence or not math.isnan(record.x + record.y)):
        raise ValueError(f"expected a place, x and y, or a sequence. Received: none of them in {where}")
    return record


def _number(text, where):
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if math.isinf(number):
        raise ValueError(f"expected a number. Received: '{text}' as {where}")
    return number
