"""Image sets with camera poses: correct is an image from a near position in a similar direction."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from training.data.readers.own_sets import read_table
from training.evaluation.retrieval import RetrievalTask
from training.evaluation.tasks.images import TaskImage

_GUARD_SECONDS = 10.0  # frames closer in time are ignored
_SEVEN_SCENES_RATE = 30.0  # frames per second
_SEEN = ((0.5, 45.0), (1.0, 75.0))  # share of the distance to the wall, degrees: same view; possibly the same
_SAME_SHOT_METRES, _SAME_SHOT_DEGREES = 0.05, 0.5
# Measured with SIFT and essential matrices: castle, entry and fountain are one courtyard in one frame, and
# the camera centres of the sets below are shifted by 9.75 m along each axis.
_COURTYARD = {"entry": "castle", "fountain": "castle"}
_SHIFTED_SETS, _SHIFT_METRES = ("castle-P30", "Herz-Jesus-P25"), 9.75


def seven_scenes_redkitchen(data):
    """A kitchen, scanned forth and back; correct within 0.5 m and 25°, frames within 10 s ignored."""
    folder = Path(data) / "7scenes_redkitchen"
    rows = read_table(folder)
    pose = np.array([[float(row[f"T{i}{k}"]) for i in range(3) for k in range(4)] for row in rows]).reshape(
        -1, 3, 4
    )
    time = np.array([float(row["frame"]) for row in rows]) / _SEVEN_SCENES_RATE
    images = [TaskImage(folder / row["color"]) for row in rows]
    return [_revisits("7scenes_redkitchen", images, pose[:, :, 3], pose[:, :, :3], time, 0.5, 25.0)]


def tum_fr1_rpy(data):
    """A camera rotated above a desk; correct within 0.2 m and 20°, frames within 10 s ignored."""
    folder = Path(data) / "tum_fr1_rpy"
    rows = read_table(folder)
    center = _columns(rows, "tx", "ty", "tz")
    rotation = Rotation.from_quat(_columns(rows, "qx", "qy", "qz", "qw")).as_matrix()
    time = _columns(rows, "timestamp")[:, 0]
    images = [TaskImage(folder / row["frame"]) for row in rows]
    return [_revisits("tum_fr1_rpy", images, center, rotation, time, 0.2, 20.0)]


def strecha(data):
    """Buildings from many sides; each image against all others.

    Correct is an image that shows much of the same wall. Let D be the median distance of the cameras of a
    set from the point closest to all their optical axes. The points D ahead of two cameras must be within
    D/2 (of the smaller D; an image covers 1.1 D there), and their axes within 45°. Pairs up to D and 75° are
    ignored, because they may overlap a little. A photograph that is in two sets does not match itself.
    """
    folder = Path(data) / "strecha"
    rows = read_table(folder)
    center = _columns(rows, "cx", "cy", "cz")
    center[[row["set"] in _SHIFTED_SETS for row in rows]] -= _SHIFT_METRES
    rotation = _columns(rows, *(f"r{i}" for i in range(9))).reshape(-1, 3, 3)
    building = np.array([_COURTYARD.get(row["place"], row["place"]) for row in rows])
    same_building = building[:, None] == building
    depth = _depth(np.array([row["set"] for row in rows]), center, rotation[:, :, 2])
    right, unsure = (
        same_building & _see_the_same(center, rotation[:, :, 2], depth, *limits) for limits in _SEEN
    )
    same_shot = (
        same_building & (_distance(center) <= _SAME_SHOT_METRES) & (_turn(rotation) <= _SAME_SHOT_DEGREES)
    )
    images = [TaskImage(folder / row["file"]) for row in rows]
    return [RetrievalTask("strecha", images, images, right & ~same_shot, same_shot | (unsure & ~right))]


def _revisits(name, images, center, rotation, time, metres, degrees):
    """Frames of a sequence: correct within a distance and a rotation, frames close in time ignored."""
    right = (_distance(center) <= metres) & (_turn(rotation) <= degrees)
    ignored = np.abs(time[:, None] - time) < _GUARD_SECONDS
    return RetrievalTask(name, images, images, right & ~ignored, ignored)


def _depth(group, center, axis):
    """Distance of cameras from the point that their group looks at: (N,), (N, 3), (N, 3) → (N,) metres."""
    across = np.eye(3) - axis[:, :, None] * axis[:, None, :]  # projects onto the plane normal to the axis
    depth = np.empty(len(group))
    for name in set(group):
        there = group == name
        offsets = np.einsum("nij,nj->i", across[there], center[there])
        middle = np.linalg.solve(across[there].sum(axis=0), offsets)
        depth[there] = np.median(np.linalg.norm(center[there] - middle, axis=1))
    return depth


def _see_the_same(center, axis, depth, share, degrees):
    """The rule of :func:`strecha`: (N, N) bool."""
    apart = np.degrees(np.arccos(np.clip(axis @ axis.T, -1.0, 1.0)))
    near = _distance(center + depth[:, None] * axis) <= share * np.minimum.outer(depth, depth)
    return near & (apart <= degrees)


def _distance(points):
    """(N, 3) → (N, N) distances."""
    return np.linalg.norm(points[:, None] - points, axis=2)


def _turn(rotation):
    """(N, 3, 3) → (N, N) angles between them, degrees."""
    trace = np.einsum("nij,mij->nm", rotation, rotation)
    return np.degrees(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0)))


def _columns(rows, *names):
    return np.array([[float(row[name]) for name in names] for row in rows])
