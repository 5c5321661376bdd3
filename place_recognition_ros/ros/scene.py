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
from place_recognition_ros.ros import markers
from place_recognition_ros.ros.layout import Layout, Spot
from place_recognition_ros.ros.markers import Colour, Position
from place_recognition_ros.types import Candidate, Kind, Loss, QueryResult, TrackingState

MOST = 4096  # keyframes of the map, evenly distributed, that are drawn when a scene begins
STRETCH = 48  # keyframes in one marker: when one is added, these are sent again
BUNDLE = 12  # loops in one marker
MOST_LOOPS = 512  # newest ones that are drawn when a scene begins
MOST_REJECTED = 20  # of a query
LEAST, LEAST_DRAWN = 4, 16  # keyframes that are read, and changed markers that are sent, with one result,
BUDGET = 0.001  # and as many more as are made within so many seconds
EXPLANATION = "no odometry: 1 m is 1 s of time, one line per session"


class _Stretch(NamedTuple):
    """A part of a trajectory."""

    session: int
    points: List[Position]  # in the world of the session


class _Loop(NamedTuple):
    """An accepted candidate."""

    candidate: Candidate
    query: Spot
    match: Spot


class _Decision(NamedTuple):
    """A candidate that was accepted or retracted."""

    candidate: Candidate
    query: Optional[Spot] = None  # None: where its keyframe is


Drawable = Tuple[str, int]
"""A stretch, a bundle of loops or of retracted ones, a loss of tracking: its kind and number."""


