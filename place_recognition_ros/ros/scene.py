"""What RViz shows of a map: trajectories, loops, and where tracking was lost.

A scene begins when a viewer comes. It returns the markers that are new or have changed; of what was before,
as many at a time as fit into a budget, so that no keyframe waits for the drawing of a large map.
"""

import time
from collections import deque
from typing import Deque, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple, Union

import numpy as np
from visualization_msgs.msg import Marker

from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.worlds import Worlds
from place_recognition_ros.poses import Pose, compose, inverse
from place_recognition_ros.ros import markers
from place_recognition_ros.ros.markers import Colour, Position
from place_recognition_ros.types import Candidate, Kind, Loss, Query, QueryResult, TrackingState, View

MOST = 4096  # keyframes of the map, evenly distributed, that are drawn when a scene begins
STRETCH = 48  # keyframes in one marker: when one is added, these are sent again
BUNDLE = 12  # loops in one marker
MOST_LOOPS = 512  # newest ones that are drawn when a scene begins
MOST_REJECTED = 20  # of a query
BUDGET = 0.001  # seconds in which more is drawn, beside what belongs to the result
DIAGRAM = "odom"  # the frame where no pose is known: then nobody else has it
ROW = -3.0  # metres between the sessions of the diagram
EXPLANATION = "no odometry: 1 m is 1 s of time, one line per session"

_HERE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))
_NOWHERE = np.zeros((6, 6))


class _Stretch(NamedTuple):
    """A part of a trajectory."""

    session: int
    points: List[Position]  # in the world of the session


class _Loop(NamedTuple):
    """An accepted candidate."""

    candidate: Candidate
    query: Position  # in the world of its session
    match: Position


class _Decision(NamedTuple):
    """A candidate that was accepted or retracted."""

    candidate: Candidate
    query: Optional[Position] = None  # None: where its keyframe is


Drawable = Tuple[str, int]
"""A stretch, a bundle of loops or of retracted ones, a kidnap: its kind and number."""


