"""Recordings whose truth are poses: two rooms, buildings from many sides, the drive with depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.verification.sets import (
    DATA,
    GRID,
    Shot,
    kitchen_shots,
    rows_of,
    scaled,
    strecha_shot,
    viewing_distance,
)
from demo import depth
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera
from training.data.recordings import rendered
from training.data.recordings.recording import Frame, Recording, Verdict, find_revisits, image_loader, stamps
from training.data.recordings.rendered import pose_in

RIGHT, WRONG = 0.2, 0.02  # share of either image that the other one shows: at least, at most
REVISIT = 0.5  # the same for a view that should be recognised
NEAR_TO_FAR = (0.5, 1.0, 2.0)  # of the usual distance of what is seen: WRONG needs all of them
ROOM_STEP_S = 1.0  # the rooms are played slowly: at the real rate a set lasts half a minute
KITCHEN_METRES, DESK_METRES = 2.0, 1.2  # usual distance of what is seen
PHOTO_S = 5.0
SAME_BUILDING = {
    "entry": "castle",
    "fountain": "castle",
}  # of strecha: all are in the courtyard of one castle
TUM_K = ((517.3, 0, 318.6), (0, 516.5, 255.3), (0, 0, 1))  # freiburg1, 640×480, as its authors calibrated it
TUM_D = (0.2624, -0.9531, -0.0054, 0.0026, 1.1633)


def redkitchen(with_depth: bool = False) -> Recording:
    """A hand-held sweep through a kitchen, there and back, one frame a second."""
    shots = kitchen_shots()
    poses = [_pose(world[:3, 3], world[:3, :3]) for _, world in shots]
    frames = [
        _frame_of(shot, stamp, pose, with_depth)
        for (shot, _), stamp, pose in zip(shots, stamps(len(shots), ROOM_STEP_S), poses)
    ]
    overlap = overlaps(poses, [shot.camera for shot, _ in shots], [KITCHEN_METRES] * len(shots))
    return _of_room("7scenes_redkitchen" + ("_depth" if with_depth else ""), frames, overlap)


def tum_rpy() -> Recording:
    """A camera that turns over one desk about every axis, one frame a second."""
    rows = rows_of("tum_fr1_rpy")
    camera = Camera(480, 360, "", "plumb_bob", scaled(np.array(TUM_K), 480 / 640), np.array(TUM_D))
    frames = [
        _frame_of(Shot(str(DATA / "tum_fr1_rpy" / row["frame"]), camera), stamp, pose_in(row))
        for row, stamp in zip(rows, stamps(len(rows), ROOM_STEP_S))
    ]
    poses = [frame.pose for frame in frames if frame.pose is not None]
    return _of_room("tum_fr1_rpy", frames, overlaps(poses, [camera] * len(rows), [DESK_METRES] * len(rows)))


def _of_room(name: str, frames: Sequence[Frame], overlap: np.ndarray) -> Recording:
    verdicts = _by_overlap(overlap)
    found = find_revisits(frames, overlap[1] >= REVISIT, overlap[1] >= RIGHT)
    return Recording(name, name.replace("_depth", ""), frames, verdicts, found)


def strecha() -> Recording:
    """Photographs of buildings from many sides, each set in two walks: every second image, then the others.

    Another building is WRONG. In one set, views that overlap are RIGHT, the others UNKNOWN; so are all pairs
    of two sets of one building, whose poses have no common frame.
    """
    rows = rows_of("strecha")
    walk = [sum(r["set"] == row["set"] for r in rows[:i]) % 2 for i, row in enumerate(rows)]
    order = sorted(range(len(rows)), key=lambda i: (rows[i]["set"], walk[i]))
    rows, walk = [rows[i] for i in order], [walk[i] for i in order]
    groups = np.array([row["set"] for row in rows])
    place = np.array([SAME_BUILDING.get(row["place"], row["place"]) for row in rows])
    center = np.array([[float(row[name]) for name in ("cx", "cy", "cz")] for row in rows])
    world = np.array([[float(row[f"r{i}"]) for i in range(9)] for row in rows]).reshape(-1, 3, 3)
    shots = [strecha_shot(row["file"]) for row in rows]
    poses = [_pose(position, turn) for position, turn in zip(center, world)]
    distance = viewing_distance(groups, center, world[:, :, 2])
    overlap = overlaps(poses, [shot.camera for shot in shots], distance.tolist())
    overlap[:, groups[:, None] != groups[None]] = 0.0
    verdicts = np.where(place[:, None] == place[None], Verdict.UNKNOWN, Verdict.WRONG).astype(np.int8)
    verdicts[overlap[1] >= RIGHT] = Verdict.RIGHT
    names = sorted(set(groups.tolist()))
    frames = [
        _frame_of(shot, stamp, pose)._replace(session=2 * names.index(row["set"]) + second)
        for shot, stamp, pose, row, second in zip(shots, stamps(len(rows), PHOTO_S), poses, rows, walk)
    ]
    again = find_revisits(frames, overlap[1] >= REVISIT, overlap[1] >= RIGHT)
    return Recording("strecha", "strecha", frames, verdicts, again)


def drive_with_depth() -> Recording:
    """The demo's drive, with depth images."""
    recording = rendered.drive()
    frames = [each._replace(depth=partial(_rendered_depth, each.name)) for each in recording.frames]
    return recording._replace(name="drive_depth", frames=frames)


