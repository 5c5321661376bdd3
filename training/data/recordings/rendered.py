"""Rendered recordings: the drive through a town, and buildings; or a folder of the user's in their format."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera
from training.data.recordings.recording import (
    MIN_AGE_S,
    START_S,
    Frame,
    Recording,
    Verdict,
    find_revisits,
    image_loader,
)
from training.files import PROJECT

DRIVE = PROJECT / "demo" / "drive"
BUILDINGS = PROJECT / ".run" / "data"  # building_SEED, written by rendering.building
STREET_RIGHT, STREET_REVISIT = (10.0, 50.0), (4.0, 25.0)  # metres, degrees; those of demo/judge.py
INSIDE_RIGHT, INSIDE_WRONG = (2.0, 30.0), (4.0, 60.0)  # metres, degrees: of a building
POSITION, QUATERNION = ("tx", "ty", "tz"), ("qx", "qy", "qz", "qw")


def drive(folder: Path = DRIVE) -> Recording:
    """The demo's drive through a town; a new session begins when the camera has been moved.

    Up to 10 m and 50° apart is RIGHT, all else WRONG.

    Args:
        folder: with trajectory.csv and camera.yaml.
    """
    about = yaml.safe_load((folder / "camera.yaml").read_text(encoding="utf-8"))
    camera = Camera(
        about["image_width"], about["image_height"], "camera_optical", about["distortion_model"],
        np.array(about["camera_matrix"]["data"]).reshape(3, 3),
        np.array(about["distortion_coefficients"]["data"]),
    )  # fmt: skip
    frames: list[Frame] = []
    session, tracked = 0, True
    for row in _rows(folder / "trajectory.csv"):
        if row["tracking_ok"] != "1":
            tracked = False
            continue
        session, tracked = session + (not tracked), True
        stamp = round((float(row["stamp"]) + START_S) * 1e9)
        load = image_loader(str(folder / row["file"]))
        frames.append(
            Frame(stamp, load, session, pose_in(row, ("x", "y", "z")), camera, name=Path(row["file"]).name)
        )
    metres, degrees = apart([frame.pose for frame in frames if frame.pose is not None])
    right = (metres <= STREET_RIGHT[0]) & (degrees <= STREET_RIGHT[1])
    same = (metres <= STREET_REVISIT[0]) & (degrees <= STREET_REVISIT[1])
    seconds = np.array([frame.stamp for frame in frames]) * 1e-9
    again = (same & (seconds[:, None] - seconds[None] >= MIN_AGE_S)).any(axis=1)
    verdicts = right.astype(np.int8)
    return Recording("drive", "drive", frames, verdicts, tuple(int(i) for i in np.flatnonzero(again)))


def building(folder: Path) -> Recording:
    """A rendered building whose floors differ in posters, doors and furniture only.

    On one floor, up to 2 m and 30° apart is RIGHT; another floor, or more than 4 m or 60°, is WRONG.

    Args:
        folder: with gt.csv.

    Raises:
        FileNotFoundError: if there is none.
    """
    if not (folder / "gt.csv").is_file():
        raise FileNotFoundError(
            f"expected a rendered building in '{folder}' (python -m rendering.building). Received: no gt.csv"
        )
    rows = _rows(folder / "gt.csv")
    poses = [pose_in(row) for row in rows]
    floor = np.array([row["floor"] for row in rows])
    metres, degrees = apart(poses)
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


def pose_in(row: dict[str, str], position: tuple[str, ...] = POSITION) -> Pose:
    """The pose in the columns of a row; the quaternion is normalised."""
    at, turn = ([float(row[name]) for name in names] for names in (position, QUATERNION))
    return Pose(np.array(at), Rotation.from_quat(turn).as_quat())


def apart(poses: Sequence[Pose]) -> tuple[np.ndarray, np.ndarray]:
    """(N, N) metres, and degrees between the viewing directions."""
    position = np.array([pose.position for pose in poses])
    axis = np.array([pose.rotation.apply([0.0, 0.0, 1.0]) for pose in poses])
    metres = np.linalg.norm(position[:, None] - position[None], axis=2)
    return metres, np.degrees(np.arccos(np.clip(axis @ axis.T, -1, 1)))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
