"""Camera poses from a file."""

import csv
import math

from training.rendering.views import View

COLUMNS = ("x", "y", "z", "heading")


def read_poses(path):
    """Read a CSV of camera poses.

    Args:
        path: with the columns x, y, z (metres, z up, as the world is after scaling and turning) and
            heading (radians, counter-clockwise from +x), in any order.

    Returns:
        list of :class:`training.rendering.views.View`.

    Raises:
        ValueError: naming file and line, if a column is missing, a value is no number, or there is no pose.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"expected poses, a CSV file in UTF-8. Received: '{path}': {error}") from error
    if not rows:
        raise ValueError(
            f"expected a pose a line under the header {','.join(COLUMNS)}. Received: none in '{path}'"
        )
    return [_view(row, f"'{path}', line {line}") for line, row in enumerate(rows, start=2)]


def _view(row, where):
    try:
        numbers = [float(row[name]) for name in COLUMNS]
    except (KeyError, TypeError, ValueError):
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"expected numbers as {', '.join(COLUMNS)}. Received: {dict(row)} in {where}")
    return View(*numbers)