class Scene:
    """The drawing of a map in the frame of the present session.

    Args:
        memory: the map.
        losses: session → why tracking was lost before it; may grow.
        decided: candidates that were accepted or retracted, oldest first.
    """

    def __init__(self, memory: KeyframeMap, losses: Mapping[int, Loss], decided: Iterable[Candidate]) -> None:
        self._memory, self._losses = memory, losses
        self._layout = Layout(memory)
        ids = list(memory.timeline)
        self._count = len(ids)
        self._unread: Deque[Union[int, _Decision]] = deque(ids[:: max(1, -(-len(ids) // MOST))])
        self._unread.extend(_Decision(each) for each in list(decided)[-MOST_LOOPS:])
        self._stretches: List[_Stretch] = []
        self._newest: Dict[int, int] = {}  # session → number of its newest stretch
        self._loops: List[Optional[_Loop]] = []
        self._retracted: List[Optional[_Loop]] = []
        self._numbers: Dict[Tuple[int, int], int] = {}  # stamp of the query, match → number of the loop
        self._due: Dict[Drawable, None] = {}  # what has changed, in this order
        self._here: Optional[Spot] = None  # of the camera
        self._lowest, self._highest = np.full(3, np.inf), np.full(3, -np.inf)  # of all positions
        self._canvas = markers.Canvas(self._layout.frame_id)
        self._begun = False

    @property
    def continues(self) -> bool:
        """Whether it can go on; else it is too large, or what it shows is not the map any more."""
        small = len(self._stretches) <= 2 * MOST // STRETCH and len(self._loops) <= 2 * MOST_LOOPS
        return small and self._layout.is_valid and len(self._memory) - self._count in (0, 1)

    def update(self, result: QueryResult) -> List[Marker]:
        """The markers to publish with the result of a query.

        Raises:
            StoreError: if the map cannot be read.
        """
        query = result.query
        if query is None:
            return []
        until = time.perf_counter() + BUDGET
        found = [] if self._begun else self._begin()
        if len(self._memory) > self._count:
            self._unread.append(query.id)
        self._count = len(self._memory)
        if self._layout.relate(query.session):
            self._draw_again()  # after a loss of tracking, too: it begins a session
        here = self._layout.query(result) if self._layout.has_poses else None
        for each in (*result.confirmed, *result.accepted, *result.retracted):
            self._unread.append(_Decision(each, here if each.query_stamp == query.stamp else None))
        read = 0
        while self._unread and (read < LEAST or time.perf_counter() < until):
            self._read(self._unread.popleft())
            read += 1
        found += self._now(result)
        drawn = 0
        while self._due and (drawn < LEAST_DRAWN or time.perf_counter() < until):
            changed = next(iter(self._due))
            del self._due[changed]
            found += self._draw(*changed)
            drawn += 1
        return found

    # -------------------------------------------------------------------------------------- the map

    def _read(self, each: Union[int, _Decision]) -> None:
        """Take in the next keyframe, by its id, or decision."""
        if isinstance(each, _Decision):
            self._decide(each)
            return
        spot = self._layout.keyframe(each)
        if spot is None:
            return
        number = self._newest.get(spot.session, -1)
        if number < 0 or len(self._stretches[number].points) > STRETCH:
            before = self._stretches[number].points[-1:] if number >= 0 else []
            self._stretches.append(_Stretch(spot.session, list(before)))
            number = self._newest[spot.session] = len(self._stretches) - 1
        self._stretches[number].points.append(spot.position)
        self._due["trajectory", number] = None
        self._enlarge(spot.position)

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
        loop = self._loop(candidate, decision.query) if candidate.accepted else None
        if loop is not None:
            self._numbers[name] = len(self._loops)
            self._due["loops", len(self._loops) // BUNDLE] = None
            self._loops.append(loop)

    def _loop(self, candidate: Candidate, query: Optional[Spot]) -> Optional[_Loop]:
        """A candidate with its positions; without one of the query, that of its keyframe or by its match."""
        layout = self._layout
        query = query or layout.keyframe(candidate.query_id) or layout.matched(candidate)
        match = layout.keyframe(candidate.match_id)
        return None if query is None or match is None else _Loop(candidate, query, match)

    def _enlarge(self, position: Position) -> None:
        """Lines and letters have to be seen when the map has grown."""
        self._lowest, self._highest = np.minimum(self._lowest, position), np.maximum(self._highest, position)
        scale = markers.scale_of(float((self._highest - self._lowest).max()))
        if scale != self._canvas.scale:
            self._canvas = self._canvas._replace(scale=scale)
            self._draw_again()

    def _draw_again(self) -> None:
        for kind, count in (
            ("trajectory", len(self._stretches)),
            ("loops", -(-len(self._loops) // BUNDLE)),
            ("retracted", -(-len(self._retracted) // BUNDLE)),
        ):
            self._due.update(dict.fromkeys((kind, number) for number in range(count)))
        self._due.update(dict.fromkeys(("kidnap", session) for session in self._losses))
        if not self._layout.has_poses:
            self._due["note", 0] = None

    # -------------------------------------------------------------------------------------- drawing

    def _begin(self) -> List[Marker]:
        self._begun = True
        return [markers.nothing()] if self._layout.has_poses else [markers.nothing(), self._note()]

    def _note(self) -> Marker:
        place = (0.0, self._canvas.scale, 0.0)
        return markers.text(self._canvas, "note", 0, place, EXPLANATION, markers.TEXT)

    def _now(self, result: QueryResult) -> List[Marker]:
        """Where the camera is, and the candidates of the query that were examined and rejected."""
        here = self._here = self._layout.query(result) or self._here
        if here is None:
            return []
        lost = result.tracking.state == TrackingState.LOST
        place, colour = self._layout.place(here), markers.KIDNAP if lost else markers.TEXT
        wrong = [each for each in result.candidates if not each.accepted and each.matches >= 0]
        loops = [self._loop(each, here) for each in wrong[:MOST_REJECTED]]
        return [
            markers.ball(self._canvas, "camera", 0, place, colour),
            self._arches("rejected", 0, loops),
        ]

    def _draw(self, kind: str, number: int) -> List[Marker]:
        if kind == "trajectory":
            session, points = self._stretches[number]
            colour = markers.session_colour(session, self._layout.is_connected(session))
            return [markers.path(self._canvas, number, points, self._layout.world(session), colour)]
        if kind == "kidnap":
            return self._draw_loss(number)
        if kind == "note":
            return [self._note()]
        loops = self._loops if kind == "loops" else self._retracted
        return [self._arches(kind, number, loops[number * BUNDLE : (number + 1) * BUNDLE])]

    def _draw_loss(self, session: int) -> List[Marker]:
        """Where tracking was lost before a session: at the end of the one before it."""
        last = max((each for each in self._newest if each < session), default=None)
        if last is None:
            return []
        place = self._layout.place(Spot(last, self._stretches[self._newest[last]].points[-1]))
        words = f"lost ({self._losses[session].value})"
        return [
            markers.ball(self._canvas, "kidnap", 2 * session, place, markers.KIDNAP),
            markers.text(self._canvas, "kidnap", 2 * session + 1, place, words, markers.KIDNAP),
        ]

    def _arches(self, kind: str, number: int, loops: List[Optional[_Loop]]) -> Marker:
        place = self._layout.place
        ends = [
            (place(each.query), place(each.match), _colour(kind, each)) for each in loops if each is not None
        ]
        return markers.arches(self._canvas, kind, number, ends)


def _colour(kind: str, loop: _Loop) -> Colour:
    """Of an accepted one by confidence; a recovery has the colour of kidnaps."""
    if kind != "loops":
        return markers.REJECTED if kind == "rejected" else markers.RETRACTED
    if loop.candidate.kind == Kind.KIDNAP_RECOVERY:
        return markers.KIDNAP
    return markers.confidence_colour(loop.candidate.confidence)
