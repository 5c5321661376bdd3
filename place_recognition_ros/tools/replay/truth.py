"""Ground truth: where the camera was, from a trajectory, a GPS topic or a table of places."""

import csv
import os
from bisect import bisect_left
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.errors import InputError
from place_recognition_ros.poses import Pose, normalised
from place_recognition_ros.tools.replay.files import to_stamp
from place_recognition_ros.tools.replay.source import Fix

MAX_GAP = 2 * 10**9  # nanoseconds between two positions that are interpolated
MAX_AGE = 10**8  # nanoseconds: farther from an image no single position is used
MAX_SKEW = 0.01  # of a rotation matrix times its transpose from the identity
EARTH_RADIUS = 6378137.0  # metres, WGS 84
NAMES = {  # of a column, and other names for it
    "file": ("frame", "image", "filename"),
    "stamp": ("timestamp", "time"),
    "place": ("label", "location"),
    **{axis: ("t" + axis, "p_" + axis) for axis in "xyz"},
    **{"q" + axis: ("q_" + axis,) for axis in "xyzw"},
}


class Spot(NamedTuple):
    """Where an image was taken."""

    position: Optional[np.ndarray] = None  # (3,) float64, metres; None: only the place is known
    orientation: Optional[np.ndarray] = None  # (4,) float64, unit quaternion x, y, z, w; None: not known
    place: str = ""


class Truth:
    """Spots by stamp, by the number of the image, or by the name of its file.

    Args:
        kind: for people.
        stamped: (nanoseconds, spot), in any order.
        numbered: one for each image of the input.
        named: by file name without folders.
    """

    def __init__(
        self,
        kind: str,
        stamped: Sequence[Tuple[int, Spot]] = (),
        numbered: Sequence[Spot] = (),
        named: Optional[Dict[str, Spot]] = None,
    ) -> None:
        self.kind = kind
        self._stamped = sorted(stamped, key=lambda each: each[0])
        self._stamps = [stamp for stamp, _ in self._stamped]
        self._numbered, self._named = numbered, named or {}

    def at(self, number: int, stamp: int, name: str) -> Optional[Spot]:
        """Where an image was taken; None: not known.

        Args:
            number: of the image in the input, from 0.
            stamp: nanoseconds.
            name: of its file; empty: it has none.
        """
        if self._named:
            return self._named.get(name)
        if self._numbered:
            return self._numbered[number] if number < len(self._numbered) else None
        return self._interpolated(stamp)

    def _interpolated(self, stamp: int) -> Optional[Spot]:
        """The position between two neighbours in time; orientation and place of the nearer one."""
        after = bisect_left(self._stamps, stamp)
        around = [row for row in (after - 1, after) if 0 <= row < len(self._stamps)]
        if not around:
            return None
        nearest = min(around, key=lambda row: abs(self._stamps[row] - stamp))
        spot = self._stamped[nearest][1]
        if abs(self._stamps[nearest] - stamp) <= MAX_AGE // 10 or spot.position is None:
            return spot if abs(self._stamps[nearest] - stamp) <= MAX_AGE else None
        gap = self._stamps[around[-1]] - self._stamps[around[0]]
        if len(around) < 2 or gap > MAX_GAP:
            return spot if abs(self._stamps[nearest] - stamp) <= MAX_AGE else None
        ends = [np.asarray(self._stamped[row][1].position) for row in around]
        share = (stamp - self._stamps[around[0]]) / gap
        return spot._replace(position=ends[0] + share * (ends[1] - ends[0]))


def from_fixes(fixes: Sequence[Fix], topic: str) -> Truth:
    """Positions of a GPS receiver, as metres east, north and up of the first one.

    Raises:
        InputError: if there are none.
    """
    if not fixes:
        raise InputError(f"expected positions on {topic}. Received: none with a fix")
    first = fixes[0]
    scale = np.array([EARTH_RADIUS * np.cos(np.radians(first.latitude)), EARTH_RADIUS, 1.0])
    stamped = []
    for fix in fixes:
        up = 0.0 if np.isnan(fix.altitude) else fix.altitude - (first.altitude or 0.0)
        degrees = np.radians([fix.longitude - first.longitude, fix.latitude - first.latitude])
        stamped.append((fix.stamp, Spot(scale * [*degrees, np.nan_to_num(up)])))
    return Truth(f"GPS topic {topic}", stamped)


