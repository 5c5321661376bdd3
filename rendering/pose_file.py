"""Camera poses from a CSV file."""

import csv
import math

from rendering.camera import camera_pose

COLUMNS = ("x", "y", "z", "heading")


def read_poses(path):
    """Read a CSV file of camera poses.

    Args:
        path: of a file with the columns x, y, z (metres, z up, in the world after scaling and turning) and
            heading (radians, counter-clockwise from +x), in any order.

    Returns:
        list of :class:`Pose` of level optical frames.

    Raises:
        ValueError: naming file and line, if a column is missing, a value is not a finite number, or there is
            no pose.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"expected poses, a CSV file in UTF-8. Received: '{path}': {error}") from error
    if not rows:
        raise ValueError(
            f"expected one pose per line under the header {','.join(COLUMNS)}. Received: none in '{path}'"
        )
    return [_pose(row, f"'{path}', line {line}") for line, row in enumerate(rows, start=2)]


def _pose(row, where):
    try:
        numbers = [float(row[name]) for name in COLUMNS]
    except (KeyError, TypeError, ValueError):
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"expected numbers as {', '.join(COLUMNS)}. Received: {dict(row)} in {where}")
    return camera_pose(numbers[:3], heading=numbers[3])
