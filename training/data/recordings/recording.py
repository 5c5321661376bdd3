"""A recording: frames in order, with the truth of every pair of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Keyframe
from training.data.recordings.files import read_image

MIN_AGE_S = 10.0  # of a match in the same session: the default of min_loop_interval_s
AWAY_S = 2.0  # for which the camera was elsewhere between the two visits of a place
JUMP_S = 60.0  # between two recordings that are played one after another
START_S = 1.0  # of the first frame: a stamp of 0 is no stamp


class Verdict(IntEnum):
    """Truth of a pair of frames."""

    WRONG = 0  # they show different places
    RIGHT = 1  # they show the same place
    UNKNOWN = 2  # they may or may not; counted neither way


class Frame(NamedTuple):
    """One image of a recording."""

    stamp: int  # nanoseconds
    load: Callable[[], np.ndarray]  # (H, W, 3) uint8 BGR
    session: int = 0
    pose: Pose | None = (
        None  # of the camera in the world of the recording; the path may be derived from the order
    )
    camera: Camera | None = None
    depth: Callable[[], np.ndarray | None] | None = None  # aligned to the image; uint16 mm or float32 m
    name: str = ""  # of the file, for reports
    odometry: Pose | None = None  # of the camera in the odometry frame of its session; drifts

    def keyframe(self) -> Keyframe:
        """The keyframe for the detector, with odometry where it is known."""
        depth = None if self.depth is None else self.depth()
        keyframe = Keyframe(self.load(), self.stamp, camera=self.camera, depth=depth)
        if self.odometry is None:
            return keyframe
        return keyframe._replace(
            pose=self.odometry,
            pose_frame="camera",
            world_frame=f"odom_{self.session}",
            base_to_camera=Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0])),
        )


class Recording(NamedTuple):
    """Frames in the order in which the detector gets them, and what is true of them."""

    name: str
    building: str  # recordings of one building are left out of a calibration together
    frames: Sequence[Frame]
    verdicts: np.ndarray  # (N, N) int8 Verdict, symmetric
    revisits: tuple[int, ...]  # frames of which an earlier frame shows the same place; see find_revisits

    def judge(self, query: int, match: int) -> Verdict:
        """The truth of two frames, by their numbers."""
        return Verdict(int(self.verdicts[query, match]))

    def numbers(self) -> dict[int, int]:
        """Stamp → number of the frame."""
        return {frame.stamp: number for number, frame in enumerate(self.frames)}


def image_loader(path: str) -> Callable[[], np.ndarray]:
    """A function that reads an image file."""
    return lambda: read_image(path)


def find_revisits(frames: Sequence[Frame], same: np.ndarray, near: np.ndarray) -> tuple[int, ...]:
    """The frames that a detector should recognise.

    A match counts if it is from an earlier session, or if it is at least ``MIN_AGE_S`` older and the camera
    was elsewhere between the two for at least ``AWAY_S``: the detector does not search the present visit.

    Args:
        frames: in order.
        same: (N, N) bool, whether two frames show the same view well enough to be recognised.
        near: (N, N) bool, whether two frames may show parts of one place; False: the camera was elsewhere.

    Returns:
        Numbers of the frames, ascending.
    """
    seconds = np.array([frame.stamp for frame in frames]) * 1e-9
    session = np.array([frame.session for frame in frames])
    left = np.array([_left_at(near[number], number, seconds) for number in range(len(frames))])
    older = seconds[:, None] - seconds[None] >= MIN_AGE_S
    again = older & (seconds[:, None] >= left[None])  # row: query, column: match
    earlier = session[:, None] > session[None]
    allowed = np.where(session[:, None] == session[None], again, earlier)
    return tuple(int(number) for number in np.flatnonzero((same & allowed).any(axis=1)))


def _left_at(near: np.ndarray, number: int, seconds: np.ndarray) -> float:
    """When the camera had been elsewhere for ``AWAY_S`` after a frame; infinite: never."""
    since = np.inf
    for later in range(number + 1, len(near)):
        since = np.inf if near[later] else min(since, seconds[later])
        if seconds[later] - since >= AWAY_S:
            return float(seconds[later])
    return np.inf


def stamps(count: int, step_s: float, start_s: float = START_S) -> list[int]:
    """Stamps at a constant rate, nanoseconds."""
    return [round((start_s + step_s * number) * 1e9) for number in range(count)]
