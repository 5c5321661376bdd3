"""Write the keyframes of a map as CSV, g2o, or a TUM or KITTI trajectory.

The ending of the output decides:
  .csv  all keyframes: stamp, session, robot, pose, number of local features, the earlier keyframe that shows
        the same place, as far as one was accepted
  .g2o  a vertex for each keyframe with a pose, an edge between two that follow each other in a session, from
        odometry, with 5 % of the path and 3° per metre as standard deviations; and an edge for each tie: a
        metric match between two sessions, of which the map keeps a few. Sessions that ties connect are one
        graph, in the world frame of the oldest of them. The first vertex of each graph is fixed. Other loops
        have no edges, because the map stores only which keyframes show one place; examples/bag_to_g2o has
        all of them from a bag.
  .tum  `stamp tx ty tz qx qy qz qw` of the keyframes with a pose, a comment before each session
  .kitti  the same poses as 12 numbers, the first three rows of the matrix; no stamps, no comments: a map with
        several sessions has several world frames, one after the other
Poses are those of the frame that odometry reports (base_link, for example). In .csv and .tum they are in the
world frame of the session.
"""

import argparse
import csv
import math
import os
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

import numpy as np

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.learned import to_tie
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.store import Session
from place_recognition_ros.memory.worlds import Worlds
from place_recognition_ros.poses import Pose, compose, distance
from place_recognition_ros.types import FEATURE

DRIFT = 0.05  # standard deviation of odometry per metre,
TURN = math.radians(3.0)  # radians per metre,
LEAST = 0.01  # and what it is at least, metres and radians
_HERE = Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

CSV_HEADER = (
    *("id", "session", "robot", "stamp", "world_frame", "pose_frame"),
    *("x", "y", "z", "qx", "qy", "qz", "qw", "features", "same_place_as"),
)


class Line(NamedTuple):
    """What is exported of a keyframe."""

    id: int
    session: Session
    stamp: int  # nanoseconds
    pose: Optional[Pose]
    pose_frame: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", metavar="MAP", help="file of the map")
    parser.add_argument(
        "output", metavar="OUTPUT", nargs="+", help="files ending in .csv, .g2o, .tum or .kitti"
    )


def run(options: argparse.Namespace) -> int:
    for path in options.output:
        if os.path.splitext(path)[1] not in WRITERS:
            raise StoreError(f"expected an output that ends in {', '.join(WRITERS)}. Received: '{path}'")
    with MapReader(os.path.expanduser(options.map)) as reader:
        for path in options.output:
            write = WRITERS[os.path.splitext(path)[1]]
            try:
                with open(path, "w", encoding="utf-8", newline="") as file:
                    count = write(reader, file)
            except OSError as error:
                raise StoreError(
                    f"expected a path that can be written. Received: '{path}': {error}"
                ) from error
            print(f"{path}: {count} keyframes")
    return 0


def lines(reader: MapReader) -> Iterator[Line]:
    """The whole keyframes, oldest first."""
    sessions: Dict[int, Session] = reader.sessions()
    for number, session, stamp, pose, pose_frame, *_ in reader.whole_keyframes():
        unpacked = schema.unpack_pose(pose)
        rigid = unpacked if unpacked is not None and unpacked.is_rigid else None
        yield Line(number, sessions.get(session) or Session(session, ""), stamp, rigid, pose_frame)


def write_csv(reader: MapReader, file: Any) -> int:
    """Write all keyframes; returns how many."""
    writer, count = csv.writer(file), 0
    writer.writerow(CSV_HEADER)
    for each in lines(reader):
        view = reader.view(each.id)
        features = "" if view is None else len(view[1]) // FEATURE.itemsize
        pose = [""] * 7 if each.pose is None else [*each.pose.position, *each.pose.orientation]
        session = each.session
        head = (each.id, session.id, session.robot, seconds(each.stamp), session.frame, each.pose_frame)
        writer.writerow([*head, *pose, features, reader.link(each.id) or ""])
        count += 1
    return count


def write_tum(reader: MapReader, file: Any) -> int:
    """Write the keyframes with a pose; returns how many."""
    count, session = 0, 0
    for each in lines(reader):
        if each.pose is None:
            continue
        if each.session.id != session:
            session = each.session.id
            file.write(f"# session {session}, frame {each.session.frame or 'not known'}\n")
        file.write(f"{seconds(each.stamp)} {_numbers(each.pose)}\n")
        count += 1
    return count


def write_kitti(reader: MapReader, file: Any) -> int:
    """Write the keyframes with a pose; returns how many."""
    count = 0
    for each in lines(reader):
        if each.pose is not None:
            rows = np.column_stack([each.pose.rotation.as_matrix(), each.pose.position])
            file.write(" ".join(f"{value:.9g}" for value in rows.ravel()) + "\n")
            count += 1
    return count


