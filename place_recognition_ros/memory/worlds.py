"""Which sessions show one world, and how their world frames lie in it.

A verified match ties the session of the query to that of the match: a disjoint set of worlds, as in the
pose-graph solver of cerebro. Where both poses and the scale are known, the tie has a transform. The oldest of
the sessions that are connected by transforms gives its frame to all of them.
"""

from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.poses import Pose, compose, inverse

SPARE = 4  # ties of one session, without any one of which its world is the same; of each kind
_HERE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))


class Tie(NamedTuple):
    """What one verified match tells of two sessions."""

    session: int  # of the query
    older: int  # of the match
    query_stamp: int  # nanoseconds
    match_id: int
    metric: bool = False  # whether the rest is known
    transform: Pose = _HERE  # the world frame of ``session`` in that of ``older``
    point: np.ndarray = _HERE.position  # (3,) metres in the world of ``older``: where the match was
    covariance: np.ndarray = np.zeros((6, 6))  # there, of x y z and the rotation; m², rad²

    def located(self, camera: Pose, found: Pose, covariance: np.ndarray) -> "Tie":
        """The same tie with its transform.

        Args:
            camera: the query camera in the world of its session.
            found: the query camera in the world of the match.
            covariance: (6, 6) of ``found``.
        """
        return self._replace(
            metric=True,
            transform=compose(found, inverse(camera)),
            point=found.position,
            covariance=covariance,
        )

    def moved(self, pose: Pose, covariance: np.ndarray) -> Tuple[Pose, np.ndarray]:
        """A pose in the world of ``session``, in that of ``older``; for a metric tie.

        Args:
            pose: in the world of ``session``.
            covariance: (6, 6), of x y z and the rotation about the axes of that world; m², rad².

        Returns:
            The pose, and the covariance along the axes of the other world, with the uncertainty of the tie:
            an error in rotation becomes one in position that grows with the distance from the match.
        """
        axes = np.kron(np.eye(2), self.transform.rotation.as_matrix())
        pose = compose(self.transform, pose)
        lever = np.eye(6)
        lever[:3, 3:] = -_cross(pose.position - self.point)
        return pose, axes @ covariance @ axes.T + lever @ self.covariance @ lever.T

    @property
    def turned_back(self) -> "Tie":
        """The same tie, seen from the other session."""
        back = inverse(self.transform)
        axes = np.kron(np.eye(2), back.rotation.as_matrix())
        return self._replace(
            session=self.older,
            older=self.session,
            transform=back,
            point=back.rotation.apply(np.array(self.point)) + back.position,
            covariance=axes @ self.covariance @ axes.T,
        )


class Worlds:
    """The ties between sessions.

    Those that connect something are kept, and some spare ones, because a match may be retracted.
    The oldest tie of two sessions gives their transform, so that it changes only with a retraction.

    Args:
        ties: to begin with.
    """

    def __init__(self, ties: List[Tie]) -> None:
        self._ties = ties
        self._known: Dict[int, int] = {}  # session → its world, with these ties

    def world(self, session: int) -> int:
        """The oldest session of the same world, as far as is known."""
        if session not in self._known:
            connected = self._paths(session, self._ties)
            self._known.update(dict.fromkeys(connected, min(connected)))
        return self._known[session]

    def root(self, session: int) -> int:
        """The oldest session in whose frame poses of a session can be given."""
        return min(self._paths(session, self._metric))

    def add(self, tie: Tie) -> Optional[Tie]:
        """Keep what a verified match shows; returns the older tie that gives way to it, None: none does."""
        alike = [each for each in self._ties if each.metric or not tie.metric]  # they can replace one another
        alike.append(tie)
        self._ties.append(tie)
        self._known.clear()
        mine = [each for each in alike if each.session == tie.session and each.metric == tie.metric]
        spare = [each for each in mine if self._is_spare(each, alike)]
        if len(spare) <= SPARE:
            return None
        pairs = Counter(each.older for each in mine)
        most = max(spare, key=lambda each: pairs[each.older]).older
        pair = [each for each in spare if each.older == most]
        gone = pair[1] if len(pair) > 2 else pair[0]
        self._ties = [each for each in self._ties if each is not gone]  # it is spare: no world changes
        return gone

    def _is_spare(self, tie: Tie, ties: List[Tie]) -> bool:
        """Whether these ties connect its sessions without it."""
        return tie.older in self._paths(tie.session, [each for each in ties if each is not tie])

    def remove(self, session: int, query_stamp: int, match_id: int) -> List[Tie]:
        """A match was retracted: forget what it showed; returns that."""
        match = (session, query_stamp, match_id)
        gone = [each for each in self._ties if (each.session, *each[2:4]) == match]
        self._ties = [each for each in self._ties if (each.session, *each[2:4]) != match]
        self._known.clear()
        return gone

    def to_root(self, session: int, pose: Pose, covariance: np.ndarray) -> Tuple[Pose, np.ndarray]:
        """A pose in the world of a session, in the world of its root.

        Args:
            session: the session.
            pose: in its world.
            covariance: (6, 6), of x y z and the rotation about the axes of its world; m², rad².

        Returns:
            The pose, and the covariance along the axes of the root, with the uncertainty of the ties.
        """
        paths, here = self._paths(session, self._metric), session
        for tie in paths[min(paths)]:
            tie = tie if tie.session == here else tie.turned_back
            here = tie.older
            pose, covariance = tie.moved(pose, covariance)
        return pose, covariance

    @property
    def ties(self) -> List[Tie]:
        """What is kept, the oldest first."""
        return list(self._ties)

    @property
    def _metric(self) -> List[Tie]:
        return [tie for tie in self._ties if tie.metric]

    @staticmethod
    def _paths(session: int, ties: List[Tie]) -> Dict[int, List[Tie]]:
        """Each session that ties connect with one → the ties that lead there, in either direction."""
        near: Dict[int, List[Tuple[int, Tie]]] = {}
        for tie in ties:
            near.setdefault(tie.session, []).append((tie.older, tie))
            near.setdefault(tie.older, []).append((tie.session, tie))
        paths: Dict[int, List[Tie]] = {session: []}
        pending = [session]
        while pending:
            here = pending.pop(0)
            for there, tie in near.get(here, []):
                if there not in paths:
                    paths[there] = [*paths[here], tie]
                    pending.append(there)
        return paths


def _cross(vector: np.ndarray) -> np.ndarray:
    """The matrix of the cross product with a vector (3,)."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
