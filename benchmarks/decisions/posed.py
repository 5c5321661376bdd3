"""Recordings whose truth are poses: two rooms, buildings from many sides, the drive, a rendered building."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.decisions.recording import (
    START_S,
    Frame,
    Recording,
    Verdict,
    find_revisits,
    image_loader,
    stamps,
)
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
from demo.judge import judge, revisits
from demo.sources import decode, open_drive
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera

ROOT = Path(__file__).resolve().parents[2]
DRIVE = ROOT / "demo" / "drive"
BUILDINGS = ROOT / ".run" / "data"  # building_SEED, written by rendering.building
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
QUATERNION = ("qx", "qy", "qz", "qw")
INSIDE_RIGHT, INSIDE_WRONG = (2.0, 30.0), (4.0, 60.0)  # metres, degrees: of a building


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
        _frame_of(Shot(str(DATA / "tum_fr1_rpy" / row["frame"]), camera), stamp, _pose_in(row))
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


def drive(with_depth: bool = False) -> Recording:
    """The demo's drive, judged as the demo judges it; a new session begins when the camera has been moved."""
    source = open_drive(DRIVE)
    about = source.camera or {}
    intrinsics = np.array(about["camera_matrix"]["data"]).reshape(3, 3)
    camera = Camera(
        about["image_width"], about["image_height"], "camera_optical", about["distortion_model"], intrinsics,
        np.array(about["distortion_coefficients"]["data"]),
    )  # fmt: skip
    frames: list[Frame] = []
    poses: list[Pose] = []
    session, tracked = 0, True
    for each in source.frames():
        if each.pose is None or not each.tracking_ok:
            tracked = False
            continue
        session, tracked = session + (not tracked), True
        measured = partial(depth.decode, each.depth) if with_depth and each.depth else None
        stamp = each.stamp + round(START_S * 1e9)
        frames.append(
            Frame(stamp, partial(_decoded, each), session, each.pose, camera, measured, Path(each.name).name)
        )
        poses.append(each.pose)
    verdicts = np.array([[judge(query, match).right for match in poses] for query in poses], np.int8)
    again = revisits([each.stamp for each in frames], poses, [True] * len(frames), 10 * 10**9)
    return Recording("drive" + ("_depth" if with_depth else ""), "drive", frames, verdicts, tuple(again))


def _decoded(frame) -> np.ndarray:
    image = decode(frame)
    if image is None:
        raise FileNotFoundError(f"expected an image. Received: '{frame.name}', which cannot be read")
    return image


def building(folder: Path | None = None) -> Recording:
    """A rendered building whose floors differ in posters, doors and furniture only.

    On one floor, up to 2 m and 30° apart is RIGHT; another floor, or more than 4 m or 60°, is WRONG.

    Args:
        folder: with gt.csv; None: the first ``building_SEED`` of ``BUILDINGS``.

    Raises:
        FileNotFoundError: if there is none.
    """
    if folder is None:
        rendered = sorted(BUILDINGS.glob("building_*/gt.csv"))
        if not rendered:
            raise FileNotFoundError(f"expected a rendered building in '{BUILDINGS}'. Received: none")
        folder = rendered[0].parent
    with (folder / "gt.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    poses = [_pose_in(row) for row in rows]
    floor = np.array([row["floor"] for row in rows])
    metres, degrees = _apart(poses)
    right = (metres <= INSIDE_RIGHT[0]) & (degrees <= INSIDE_RIGHT[1])
    wrong = (metres > INSIDE_WRONG[0]) | (degrees > INSIDE_WRONG[1]) | (floor[:, None] != floor[None])
    verdicts = np.select([wrong, right], [Verdict.WRONG, Verdict.RIGHT], Verdict.UNKNOWN).astype(np.int8)
    frames = [
        Frame(_nanoseconds(row["stamp"]), image_loader(str(folder / row["file"])), 0, pose, name=row["file"])
        for row, pose in zip(rows, poses)
    ]
    if frames and frames[0].stamp <= 0:
        frames = [each._replace(stamp=each.stamp + round(START_S * 1e9)) for each in frames]
    again = find_revisits(frames, verdicts == Verdict.RIGHT, verdicts != Verdict.WRONG)
    return Recording(folder.name, folder.name, frames, verdicts, again)


def _nanoseconds(stamp: str) -> int:
    """A stamp of gt.csv: seconds with a decimal point, or nanoseconds."""
    return round(float(stamp) * 1e9) if "." in stamp else int(stamp)


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


def _apart(poses: Sequence[Pose]) -> tuple[np.ndarray, np.ndarray]:
    """(N, N) metres, and degrees between the viewing directions."""
    position = np.array([pose.position for pose in poses])
    axis = np.array([pose.rotation.apply([0.0, 0.0, 1.0]) for pose in poses])
    metres = np.linalg.norm(position[:, None] - position[None], axis=2)
    return metres, np.degrees(np.arccos(np.clip(axis @ axis.T, -1, 1)))


def _frame_of(shot: Shot, stamp: int, pose: Pose, with_depth: bool = False) -> Frame:
    measured: Callable[[], np.ndarray | None] | None = partial(_depth_of, shot) if with_depth else None
    return Frame(stamp, image_loader(shot.path), 0, pose, shot.camera, measured, Path(shot.path).name)


def _depth_of(shot: Shot) -> np.ndarray | None:
    return shot.depth


def _pose(position: Iterable[float], turn: np.ndarray) -> Pose:
    return Pose(np.array(position, float), Rotation.from_matrix(turn).as_quat())


def _pose_in(row: dict[str, str]) -> Pose:
    """The columns tx ty tz qx qy qz qw; the quaternion is normalised."""
    position, turn = ([float(row[name]) for name in names] for names in (("tx", "ty", "tz"), QUATERNION))
    return Pose(np.array(position), Rotation.from_quat(turn).as_quat())