def write_g2o(reader: MapReader, file: Any) -> int:
    """Write the vertices and the edges of odometry and of ties; returns the number of vertices."""
    ties = _Ties(reader)
    before: Optional[Line] = None
    edges: List[str] = []
    count = 0
    for each in lines(reader):
        if each.pose is None:
            continue
        file.write(f"VERTEX_SE3:QUAT {each.id} {_numbers(ties.in_graph(each))}\n")
        if ties.is_first(each):
            file.write(f"FIX {each.id}\n")
        if before is not None and before.pose is not None and before.session.id == each.session.id:
            edges.append(_odometry_edge(before.id, before.pose, each.id, each.pose))
        before = each
        count += 1
    file.writelines([*edges, *ties.edges()])
    return count


class _Ties:
    """The metric ties between the sessions of a map.

    Args:
        reader: of the map.
    """

    def __init__(self, reader: MapReader) -> None:
        self._ties = [tie for tie in map(to_tie, reader.ties()) if tie.metric]
        self._worlds = Worlds(self._ties)
        self._matches = dict.fromkeys(tie.match_id for tie in self._ties)  # id → pose in its session's world
        self._queries = {tie[0:3:2]: (0, _HERE) for tie in self._ties}  # session and stamp → id, pose
        self._sessions: Dict[int, Tuple[int, Pose]] = {}  # → the oldest one of its graph, its world there
        self._begun: Set[int] = set()  # graphs

    def in_graph(self, keyframe: Line) -> Pose:
        """The pose of a keyframe in the world frame of its graph."""
        number, pose = keyframe.session.id, keyframe.pose or _HERE
        if number not in self._sessions:
            world, _ = self._worlds.to_root(number, _HERE, np.zeros((6, 6)))
            self._sessions[number] = self._worlds.root(number), world
        if keyframe.id in self._matches:
            self._matches[keyframe.id] = pose
        if (number, keyframe.stamp) in self._queries:
            self._queries[number, keyframe.stamp] = keyframe.id, pose
        return _with_positive_w(compose(self._sessions[number][1], pose))

    def is_first(self, keyframe: Line) -> bool:
        """Whether a keyframe, which :meth:`in_graph` got, is the first one of its graph."""
        graph = self._sessions[keyframe.session.id][0]
        first = graph not in self._begun
        self._begun.add(graph)
        return first

    def edges(self) -> Iterator[str]:
        """An edge for each tie of two keyframes that :meth:`in_graph` got."""
        for tie in self._ties:
            match, (query_id, query) = self._matches[tie.match_id], self._queries[tie[0:3:2]]
            if match is None or not query_id:
                continue
            found, covariance = tie.moved(query, np.zeros((6, 6)))
            back = np.kron(np.eye(2), found.rotation.inv().as_matrix())
            own = back @ covariance @ back.T + LEAST**2 * np.eye(6)
            yield _edge(tie.match_id, query_id, relative(match, found), np.linalg.inv(own))


def _odometry_edge(first: int, a: Pose, second: int, b: Pose) -> str:
    path = distance(a, b)
    metres, turn = max(LEAST, DRIFT * path), max(LEAST, TURN * path)
    return _edge(first, second, relative(a, b), np.diag([metres**-2] * 3 + [turn**-2] * 3))


def _edge(first: int, second: int, pose: Pose, information: np.ndarray) -> str:
    """The line of an edge; ``information``: (6, 6), of x y z and the rotation, 1/m² and 1/rad²."""
    upper = " ".join(f"{value:.9g}" for value in information[np.triu_indices(6)])
    return f"EDGE_SE3:QUAT {first} {second} {_numbers(pose)} {upper}\n"


def relative(a: Pose, b: Pose) -> Pose:
    """The pose ``b`` in the frame of ``a``."""
    back = a.rotation.inv()
    turn = np.asarray((back * b.rotation).as_quat())
    return _with_positive_w(Pose(back.apply(b.position - a.position), turn))


def _with_positive_w(pose: Pose) -> Pose:
    """The same pose: of the two quaternions of its rotation, the one that readers of g2o expect."""
    return pose if pose.orientation[3] >= 0 else pose._replace(orientation=-pose.orientation)


def seconds(stamp: int) -> str:
    """Nanoseconds as seconds, without a rounding error."""
    return f"{stamp // 10**9}.{stamp % 10**9:09d}"


def _numbers(pose: Pose) -> str:
    return " ".join(f"{value:.9g}" for value in (*pose.position, *pose.orientation))


WRITERS: Dict[str, Callable[[MapReader, Any], int]] = {
    ".csv": write_csv,
    ".g2o": write_g2o,
    ".tum": write_tum,
    ".kitti": write_kitti,
}
