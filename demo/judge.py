"""Right or wrong: what the true camera poses say about a candidate, and about all of them.

Two cameras see the same place if they stood and looked alike. A *revisit*, which ought to be recognised,
is when they did so closely; a candidate counts as *right* more generously, since down a street one still
sees the same houses ten metres on. No two streets of the demo are so close.
"""

import math
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

RIGHT = (10.0, 35.0)  # metres and degrees between two views of one place, at the most
REVISIT = (4.0, 25.0)  # the same between a query and what it ought to find


class CameraPose(NamedTuple):
    """The optical frame (z forward) in the world: metres, unit quaternion."""

    x: float
    y: float
    z: float
    qx: float
    qy: float
    qz: float
    qw: float

    def position(self) -> np.ndarray:
        """(3,) metres."""
        return np.array([self.x, self.y, self.z])

    def forward(self) -> np.ndarray:
        """(3,) unit vector: where the camera looks."""
        x, y, z, w = self.qx, self.qy, self.qz, self.qw
        return np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])


class Verdict(NamedTuple):
    """What the truth says about one pair of pictures."""

    right: bool
    distance: float  # metres
    angle: float  # degrees


class Found(NamedTuple):
    """One accepted candidate."""

    query: int  # frame
    match: int  # frame
    kind: str
    similarity: float
    inliers: int
    verdict: Optional[Verdict] = None  # None: no truth


class Score(NamedTuple):
    """How a whole run went."""

    right: int  # accepted candidates
    wrong: int
    revisits: int  # queries that should have been answered
    answered: int  # those of them that were, rightly

    @property
    def precision(self) -> float:
        """Share of the accepted candidates that are right; NaN if there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else float("nan")

    @property
    def recall(self) -> float:
        """Share of the revisits that got a right candidate; NaN if there are none."""
        return self.answered / self.revisits if self.revisits else float("nan")


def judge(query: CameraPose, match: CameraPose) -> Verdict:
    """Two pictures show the same place if their cameras stood close together and looked the same way."""
    distance = float(np.linalg.norm(query.position() - match.position()))
    cosine = float(np.clip(query.forward() @ match.forward(), -1, 1))
    angle = float(np.degrees(np.arccos(cosine)))
    return Verdict(distance <= RIGHT[0] and angle <= RIGHT[1], distance, angle)


def revisits(
    stamps: Sequence[int], poses: Sequence[CameraPose], tracked: Sequence[bool], min_age: int
) -> List[int]:
    """Frames that show a place which was seen before.

    Args:
        stamps: nanoseconds.
        tracked: frames of a camera that is lost (here: covered) neither ask nor answer.
        min_age: nanoseconds; younger frames belong to the same visit.

    Returns:
        Their numbers, rising.
    """
    place = np.array([p.position() for p in poses])
    view = np.array([p.forward() for p in poses])
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    angle = np.degrees(np.arccos(np.clip(view @ view.T, -1, 1)))
    when = np.array(stamps)
    before = when[:, None] - when[None] >= min_age
    usable = np.array(tracked)
    same = (distance <= REVISIT[0]) & (angle <= REVISIT[1]) & before & usable[None] & usable[:, None]
    return [int(i) for i in np.flatnonzero(same.any(1))]


def score(found: Sequence[Found], expected: Sequence[int]) -> Score:
    """Count.

    Args:
        found: all accepted candidates, judged.
        expected: the frames of :func:`revisits`.
    """
    right = [f for f in found if f.verdict is not None and f.verdict.right]
    answered = {f.query for f in right} & set(expected)
    return Score(len(right), len(found) - len(right), len(expected), len(answered))


def percent(share: float) -> str:
    """For people: "98 %", or a dash for none."""
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"
