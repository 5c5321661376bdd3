"""Where the keyframes of a map are in one drawing: by their poses, or in a diagram where none is known."""

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.worlds import Worlds
from place_recognition_ros.poses import Pose, compose, inverse
from place_recognition_ros.ros.markers import Position
from place_recognition_ros.types import Candidate, Query, QueryResult

DIAGRAM = "odom"  # the frame where no pose is known: then nobody else has it
ROW = -3.0  # metres between the sessions of the diagram
VISIBLE_M, VISIBLE_RAD = 0.02, 0.001  # by how much a world has to move to be drawn again

_HERE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))
_NOWHERE = np.zeros((6, 6))


class Spot(NamedTuple):
    """A position in the world of a session."""

    session: int
    position: Position


class Layout:
    """Positions in the frame of the present session, or of the newest one that has poses.

    Sessions that are connected with it are where the connections tell; all others are where they were in
    their own worlds. Without poses, a diagram: x is the time since the session began, y its row.

    Args:
        memory: the map.
    """

    def __init__(self, memory: KeyframeMap) -> None:
        self._memory = memory
        frames = [session.frame for _, session in sorted(memory.store.sessions().items())]
        self._frame = next(filter(None, [memory.sessions.present.frame, *frames[::-1]]), "")
        self._rows: Dict[int, Tuple[int, int]] = {}  # session → its row in the diagram, its first stamp
        self._ties: List[Tuple[int, int, int, int]] = []
        self._worlds: Dict[int, Pose] = {}  # session → its world in the frame
        self._matrices: Dict[int, np.ndarray] = {}  # their rotations, (3, 3)
        self._present = 0  # session

    @property
    def has_poses(self) -> bool:
        """Whether it is no diagram."""
        return bool(self._frame)

    @property
    def frame_id(self) -> str:
        """The frame of :meth:`place`."""
        return self._frame or DIAGRAM

    @property
    def is_valid(self) -> bool:
        """Whether the present session still has this frame."""
        return self._memory.sessions.present.frame in ("", self._frame)

    def relate(self, present: int) -> bool:
        """Read how the sessions are connected; returns whether positions have changed visibly.

        Args:
            present: the present session.

        Raises:
            StoreError: if the map cannot be read.
        """
        ties = self._memory.store.learned.ties()
        names = [each[:4] for each in ties]
        if (names, present) == (self._ties, self._present):
            return False
        self._ties, self._present = names, present
        worlds = Worlds(ties)
        root, back = worlds.root(present), inverse(worlds.to_root(present, _HERE, _NOWHERE)[0])
        sessions = {present} | {each for name in names for each in name[:2]}
        found = {
            each: compose(back, worlds.to_root(each, _HERE, _NOWHERE)[0])
            for each in sessions
            if worlds.root(each) == root
        }
        if set(found) == set(self._worlds) and all(
            _is_near(pose, self._worlds[each]) for each, pose in found.items()
        ):
            return False  # every match in an earlier session corrects the worlds a little
        self._worlds = found
        self._matrices = {each: pose.rotation.as_matrix() for each, pose in found.items()}
        return True

    def is_connected(self, session: int) -> bool:
        """Whether it is known where a session is."""
        return not self._frame or session in self._worlds

    def world(self, session: int) -> Optional[Pose]:
        """The world of a session in the frame; None: not known, or there is none."""
        return self._worlds.get(session) if self._frame else None

    def place(self, spot: Spot) -> Position:
        """A spot in the frame."""
        world = self.world(spot.session)
        if world is None:
            return spot.position
        x, y, z = (world.position + self._matrices[spot.session] @ spot.position).tolist()
        return x, y, z

    def keyframe(self, keyframe_id: int) -> Optional[Spot]:
        """Where a keyframe is; None: not known. In a diagram, the first one of a session is its beginning."""
        entry = self._memory.timeline.get(keyframe_id)
        return None if entry is None else self._spot(entry.session, entry.stamp, entry.pose)

    def query(self, result: QueryResult) -> Optional[Spot]:
        """Where the camera was that took a query: by its pose, else by what it matches; None: not known."""
        query = result.query
        if query is None:
            return None
        found = self.keyframe(query.id) or self._own(query, result.view and result.view.pose)
        return found or next(filter(None, map(self.matched, result.accepted)), None)

    def matched(self, candidate: Candidate) -> Optional[Spot]:
        """Where the query of a candidate is in the world of its match; None: not known."""
        found = candidate.world_pose
        return None if found is None or not self._frame else _to_spot(candidate.match_session, found.pose)

    def _own(self, query: Query, pose: Optional[Pose]) -> Optional[Spot]:
        known = self._frame or query.session in self._rows
        return self._spot(query.session, query.stamp, pose) if known else None

    def _spot(self, session: int, stamp: int, pose: Optional[Pose]) -> Optional[Spot]:
        if self._frame:
            return None if pose is None else _to_spot(session, pose)
        row, start = self._rows.setdefault(session, (len(self._rows), stamp))
        return Spot(session, ((stamp - start) * 1e-9, ROW * row, 0.0))


def _is_near(pose: Pose, other: Pose) -> bool:
    """Whether nobody would see that a world has moved."""
    apart = np.linalg.norm(pose.position - other.position)
    return bool(apart < VISIBLE_M and (pose.rotation.inv() * other.rotation).magnitude() < VISIBLE_RAD)


def _to_spot(session: int, pose: Pose) -> Spot:
    x, y, z = np.asarray(pose.position).tolist()
    return Spot(session, (x, y, z))
