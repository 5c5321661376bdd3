"""Record of a run, frame by frame; shared by player, judge and report."""

from typing import Dict, List, NamedTuple, Optional, Tuple

from demo.judge import Accepted, Score, judge, pose_error, revisits, score
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Reason, Status


class Candidate(NamedTuple):
    """A candidate of a query, accepted or not."""

    query: int  # frame
    match: int  # frame
    similarity: float
    status: Status
    reason: Reason


class RunLog:
    """Frames as they were sent, results as they arrived.

    Args:
        title: name of the source.
        has_truth: whether the frames have poses.
    """

    def __init__(self, title: str, has_truth: bool) -> None:
        self.title = title
        self.has_truth = has_truth
        self.stamps: List[int] = []  # nanoseconds
        self.thumbnails: List[bytes] = []  # JPEG
        self.poses: List[Pose] = []  # of the optical frames
        self.tracked: List[bool] = []
        self.candidates: List[Candidate] = []  # all candidates of all queries
        self.best: List[Candidate] = []  # the accepted or else the most similar candidate of each query
        self.accepted: List[Accepted] = []
        self.pose_errors: List[Tuple[float, float]] = []  # metres and degrees of accepted candidates
        self.latencies: Dict[int, float] = {}  # frame → seconds from image to result
        self.unused: Dict[str, int] = {}  # why the node did not use images → how many
        self.model = ""
        self._frame_of: Dict[int, int] = {}

    def add_frame(self, stamp: int, thumbnail: bytes, pose: Optional[Pose], tracked: bool) -> int:
        """Record a frame that is sent to the node; returns its number."""
        number = len(self.stamps)
        self._frame_of[stamp] = number
        self.stamps.append(stamp)
        self.thumbnails.append(thumbnail)
        self.tracked.append(tracked)
        if pose is not None:
            self.poses.append(pose)
        return number

    def frame(self, stamp: int) -> Optional[int]:
        """Number of the frame with this stamp (nanoseconds); None if there is none."""
        return self._frame_of.get(stamp)

    def add_accepted(self, accepted: Accepted) -> Accepted:
        """Record an accepted candidate; returns it with its verdict, if there is ground truth."""
        if self.has_truth:
            pair = self.poses[accepted.query], self.poses[accepted.match]
            accepted = accepted._replace(verdict=judge(*pair))
            if accepted.pose is not None:
                self.pose_errors.append(pose_error(*pair, accepted.pose))
        self.accepted.append(accepted)
        return accepted

    def seconds(self, frame: int) -> float:
        """Time of a frame since the first one."""
        return (self.stamps[frame] - self.stamps[0]) / 1e9

    def expected(self, min_age: int) -> List[int]:
        """Revisits; empty without ground truth. ``min_age``: nanoseconds."""
        if not self.has_truth or not self.poses:
            return []
        return revisits(self.stamps, self.poses, self.tracked, min_age)

    def score(self, min_age: int) -> Score:
        return score(self.accepted, self.expected(min_age))

    def latency(self) -> float:
        """Median seconds from image to result; NaN if there was no result."""
        times = sorted(self.latencies.values())
        return times[len(times) // 2] if times else float("nan")
