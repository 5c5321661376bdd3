"""The drive: where the camera is, frame by frame. Metres, seconds, the world's z up.

The streets cross at six corners. Two of them, D–E and E–F, are built of the same houses in the same
order; what stands before them, and their doors, windows and signs, tell them apart::

    A ──── B ──── C      y = 30
    │      │      │
    D ──── E ──── F      y = 0
    x = 0  x = 36 x = 72

D E B A D   round the western block
D E         the first loop: the other side of the road, swerving round what stands there
E F C B     new streets, of which E F looks like D E but is not
B A         the second loop: two metres to the left, in evening light
(a hand covers the lens, and the car is carried away)
E B         tracking begins again in a street that was driven at noon
"""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

CORNERS = {"A": (0, 30), "B": (36, 30), "C": (72, 30), "D": (0, 0), "E": (36, 0), "F": (72, 0)}
CAMERA_HEIGHT = 1.4  # metres above the road
SPACING = 1.0  # metres between frames
RATE = 10.0  # frames a second
TURN_RADIUS = 6.0  # metres
COVERED = 20  # frames with a covered lens
EVENING = 0.4  # how late it gets: 0 noon … 1 dusk
BLIND = 3  # frames after that until the front end tracks again


class Pose(NamedTuple):
    """A camera in the world, and the light it sees."""

    x: float
    y: float
    z: float
    yaw: float  # radians, of the view, counter-clockwise from +x
    pitch: float  # radians, up
    roll: float
    daytime: float  # 0 noon … 1 evening
    cover: float  # 0 clear … 1 the lens is covered
    tracking_ok: bool


def drive() -> List[Pose]:
    """Every frame of the drive."""
    path = _smooth([CORNERS[name] for name in "DEBADEFCBA"], lead=(7.0, 9.0))
    before = _ride(path, _lateral)
    before = [pose._replace(daytime=_daytime(i / len(before))) for i, pose in enumerate(before)]
    street = _smooth([CORNERS[name] for name in "EB"], lead=(3.0, 2.5))
    after = [
        pose._replace(daytime=0.7 * EVENING) for pose in _ride(street, lambda s: 0.35 + 0.5 * np.sin(s / 4.5))
    ]
    half = COVERED // 2
    depth = [min(1.0, (i + 1) / 3) for i in range(half)]
    hidden = [before[-1]._replace(cover=c, tracking_ok=False) for c in depth]
    shown = [after[0]._replace(cover=c, tracking_ok=False) for c in reversed(depth)]
    blind = [pose._replace(tracking_ok=False) for pose in after[:BLIND]]
    return before + hidden + shown + blind + after[BLIND:]


def quaternion(pose: Pose) -> Tuple[float, float, float, float]:
    """Rotation of the optical frame (x right, y down, z forward) in the world, as (x, y, z, w)."""
    m = rotation(pose)
    w = np.sqrt(max(0.0, 1 + np.trace(m))) / 2
    x = np.copysign(np.sqrt(max(0.0, 1 + m[0, 0] - m[1, 1] - m[2, 2])) / 2, m[2, 1] - m[1, 2])
    y = np.copysign(np.sqrt(max(0.0, 1 - m[0, 0] + m[1, 1] - m[2, 2])) / 2, m[0, 2] - m[2, 0])
    z = np.copysign(np.sqrt(max(0.0, 1 - m[0, 0] - m[1, 1] + m[2, 2])) / 2, m[1, 0] - m[0, 1])
    return float(x), float(y), float(z), float(w)


def rotation(pose: Pose) -> np.ndarray:
    """(3, 3): the optical axes right, down, forward as columns in the world."""
    cy, sy, cp, sp = np.cos(pose.yaw), np.sin(pose.yaw), np.cos(pose.pitch), np.sin(pose.pitch)
    forward = np.array([cy * cp, sy * cp, sp])
    level = np.array([sy, -cy, 0.0])
    down = np.cross(forward, level)
    right = np.cos(pose.roll) * level + np.sin(pose.roll) * down
    return np.stack([right, np.cross(forward, right), forward], 1)


def _smooth(corners: Sequence[Tuple[float, float]], lead: Tuple[float, float]) -> np.ndarray:
    """(N, 2) points 0.1 m apart along the middle of the streets, corners rounded.

    Args:
        lead: metres left out behind the first corner and before the last one.
    """
    points = [np.array(c, float) for c in corners]
    points[0] = points[0] + _unit(points[1] - points[0]) * lead[0]
    points[-1] = points[-1] - _unit(points[-1] - points[-2]) * lead[1]
    line = [points[0]]
    for before, corner, after in zip(points, points[1:], points[2:]):
        into, out = _unit(corner - before), _unit(after - corner)
        if np.dot(into, out) > 0.99:
            line.append(corner)
            continue
        center = corner - into * TURN_RADIUS + out * TURN_RADIUS
        turns = np.linspace(0, np.pi / 2, 24)[:, None]
        line.extend(center + TURN_RADIUS * (into * np.sin(turns) - out * np.cos(turns)))
    line.append(points[-1])
    return _resample(np.array(line), 0.1)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def _resample(line: np.ndarray, step: float) -> np.ndarray:
    """(N, 2) → points ``step`` metres apart."""
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    at = np.arange(0, length[-1], step)
    return np.stack([np.interp(at, length, line[:, i]) for i in range(2)], 1)


def _ride(middle: np.ndarray, lateral) -> List[Pose]:
    """Leave the middle of the street by ``lateral`` (metres to the left as a function of metres driven)."""
    tangent = np.gradient(middle, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    left = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    offset = np.array([lateral(s) for s in np.arange(len(middle)) * 0.1])
    wide = np.ones(25) / 25
    offset = np.convolve(np.pad(offset, 12, "edge"), wide, "valid")
    line = _resample(middle + left * offset[:, None], SPACING / 10)
    forward = np.gradient(line, axis=0)
    yaw = np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))
    yaw = np.convolve(np.pad(yaw, 15, "edge"), np.ones(31) / 31, "valid")
    poses = []
    for i in range(0, len(line), 10):
        s = i * SPACING / 10
        height = CAMERA_HEIGHT + 0.012 * np.sin(s * 1.9) + 0.008 * np.sin(s * 3.1 + 1)
        pitch, roll = 0.012 * np.sin(s * 0.9), 0.01 * np.sin(s * 0.7 + 2)
        poses.append(Pose(line[i, 0], line[i, 1], height, yaw[i], pitch, roll, 0.0, 0.0, True))
    return poses


def _lateral(s: float) -> float:
    """Metres to the left of the middle of the street, ``s`` metres into the first ride."""
    if s < 118:
        return -0.75
    if s < 152:  # D E again
        return 0.55 + 0.75 * np.sin((s - 118) / 3.1)
    if s < 254:
        return -0.75
    return 0.75 + 0.8 * np.sin((s - 254) / 3.4)  # B A again


def _daytime(share: float) -> float:
    """The afternoon passes between the two loops."""
    return float(np.clip((share - 0.56) / 0.36, 0, 1)) * EVENING
