"""The demo drive with the loops that the detector finds, and false loops."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from demo import depth
from demo.judge import judge
from demo.sources import Frame, decode, open_drive
from examples.pose_graph import Loop, inverse, rigid
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Camera, Candidate, Count, Keyframe

DRIVE = Path(__file__).resolve().parent.parent / "demo" / "drive"
FALSE = 0.3  # false loops, as a part of all loops
BASE = 10**9  # nanoseconds: a stamp of 0 is no stamp
SIMULATED = np.diag([0.08**2] * 3 + [0.01**2] * 3)  # covariance of simulated poses


class Drive(NamedTuple):
    """The drive and the loops that the detector found."""

    frames: list[Frame]
    true: np.ndarray  # (N, 4, 4): optical frames in the world
    kept: np.ndarray  # (n,) int: frames while tracking works
    loops: list[Loop]
    covariance: np.ndarray  # (6, 6): the median of the loops

    @property
    def moved(self) -> int:
        """How many of the kept frames come before the camera is moved."""
        return int(np.argmax(np.diff(self.kept) > 1)) + 1


def read_drive(features: str, with_depth: bool, simulated: bool) -> Drive:
    """The drive with the accepted candidates of the detector.

    Args:
        features: the parameter ``feature_model`` of the detector.
        with_depth: whether the detector gets the depth images; without them the scale of a loop is not known.
        simulated: whether the poses of the candidates are true ones with noise.
    """
    source = open_drive(DRIVE)
    frames = [frame._replace(stamp=frame.stamp + BASE) for frame in source.frames()]
    if not with_depth:
        frames = [frame._replace(depth=b"") for frame in frames]
    poses = [frame.pose for frame in frames if frame.pose is not None]
    true = np.array([rigid(pose.position, pose.orientation) for pose in poses])
    about = source.camera or {}
    camera = Camera(
        about["image_width"],
        about["image_height"],
        "camera_optical",
        about["distortion_model"],
        np.reshape(about["camera_matrix"]["data"], (3, 3)),
        np.array(about["distortion_coefficients"]["data"]),
    )
    row = {frame.stamp: number for number, frame in enumerate(frames)}
    random = np.random.default_rng(0)
    loops = []
    for candidate in accepted(frames, camera, features):
        pair = row[candidate.query_stamp], row[candidate.match_stamp]
        loop = simulate(frames, true, pair, random) if simulated else to_loop(candidate)
        if loop is not None:
            loops.append(loop)
    if not loops:
        raise SystemExit("expected candidates with poses. Received: none")
    metric = [loop.covariance for loop in loops if loop.scale_known] or [SIMULATED]
    kept = np.flatnonzero([frame.tracking_ok for frame in frames])
    return Drive(frames, true, kept, loops, np.median(metric, axis=0))


def accepted(frames: Iterable[Frame], camera: Camera, features: str) -> Iterable[Candidate]:
    """The accepted candidates of the detector, between frames that are in its map."""
    detector = LoopDetector.open(Config(max_depth_m=depth.FAR, feature_model=features))
    tracking, stored = True, set()
    for frame in frames:
        if frame.tracking_ok != tracking:
            tracking = frame.tracking_ok
            detector.set_tracking(tracking, frame.stamp)
        image = decode(frame)
        if image is None:
            raise SystemExit(f"expected an image. Received: '{frame.name}'")
        metres = depth.decode(frame.depth) if frame.depth else None
        result = detector.add(Keyframe(image, frame.stamp, camera=camera, depth=metres))
        if result.outcome == Count.STORED:
            stored.add(frame.stamp)
        found = (*result.accepted, *result.confirmed)
        yield from (candidate for candidate in found if candidate.query_stamp in stored)
    detector.close()


def to_loop(candidate: Candidate) -> Loop | None:
    """The edge of a candidate; None if it has no pose."""
    if candidate.pose is None:
        return None
    pose, covariance, scale_known = candidate.pose
    matrix = rigid(pose.position, pose.orientation)
    return Loop(candidate.query_stamp, candidate.match_stamp, matrix, covariance, scale_known)


def simulate(
    frames: list[Frame], true: np.ndarray, pair: tuple[int, int], random: np.random.Generator
) -> Loop:
    """The true relative pose of two frames with noise of the covariance ``SIMULATED``."""
    query, match = pair
    noise = random.multivariate_normal(np.zeros(6), SIMULATED)
    pose = inverse(true[match]) @ true[query]
    pose[:3, 3] += noise[:3]
    pose[:3, :3] = Rotation.from_rotvec(noise[3:]).as_matrix() @ pose[:3, :3]
    return Loop(frames[query].stamp, frames[match].stamp, pose, SIMULATED, True)


def loop_errors(drive: Drive) -> str:
    """How exact the poses of the loops are, in a sentence."""
    row = {frame.stamp: number for number, frame in enumerate(drive.frames)}
    metres, degrees = [], []
    for loop in drive.loops:
        error = inverse(inverse(drive.true[row[loop.match]]) @ drive.true[row[loop.query]]) @ loop.pose
        degrees.append(np.degrees(Rotation.from_matrix(error[:3, :3]).magnitude()))
        if loop.scale_known:
            metres.append(np.linalg.norm(error[:3, 3]))
    middle, high = np.percentile(degrees, (50, 95))
    text = f"{len(drive.loops)} loops; error of their poses, median and 95 %: {middle:.2f}° and {high:.2f}°"
    if metres:
        middle, high = 100 * np.percentile(metres, (50, 95))
        text += f"; of the {len(metres)} in metres: {middle:.0f} and {high:.0f} cm"
    return text


# ----------------------------------------------------------------------------------------- false loops


def no_loops(drive: Drive, seed: int) -> list[Loop]:
    """None."""
    return []


def random_loops(drive: Drive, seed: int) -> list[Loop]:
    """Between random frames that do not show one place."""
    random = np.random.default_rng(seed)
    result: list[Loop] = []
    while len(result) < number_of_false(drive):
        match, query = sorted(random.choice(drive.kept, 2, replace=False))
        if not same_place(drive.frames, query, match):
            result.append(false_loop(drive, query, match, random))
    return result


def alike_loops(drive: Drive, seed: int) -> list[Loop]:
    """Consistent among each other: frame by frame along E F, which looks like D E."""
    random = np.random.default_rng(seed)
    first = random.integers(155, 165)  # of E F; D E begins with frame 5
    count = min(number_of_false(drive), 30)
    return [false_loop(drive, first + row, 5 + row, random) for row in range(count)]


def number_of_false(drive: Drive) -> int:
    """So many that they are the part ``FALSE`` of all loops."""
    return round(len(drive.loops) * FALSE / (1 - FALSE))


def false_loop(drive: Drive, query: int, match: int, random: np.random.Generator) -> Loop:
    """A loop that says that two frames show nearly the same view."""
    noise = random.standard_normal(6) * np.repeat((0.5, 0.05), 3)
    pose = rigid(noise[:3], Rotation.from_rotvec(noise[3:]).as_quat())
    return Loop(drive.frames[query].stamp, drive.frames[match].stamp, pose, drive.covariance, True)


def same_place(frames: list[Frame], query: int, match: int) -> bool:
    """Whether two frames show one place."""
    a, b = frames[query].pose, frames[match].pose
    return a is not None and b is not None and judge(a, b).right
