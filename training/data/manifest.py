"""The manifest: one CSV file that says of every image where it was taken.

Columns: ``image`` (a path, relative to the manifest's folder or absolute), then what is known; any may
be left out or empty: ``place`` (a label), ``x``, ``y`` (metres in the frame of the region), ``heading``
(radians), ``sequence`` and ``time`` (seconds in it), ``region`` (images of different regions never
show the same place), ``split`` (train, validation or test), ``role`` (query, reference or both when
empty), ``licence``.
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
    """One image and what is known of where it was taken."""

    image: Path
    place: str = ""  # label; equal in a region means the same place
    x: float = math.nan  # metres, in the frame of the region
    y: float = math.nan
    heading: float = math.nan  # radians, counter-clockwise
    sequence: str = ""  # one walk, drive or pan
    time: float = math.nan  # seconds in the sequence
    region: str = ""  # images of different regions never show the same place
    split: str = "train"  # out of SPLITS
    role: str = ""  # out of ROLES; both when empty
    licence: str = ""


_NUMBERS = ("x", "y", "heading", "time")
_CHOICES = {"split": SPLITS, "role": ROLES}


def read_manifest(path, split=None):
    """Read a manifest and prove that it can be used.

    Args:
        path: the CSV file.
        split: only images of this split; None: all.

    Returns:
        list of :class:`Record` with absolute paths.

    Raises:
        ValueError: naming file and line, if a column is unknown, a value does not fit, an image is
            missing, an image says nothing of its place, or none is left.
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
    """Write a manifest; images under its folder are named relative to it.

    Args:
        records: list of :class:`Record`.
        path: the CSV file; it appears only when it is complete.
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
    """Refuse a label that one image has: it is mistyped, or the others are missing.

    Args:
        records: list of :class:`Record`, to train on.
        path: where they are from.

    Raises:
        ValueError: naming the image.
    """
    counts = Counter((record.region, record.place) for record in records)
    for record in records:
        if record.place and counts[record.region, record.place] == 1:
            raise ValueError(
                f"expected two images or more of the place '{record.place}' to train on. "
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
            f"expected the columns {', '.join(Record._fields)}, of them 'image'. "
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