def _rendered_depth(name: str) -> np.ndarray | None:
    file = rendered.DRIVE / "depth" / name
    return depth.decode(file.read_bytes()) if file.is_file() else None


def overlaps(poses: Sequence[Pose], cameras: Sequence[Camera], distance: Sequence[float]) -> np.ndarray:
    """(3, N, N) share of either image that the other one shows, for each factor of ``NEAR_TO_FAR``.

    As :func:`benchmarks.verification.sets.common`, for all pairs at once; 0 where the viewing directions are
    more than 90° apart.

    Args:
        poses: of the cameras in one world.
        cameras: with intrinsics; distortion is neglected.
        distance: metres, at which each camera usually sees something.
    """
    position = np.array([pose.position for pose in poses])
    turn = np.array([pose.rotation.as_matrix() for pose in poses])
    k = np.array([camera.intrinsics for camera in cameras])
    size = np.array([(camera.width, camera.height) for camera in cameras], float)
    x = (np.arange(GRID) + 0.5) / GRID
    grid = np.stack([each.ravel() for each in np.meshgrid(x, x)], axis=1)
    seen = np.zeros((len(NEAR_TO_FAR), len(poses), len(poses)))
    for i, metres in enumerate(distance):
        rays = np.insert(grid * size[i], 2, 1.0, axis=1) @ np.linalg.inv(k[i]).T @ turn[i].T
        for row, factor in enumerate(NEAR_TO_FAR):
            points = position[i] + factor * metres * rays - position[:, None]  # (N, GRID², 3), in the world
            moved = points @ turn @ k.transpose(0, 2, 1)
            ahead = moved[:, :, 2] > 0
            pixel = moved[:, :, :2] / np.where(ahead, moved[:, :, 2], 1.0)[:, :, None]
            inside = ((pixel >= 0) & (pixel < size[:, None])).all(axis=2)
            seen[row, i] = (ahead & inside).mean(axis=1)
    facing = turn[:, :, 2] @ turn[:, :, 2].T > 0  # otherwise one of them sees the wall from behind
    return np.where(facing, np.minimum(seen, seen.transpose(0, 2, 1)), 0.0)


def _by_overlap(overlap: np.ndarray) -> np.ndarray:
    wrong = (overlap <= WRONG).all(axis=0)
    right = overlap[1] >= RIGHT
    return np.select([wrong, right], [Verdict.WRONG, Verdict.RIGHT], Verdict.UNKNOWN).astype(np.int8)


def _frame_of(shot: Shot, stamp: int, pose: Pose, with_depth: bool = False) -> Frame:
    measured: Callable[[], np.ndarray | None] | None = partial(_depth_of, shot) if with_depth else None
    return Frame(stamp, image_loader(shot.path), 0, pose, shot.camera, measured, Path(shot.path).name)


def _depth_of(shot: Shot) -> np.ndarray | None:
    return shot.depth


def _pose(position: Iterable[float], turn: np.ndarray) -> Pose:
    return Pose(np.array(position, float), Rotation.from_matrix(turn).as_quat())
