"""Ground truth: whether a candidate is right, and precision and recall of a run.

Two images show the same place if their cameras were close together and looked in similar directions. A
*revisit*, which should be recognised, has tight limits. A candidate counts as *right* within wider limits,
because ten metres further down a street the same houses are still visible. No two streets of the demo are
that close.
"""

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, angle, distance
from place_recognition_ros.types import Kind
from rendering.camera import direction

RIGHT = (10.0, 50.0)  # maximum metres and degrees between the two views of a right candidate; they see 77°
REVISIT = (4.0, 25.0)  # the same for a query that should be recognised


class Verdict(NamedTuple):
    """Ground truth of a pair of images."""

    right: bool
    distance: float  # metres
    angle: float  # degrees between the viewing directions


class Accepted(NamedTuple):
    """An accepted candidate."""

    query: int  # frame
    match: int  # frame
    kind: Kind
    similarity: float
    inliers: int
    verdict: Optional[Verdict] = None  # None: no ground truth
    pose: Optional[Pose] = None  # of the query camera in the match's optical frame, metres; None: not known


class Score(NamedTuple):
    """Result of a whole run."""

    right: int  # accepted candidates
    wrong: int
    revisits: int  # queries that should be recognised
    recognised: int  # revisits with a right candidate

    @property
    def precision(self) -> float:
        """Share of the accepted candidates that are right; NaN if there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else float("nan")

    @property
    def recall(self) -> float:
        """Share of the revisits with a right candidate; NaN if there are no revisits."""
        return self.recognised / self.revisits if self.revisits else float("nan")


def judge(query: Pose, match: Pose) -> Verdict:
    """Whether two cameras see the same place; poses of optical frames."""
    metres = distance(query, match)
    cosine = float(np.clip(direction(query) @ direction(match), -1, 1))
    degrees = float(np.degrees(np.arccos(cosine)))
    return Verdict(metres <= RIGHT[0] and degrees <= RIGHT[1], metres, degrees)


def pose_error(query: Pose, match: Pose, relative: Pose) -> Tuple[float, float]:
    """Metres and degrees by which ``relative``, the query in the match, is wrong."""
    to_match = match.rotation.inv()
    true = Pose(to_match.apply(query.position - match.position), (to_match * query.rotation).as_quat())
    return distance(true, relative), float(np.degrees(angle(true, relative)))


def revisits(
    stamps: Sequence[int], poses: Sequence[Pose], tracked: Sequence[bool], min_age: int
) -> List[int]:
    """Frames that show a place which was seen before.

    Args:
        stamps: nanoseconds.
        poses: of the optical frames.
        tracked: False while the camera is lost (lens covered); these frames are no queries and no matches.
        min_age: nanoseconds; younger frames belong to the same visit.

    Returns:
        Numbers of the frames, ascending.
    """
    position = np.array([pose.position for pose in poses])
    forward = np.array([direction(pose) for pose in poses])
    metres = np.linalg.norm(position[:, None] - position[None], axis=2)
    degrees = np.degrees(np.arccos(np.clip(forward @ forward.T, -1, 1)))
    time = np.array(stamps)
    before = time[:, None] - time[None] >= min_age
    usable = np.array(tracked)
    same = (metres <= REVISIT[0]) & (degrees <= REVISIT[1]) & before & usable[None] & usable[:, None]
    return [int(i) for i in np.flatnonzero(same.any(1))]


def score(accepted: Sequence[Accepted], expected: Sequence[int]) -> Score:
    """Precision and recall.

    Args:
        accepted: all accepted candidates, with verdicts.
        expected: the frames of :func:`revisits`.
    """
    right = [each for each in accepted if each.verdict is not None and each.verdict.right]
    recognised = {each.query for each in right} & set(expected)
    return Score(len(right), len(accepted) - len(right), len(expected), len(recognised))


def percent(share: float) -> str:
    """For display: "98 %", or a dash for NaN."""
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"
