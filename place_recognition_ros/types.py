"""The values that pass between the parts. None of them knows ROS."""

from enum import IntEnum
from typing import NamedTuple, Optional

import numpy as np

from place_recognition_ros.poses import Pose

FEATURE = np.dtype(
    [
        ("x", "<f4"),
        ("y", "<f4"),
        ("angle", "<f4"),
        ("descriptor", "u1", (32,)),
    ]  # pixels, pixels, degrees, ORB
)
"""One local feature. A keyframe's features are an (N,) array of it; ``tobytes`` stores them."""


class Kind(IntEnum):
    """What a match means to a pose graph. The numbers are those of LoopCandidate.msg."""

    LOOP_CLOSURE = 0  # in the same session
    KIDNAP_RECOVERY = 1  # the first match after tracking was lost, in an earlier session
    INTER_SESSION = 2  # in an earlier session
    RELOCALIZATION = 3  # the answer to a question


class Status(IntEnum):
    """How far a match has come. The numbers are those of LoopCandidate.msg."""

    RETRIEVED = 0  # similar; not checked further
    CONSISTENT = 1  # its neighbours in time are similar too
    VERIFIED = 2  # and the local features agree with a rigid scene
    REJECTED = 3  # see reason


class Reason(IntEnum):
    """Why a match was rejected. The numbers are those of LoopCandidate.msg."""

    NONE = 0
    LOW_SIMILARITY = 1
    AMBIGUOUS = 2  # another place is more similar by more than the allowed margin
    NOT_CONSISTENT = 3  # the keyframes before the query do not fit those round the match
    FEW_MATCHES = 4  # of local features
    FEW_INLIERS = 5  # of the epipolar geometry
    DEGENERATE = 6  # the geometry rests on too small a part of the picture
    ODOMETRY_CONFLICT = 7
    TOO_RECENT = 8  # the camera has not left the place since


class Keyframe(NamedTuple):
    """One picture of the camera, as the SLAM system or the camera gives it."""

    image: np.ndarray  # (H, W, 3) uint8 BGR, or (H, W) uint8 gray
    stamp: int  # nanoseconds
    pose: Optional[Pose] = None


class Candidate(NamedTuple):
    """A query keyframe and a keyframe of the map that may show the same place."""

    kind: Kind
    status: Status
    reason: Reason
    query_id: int  # 0: the query is not stored
    match_id: int
    query_stamp: int  # nanoseconds
    match_stamp: int  # nanoseconds
    query_session: int
    match_session: int
    similarity: float  # cosine, -1 to 1
    margin: float  # similarity minus that of the best other place (−1 where there is none)
    matches: int = -1  # of local features; -1: not looked at
    inliers: int = -1  # of the epipolar geometry; -1: not looked at

    @property
    def accepted(self) -> bool:
        """Whether every check that is switched on was passed."""
        return self.status in (Status.CONSISTENT, Status.VERIFIED)

    def rejected(self, reason: Reason) -> "Candidate":
        return self._replace(status=Status.REJECTED, reason=reason)
