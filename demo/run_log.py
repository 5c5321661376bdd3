"""What happened in a run, gathered frame by frame: the one thing that player, judge and report share."""

from typing import Dict, List, NamedTuple, Optional

from demo.judge import CameraPose, Found, Score, judge, revisits, score


class Answer(NamedTuple):
    """What the node said about one query: its best candidate, accepted or not."""

    query: int  # frame
    match: int  # frame
    similarity: float
    status: str
    reason: str


class RunLog:
    """Frames as they were sent, answers as they came.

    Args:
        title: what was played.
        has_truth: the frames come with poses.
    """

    def __init__(self, title: str, has_truth: bool) -> None:
        self.title = title
        self.has_truth = has_truth
        self.stamps: List[int] = []  # nanoseconds
        self.thumbnails: List[bytes] = []  # JPEG
        self.poses: List[CameraPose] = []
        self.tracked: List[bool] = []
        self.answers: List[Answer] = []
        self.retrieved: List[Answer] = []  # every candidate of every query
        self.found: List[Found] = []
        self.answered: Dict[int, float] = {}  # frame ► seconds from picture to answer
        self.model = ""
        self._frame_of: Dict[int, int] = {}

    def sent(self, stamp: int, thumbnail: bytes, pose: Optional[CameraPose], tracked: bool) -> int:
        """Note a picture that goes to the node; returns its number."""
        number = len(self.stamps)
        self._frame_of[stamp] = number
        self.stamps.append(stamp)
        self.thumbnails.append(thumbnail)
        self.tracked.append(tracked)
        if pose is not None:
            self.poses.append(pose)
        return number

    def frame(self, stamp: int) -> Optional[int]:
        """The number of the frame with this stamp (nanoseconds); None for a stranger's."""
        return self._frame_of.get(stamp)

    def accept(self, found: Found) -> Found:
        """Note an accepted candidate, judged if there is truth."""
        if self.has_truth:
            found = found._replace(verdict=judge(self.poses[found.query], self.poses[found.match]))
        self.found.append(found)
        return found

    def seconds(self, frame: int) -> float:
        """Of a frame, since the first one."""
        return (self.stamps[frame] - self.stamps[0]) / 1e9

    def expected(self, min_age: int) -> List[int]:
        """Frames that show a place seen before; none without truth. ``min_age``: nanoseconds."""
        return (
            revisits(self.stamps, self.poses, self.tracked, min_age) if self.has_truth and self.poses else []
        )

    def score(self, min_age: int) -> Score:
        return score(self.found, self.expected(min_age))

    def latency(self) -> float:
        """Median seconds from picture to answer; NaN if there was none."""
        times = sorted(self.answered.values())
        return times[len(times) // 2] if times else float("nan")