def read_truth(path: str) -> Truth:
    """Read a file of ground truth; its content decides which one it is.

    - TUM: lines of "stamp x y z qx qy qz qw", seconds;
    - KITTI: lines of 12 numbers, a 3×4 matrix, one for each image of the input;
    - EuRoC: "stamp,x,y,z,qw,qx,qy,qz,…", nanoseconds, under a header that begins with #;
    - a table with a header: ``file`` or ``stamp``, and ``place`` or ``x`` (``y``, ``z``, ``qx,qy,qz,qw``).

    Raises:
        InputError: if it cannot be read or is none of these.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"expected a file of ground truth. Received: '{path}': {error}") from error
    name = os.path.basename(path)
    data = [line for line in lines if line and not line.startswith("#")]
    if not data:
        raise InputError(f"expected ground truth in '{path}'. Received: an empty file")
    if "," in data[0]:
        if any(line.startswith("#") for line in lines) and _is_number(data[0].split(",")[0]):
            return Truth(f"EuRoC trajectory {name}", [_euroc(row, path) for row in csv.reader(data)])
        return _table(data, path)
    counts = {len(line.split()) for line in data}
    if counts == {8}:
        return Truth(f"TUM trajectory {name}", [_tum(line, path) for line in data])
    if counts == {12}:
        return Truth(f"KITTI trajectory {name}", numbered=[_kitti(line, path) for line in data])
    raise InputError(
        "expected a trajectory of TUM (8 numbers a line), KITTI (12) or EuRoC (commas), or a table with a "
        f"header. Received: '{path}', lines of {', '.join(map(str, sorted(counts)[:4]))} words"
    )


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).strip().isdigit()


def _numbers(words: Sequence[str], path: str) -> np.ndarray:
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError:
        numbers = np.array([np.nan])
    if not np.isfinite(numbers).all():
        raise InputError(f"expected finite numbers in '{path}'. Received: {' '.join(words)[:100]}")
    return numbers


def _spot(position: np.ndarray, orientation: np.ndarray, path: str, place: str = "") -> Spot:
    pose = normalised(Pose(position, orientation))
    if pose is None:
        raise InputError(
            f"expected a position and a quaternion in '{path}'. Received: {position.tolist()}, "
            f"{orientation.tolist()}"
        )
    return Spot(pose.position, pose.orientation, place)


def _seconds(text: str) -> int:
    """Nanoseconds of a number of seconds or, where that is too large, of nanoseconds since 1970."""
    whole, _, fraction = text.strip().partition(".")
    return to_stamp(text.strip()) or int(whole or 0) * 10**9 + int((fraction + "0" * 9)[:9] or 0)


def _tum(line: str, path: str) -> Tuple[int, Spot]:
    words = line.split()
    numbers = _numbers(words, path)
    return _seconds(words[0]), _spot(numbers[1:4], numbers[4:], path)


def _euroc(row: List[str], path: str) -> Tuple[int, Spot]:
    numbers = _numbers(row[:8], path)
    if len(numbers) < 8:
        raise InputError(
            f"expected stamp, position and quaternion in '{path}'. Received: {','.join(row)[:100]}"
        )
    return int(row[0].partition(".")[0]), _spot(numbers[1:4], numbers[[5, 6, 7, 4]], path)


def _kitti(line: str, path: str) -> Spot:
    matrix = _numbers(line.split(), path).reshape(3, 4)
    turn = matrix[:, :3]
    if np.abs(turn @ turn.T - np.eye(3)).max() > MAX_SKEW or np.linalg.det(turn) < 0:
        raise InputError(f"expected rotation matrices in '{path}'. Received: {line[:100]}")
    return Spot(matrix[:, 3].copy(), Rotation.from_matrix(turn).as_quat())


def _table(data: List[str], path: str) -> Truth:
    header, *rows = csv.reader(data)
    column: Dict[str, int] = {}
    for name, others in NAMES.items():
        for number, title in enumerate(header):
            if title.strip().lower() in (name, *others) and name not in column:
                column[name] = number
    positions, turns = [axis for axis in "xyz" if axis in column], ["q" + axis for axis in "xyzw"]
    if not ({"file", "stamp"} & set(column)) or not ("place" in column or "x" in column):
        raise InputError(
            f"expected columns file or stamp, and place or x in '{path}'. Received: {','.join(header)[:200]}"
        )
    oriented = all(name in column for name in turns)
    named: Dict[str, Spot] = {}
    stamped: List[Tuple[int, Spot]] = []
    for row in rows:
        if len(row) < len(header):
            raise InputError(f"expected {len(header)} values in '{path}'. Received: {','.join(row)[:100]}")
        place = row[column["place"]].strip() if "place" in column else ""
        spot = Spot(place=place)
        if positions:
            where = _numbers([row[column[axis]] for axis in positions], path)
            turn = (
                _numbers([row[column[name]] for name in turns], path) if oriented else np.array([0, 0, 0, 1])
            )
            spot = _spot(np.append(where, [0.0] * (3 - len(where))), turn, path, place)
            spot = spot if oriented else spot._replace(orientation=None)
        if "file" in column:
            named[os.path.basename(row[column["file"]].strip())] = spot
        else:
            stamped.append((_seconds(row[column["stamp"]]), spot))
    return Truth(f"table {os.path.basename(path)}", stamped, named=named)