class Scene:
    """The drawing of a map in one frame: that of the present session.

    Args:
        memory: the map.
        losses: session → why tracking was lost before it; may grow.
        decided: candidates that were accepted or retracted, oldest first.
    """

    def __init__(self, memory: KeyframeMap, losses: Mapping[int, Loss], decided: Iterable[Candidate]) -> None:
        self._memory, self._losses = memory, losses
        ids = list(memory.timeline)
        self._count = len(ids)
        self._unread: Deque[Union[int, _Decision]] = deque(ids[:: max(1, -(-len(ids) // MOST))])
        self._unread.extend(_Decision(each) for each in list(decided)[-MOST_LOOPS:])
        self._frame = memory.session.frame
        self._rows: Dict[int, Tuple[int, int]] = {}  # session → its row in the diagram, its first stamp
        self._stretches: List[_Stretch] = []
        self._newest: Dict[int, int] = {}  # session → number of its newest stretch
        self._loops: List[Optional[_Loop]] = []
        self._numbers: Dict[Tuple[int, int], int] = {}  # stamp of the query, match → number of the loop
        self._retracted: List[Optional[_Loop]] = []
        self._ties: List[Tuple[int, int, int, int]] = []
        self._worlds: Dict[int, Optional[Pose]] = {}  # session → its world in the frame; None: not known
        self._present = 0  # session
        self._due: Dict[Drawable, None] = {}  # what has changed, in this order
        self._here: Optional[Position] = None  # of the camera, in the world of the present session
        self._begun = False

    def continues(self) -> bool:
        """Whether it can go on; else it is too large, or what it shows is not the map any more."""
        memory = self._memory
        unchanged = len(memory) - self._count in (0, 1) and memory.session.frame in ("", self._frame)
        return (
            unchanged and len(self._stretches) <= 2 * MOST // STRETCH and len(self._loops) <= 2 * MOST_LOOPS
        )

    def update(self, result: QueryResult) -> List[Marker]:
        """The markers to publish with the result of a query."""
        query = result.query
        if query is None:
            return []
        until = time.perf_counter() + BUDGET
        found = [] if self._begun else self._begin()
        if len(self._memory) > self._count:
            self._unread.append(query.id)
        self._count = len(self._memory)
        self._relate(query.session)
        here = self._position_of(query, result.view)
        for each in (*result.confirmed, *result.accepted, *result.retracted):
            self._unread.append(_Decision(each, here if each.query_stamp == query.stamp else None))
        while self._unread and time.perf_counter() < until:
            self._read(self._unread.popleft())
        found += self._now(result)
        drawn = 0
        while self._due and (drawn == 0 or time.perf_counter() < until):
            changed = next(iter(self._due))
            del self._due[changed]
            found += self._draw(changed)
            drawn += 1
        return found

    def _begin(self) -> List[Marker]:
        self._begun = True
        note = markers.text(DIAGRAM, "note", 0, (0.0, 1.0, 0.0), EXPLANATION, markers.TEXT)
        return [markers.nothing()] if self._frame else [markers.nothing(), note]

    # -------------------------------------------------------------------------------------- the map

    def _read(self, each: Union[int, _Decision]) -> None:
        """Take in the next keyframe, by its id, or decision."""
        if isinstance(each, _Decision):
            self._decide(each)
            return
        entry = self._memory.timeline.get(each)
        position = None if entry is None else self._position(entry.session, entry.stamp, entry.pose)
        if entry is None or position is None:
            return
        number = self._newest.get(entry.session, -1)
        if number < 0 or len(self._stretches[number].points) > STRETCH:
            before = self._stretches[number].points[-1:] if number >= 0 else []
            self._stretches.append(_Stretch(entry.session, list(before)))
            number = self._newest[entry.session] = len(self._stretches) - 1
        self._stretches[number].points.append(position)
        self._due["trajectory", number] = None

    def _position(self, session: int, stamp: int, pose: Optional[Pose]) -> Optional[Position]:
        """Where something is in the world of its session, or in the diagram; None: not known."""
        if self._frame:
            return None if pose is None else tuple(pose.position.tolist())
        row, start = self._rows.setdefault(session, (len(self._rows), stamp))
        return (stamp - start) * 1e-9, ROW * row, 0.0

    def _position_of(self, query: Query, view: Optional[View]) -> Optional[Position]:
        """Where the camera is, in the world of its session; None: not known."""
        entry = self._memory.timeline.get(query.id)
        pose = entry.pose if entry is not None else view.pose if view is not None else None
        known = self._frame or query.session in self._rows
        return self._position(query.session, query.stamp, pose) if known else None

    def _decide(self, decision: _Decision) -> None:
        """An accepted candidate becomes a loop; a retracted one is no loop any more."""
        candidate = decision.candidate
        name = candidate.query_stamp, candidate.match_id
        number = self._numbers.pop(name, -1)
        if number >= 0:
            loop, self._loops[number] = self._loops[number], None
            self._due["loops", number // BUNDLE] = None
            if not candidate.accepted:
                self._due["retracted", len(self._retracted) // BUNDLE] = None
                self._retracted.append(loop)
        ends = self._ends(candidate, decision.query)
        if candidate.accepted and ends is not None:
            self._numbers[name] = len(self._loops)
            self._due["loops", len(self._loops) // BUNDLE] = None
            self._loops.append(_Loop(candidate, *ends))

    def _ends(self, candidate: Candidate, query: Optional[Position]) -> Optional[Tuple[Position, Position]]:
        """The positions of query and match, each in its world; ``query``: where it is, if it is known."""
        timeline = self._memory.timeline
        own, match = timeline.get(candidate.query_id), timeline.get(candidate.match_id)
        if query is None and own is not None:
            query = self._position(own.session, own.stamp, own.pose)
        there = None if match is None else self._position(match.session, match.stamp, match.pose)
        return None if query is None or there is None else (query, there)

    def _relate(self, present: int) -> None:
        """How the worlds of all sessions lie in that of the present one; what has moved is drawn again."""
        ties = self._memory.store.learned.ties()
        names = [each[:4] for each in ties]
        if (names, present) == (self._ties, self._present):
            return  # a loss of tracking begins a session
        self._ties, self._present = names, present
        worlds = Worlds(ties)
        root = worlds.root(present)
        back = inverse(worlds.to_root(present, _HERE, _NOWHERE)[0])
        related = {each for name in names for each in name[:2]} | {present}
        self._worlds = {
            each: compose(back, worlds.to_root(each, _HERE, _NOWHERE)[0])
            for each in related
            if worlds.root(each) == root
        }
        for kind, count in (
            ("trajectory", len(self._stretches)),
            ("loops", -(-len(self._loops) // BUNDLE)),
            ("retracted", -(-len(self._retracted) // BUNDLE)),
        ):
            self._due.update(dict.fromkeys((kind, number) for number in range(count)))
        self._due.update(dict.fromkeys(("kidnap", session) for session in self._losses))

    # -------------------------------------------------------------------------------------- drawing

    def _now(self, result: QueryResult) -> List[Marker]:
        """Where the camera is, and what the candidates of the query are that were rejected."""
        query, frame = result.query, self._frame or DIAGRAM
        if query is None:
            return []
        here = self._here = self._position_of(query, result.view) or self._here
        if here is None:
            return []
        lost = result.tracking.state == TrackingState.LOST
        colour = markers.KIDNAP if lost else markers.TEXT
        rejected = [
            self._placed(each, ends, markers.REJECTED)
            for each, ends in ((each, self._ends(each, here)) for each in result.candidates[:MOST_REJECTED])
            if not each.accepted and each.matches >= 0 and ends is not None
        ]
        return [
            markers.ball(frame, "camera", 0, here, colour),
            markers.arches(frame, "rejected", 0, rejected),
        ]

    def _draw(self, each: Drawable) -> List[Marker]:
        kind, number = each
        frame = self._frame or DIAGRAM
        if kind == "trajectory":
            session, points = self._stretches[number]
            colour = markers.session_colour(session, session in self._worlds or not self._frame)
            return [markers.path(frame, number, points, self._world(session), colour)]
        if kind == "kidnap":
            return self._draw_loss(number)
        loops = self._loops if kind == "loops" else self._retracted
        bundle = [each for each in loops[number * BUNDLE : (number + 1) * BUNDLE] if each is not None]
        ends = [self._placed(each.candidate, each[1:3], _colour(each, kind)) for each in bundle]
        return [markers.arches(frame, kind, number, ends)]

    def _draw_loss(self, session: int) -> List[Marker]:
        """Where tracking was lost before a session: at the end of the stretch before its first one."""
        before = [each for each in self._stretches if each.session < session]
        if not before:
            return []
        frame, last = self._frame or DIAGRAM, max(before, key=lambda each: each.session)
        last = self._stretches[self._newest[last.session]]
        place = markers.moved(self._world(last.session), last.points[-1])
        words = f"lost ({self._losses[session].value})"
        return [
            markers.ball(frame, "kidnap", 2 * session, place, markers.KIDNAP),
            markers.text(frame, "kidnap", 2 * session + 1, place, words, markers.KIDNAP),
        ]

    def _world(self, session: int) -> Optional[Pose]:
        return self._worlds.get(session) if self._frame else None

    def _placed(
        self, candidate: Candidate, ends: Tuple[Position, Position], colour: Colour
    ) -> Tuple[Position, Position, Colour]:
        """Both ends of a loop in the frame."""
        query, match = ends
        return (
            markers.moved(self._world(candidate.query_session), query),
            markers.moved(self._world(candidate.match_session), match),
            colour,
        )


def _colour(loop: _Loop, kind: str) -> Colour:
    """By confidence; a recovery has the colour of kidnaps."""
    if kind == "retracted":
        return markers.RETRACTED
    if loop.candidate.kind == Kind.KIDNAP_RECOVERY:
        return markers.KIDNAP
    return markers.confidence_colour(loop.candidate.confidence)
