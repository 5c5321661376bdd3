"""Pairwise consistency of accepted loops with odometry.

After Mangelson et al., Pairwise consistent measurement set maximization (ICRA 2018): between two loops of one
neighbourhood odometry is nearly exact, on the side of the queries as on the side of the matches. Both must
report the same motion. Here the sets are kept as they grow: a loop that contradicts more of the earlier loops
than it agrees with is refused; earlier ones that contradict a larger set of newer ones are taken back.
"""

from collections import deque
from typing import Deque, List, NamedTuple, Optional

from place_recognition_ros.poses import Pose, angle, distance
from place_recognition_ros.types import Candidate

NEWEST = 128  # loops that a new one is compared with
NEIGHBOURS = 100.0  # metres travelled between two loops beyond which odometry says nothing about them
MARGIN = 5.0  # metres: both places may be seen from aside, and no metric pose says from where
STANDS = 0.1  # metres: two queries this close are one
TURN = 1.2  # radians; likewise


class Loop(NamedTuple):
    """An accepted candidate with odometry on both sides."""

    candidate: Candidate
    query: Pose  # of the robot
    match: Pose
    query_travelled: float  # metres since the session began
    match_travelled: float


class Consistency:
    """The accepted loops of the newest part of the trajectory.

    Args:
        drift: metres of error per metre travelled, at most; 0: everything is consistent.
    """

    def __init__(self, drift: float) -> None:
        self._drift = drift
        self._loops: Deque[Loop] = deque(maxlen=NEWEST)

    def contradicted(self, loop: Loop) -> Optional[List[Candidate]]:
        """Compare a loop with the earlier ones.

        Returns:
            None: the loop is to be refused. Otherwise the candidates that are to be taken back.
        """
        if self._drift == 0:
            return []
        verdicts = [(other, self._agree(loop, other)) for other in self._loops]
        against = [other for other, agrees in verdicts if agrees is False]
        agreeing = [other for other, agrees in verdicts if agrees]
        if len(against) > len(agreeing):
            return None
        return [other.candidate for other in against if self._is_outvoted(other, loop)]

    def add(self, loop: Loop) -> None:
        """Keep a loop; of a robot that stands, the newest one only."""
        if self._loops and _stands(self._loops[-1], loop):
            self._loops.pop()
        self._loops.append(loop)

    def remove(self, candidates: List[Candidate]) -> None:
        """Forget loops that were taken back."""
        gone = {(each.query_stamp, each.match_id) for each in candidates}
        kept = [
            loop for loop in self._loops if (loop.candidate.query_stamp, loop.candidate.match_id) not in gone
        ]
        self._loops = deque(kept, maxlen=NEWEST)

    def clear(self) -> None:
        """Forget all: another world frame begins."""
        self._loops.clear()

    def _is_outvoted(self, loop: Loop, newest: Loop) -> bool:
        votes = [self._agree(loop, other) for other in (*self._loops, newest) if other is not loop]
        return votes.count(False) > votes.count(True)

    def _agree(self, a: Loop, b: Loop) -> Optional[bool]:
        """Whether the motion between the queries equals that between the matches; None: not comparable."""
        if a.candidate.match_session != b.candidate.match_session:
            return None
        travelled = abs(a.query_travelled - b.query_travelled) + abs(a.match_travelled - b.match_travelled)
        if travelled > NEIGHBOURS:
            return None
        here, there = distance(a.query, b.query), distance(a.match, b.match)
        turn = abs(angle(a.query, b.query) - angle(a.match, b.match))
        return abs(here - there) <= MARGIN + self._drift * travelled and turn <= TURN


def _stands(a: Loop, b: Loop) -> bool:
    return a.candidate.match_id == b.candidate.match_id and distance(a.query, b.query) < STANDS
