"""The drive: the pose of the camera in each frame. Metres, seconds, the world's z up.

The streets cross at six corners. Two streets, D–E and E–F, have the same houses in the same order; they
differ only in doors, windows, signs, and in the cars, trees and objects in front of the houses::

    A ──── B ──── C      y = 30
    │      │      │
    D ──── E ──── F      y = 0
    x = 0  x = 36 x = 72

D E B A D   around the western block
D E         the first loop: on the other side of the road, swerving
E F C B     new streets; E F looks like D E
B A         the second loop: two metres to the left, in evening light
(a hand covers the lens, and the camera is moved)
E B         tracking begins again in a street that was driven at noon
"""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from place_recognition_ros.poses import Pose
from rendering.camera import camera_pose

CORNERS = {"A": (0, 30), "B": (36, 30), "C": (72, 30), "D": (0, 0), "E": (36, 0), "F": (72, 0)}
CAMERA_HEIGHT = 1.4  # metres above the road
SPACING = 1.0  # metres between frames
RATE = 10.0  # frames per second
TURN_RADIUS = 6.0  # metres
COVERED = 20  # frames with a covered lens
EVENING = 0.4  # daytime at the end: 0 noon … 1 dusk
BLIND = 3  # frames with a clear lens until the front end tracks again


class DriveFrame(NamedTuple):
    """One frame of the drive."""

    pose: Pose  # of the optical frame
    daytime: float = 0.0  # 0 noon … 1 evening
    cover: float = 0.0  # 0 clear … 1 the lens is covered
    tracking_ok: bool = True


def drive() -> List[DriveFrame]:
    """All frames of the drive."""
    path = _smooth([CORNERS[name] for name in "DEBADEFCBA"], lead=(7.0, 9.0))
    before = _ride(path, _lateral)
    before = [frame._replace(daytime=_daytime(i / len(before))) for i, frame in enumerate(before)]
    street = _smooth([CORNERS[name] for name in "EB"], lead=(3.0, 2.5))
    after = [
        frame._replace(daytime=0.7 * EVENING)
        for frame in _ride(street, lambda s: 0.35 + 0.5 * np.sin(s / 4.5))
    ]
    half = COVERED // 2
    depth = [min(1.0, (i + 1) / 3) for i in range(half)]
    hidden = [before[-1]._replace(cover=c, tracking_ok=False) for c in depth]
    shown = [after[0]._replace(cover=c, tracking_ok=False) for c in reversed(depth)]
    blind = [frame._replace(tracking_ok=False) for frame in after[:BLIND]]
    return before + hidden + shown + blind + after[BLIND:]


def _smooth(corners: Sequence[Tuple[float, float]], lead: Tuple[float, float]) -> np.ndarray:
    """(N, 2) points 0.1 m apart along the middle of the streets, corners rounded.

    Args:
        lead: metres that are left out after the first corner and before the last one.
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


def _ride(middle: np.ndarray, lateral) -> List[DriveFrame]:
    """Frames along a street, ``lateral`` (metres driven → metres to the left) off its middle line."""
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
    frames = []
    for i in range(0, len(line), 10):
        s = i * SPACING / 10
        height = CAMERA_HEIGHT + 0.012 * np.sin(s * 1.9) + 0.008 * np.sin(s * 3.1 + 1)
        pitch, roll = 0.012 * np.sin(s * 0.9), 0.01 * np.sin(s * 0.7 + 2)
        frames.append(DriveFrame(camera_pose((*line[i], height), yaw[i], pitch, roll)))
    return frames


def _lateral(s: float) -> float:
    """Metres to the left of the middle line, ``s`` metres after the start."""
    if s < 118:
        return -0.75
    if s < 152:  # D E again
        return 0.55 + 0.75 * np.sin((s - 118) / 3.1)
    if s < 254:
        return -0.75
    return 0.75 + 0.8 * np.sin((s - 254) / 3.4)  # B A again


def _daytime(share: float) -> float:
    """Time of day: the afternoon passes between the two loops."""
    return float(np.clip((share - 0.56) / 0.36, 0, 1)) * EVENING
