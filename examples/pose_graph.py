"""A pose graph of odometry and loop candidates. No ROS; only :func:`solve` needs GTSAM.

Poses are (4, 4) float64 rigid transforms. The variables are poses of the camera in ``map``, which is where
``odom`` was at the start: a candidate then is an edge as it is, also where its scale is not known.
"""

from bisect import bisect_left
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from place_recognition_ros.poses import Pose, normalised

Vector = Union[Sequence[float], np.ndarray]

SPACING = 0.5  # metres between vertices; a radian of rotation counts as TURN metres
TURN = 5.0
ODOMETRY_SIGMA = (0.2, 0.02)  # metres and radians after 1 m, growing with the root: 2 % and 1°/10 m in 100 m
LOST_SIGMA = (100.0, 3.0)  # metres and radians: motion while tracking is lost
LOOP_SIGMA = (0.05, 0.01)  # metres and radians, added to a candidate's: calibration, stamps, shutter
BASELINE = 3.0  # metres, standard deviation of a translation of unknown length
GATE = 0.99  # a loop is an outlier outside this part of its χ² distribution


class Loop(NamedTuple):
    """An accepted candidate with a pose."""

    query: int  # stamp, nanoseconds
    match: int  # stamp, nanoseconds
    pose: (
        np.ndarray
    )  # (4, 4): the query camera in the match camera's optical frame; metres, or of length 1 or 0
    covariance: np.ndarray  # (6, 6): x y z and rotation about x y z of the match's frame; m², rad²
    scale_known: bool


class Edge(NamedTuple):
    """A measurement between two vertices."""

    first: int  # row of a vertex
    second: int
    pose: np.ndarray  # (4, 4): the query camera in the match's optical frame; metres, or of length 1 or 0
    covariance: np.ndarray  # (6, 6): x y z and rotation about x y z of the second's frame; m², rad²


class Problem(NamedTuple):
    """What is optimised."""

    initial: np.ndarray  # (N, 4, 4): the cameras in ``map``
    odometry: List[Edge]
    loops: List[Edge]


class Solution(NamedTuple):
    """The optimised graph."""

    poses: np.ndarray  # (N, 4, 4): the cameras in ``map``
    used: np.ndarray  # (loops,) bool: False for outliers


class PoseGraph:
    """Collects odometry and loops.

    Args:
        mounting: (4, 4), the camera in the frame whose pose the odometry reports; None: the same frame.
    """

    def __init__(self, mounting: Optional[np.ndarray] = None) -> None:
        self.stamps: List[int] = []  # nanoseconds
        self.odometry: List[np.ndarray] = []  # the odometry's frame in ``odom``; the last is the newest
        self.mounting = np.eye(4) if mounting is None else mounting
        self._after_loss: List[bool] = []  # tracking was lost between a vertex and the one before it
        self.loops: List[Loop] = []
        self.removed = 0
        """How many loops were removed."""
        self._corrections: List[np.ndarray] = [np.eye(4)]  # ``odom`` in ``map`` at each vertex

    def add_odometry(self, stamp: int, pose: np.ndarray, after_loss: bool = False) -> None:
        """Add a newer pose; ``after_loss``: tracking was lost since the one before it."""
        near = len(self.stamps) > 1 and length(inverse(self.odometry[-2]) @ self.odometry[-1]) < SPACING
        if near and not after_loss and not self._after_loss[-1]:  # the last one is not needed
            self.stamps.pop(), self.odometry.pop(), self._after_loss.pop()
        self.stamps.append(stamp)
        self.odometry.append(pose)
        self._after_loss.append(after_loss)

    def add_loop(self, loop: Loop) -> None:
        """Add a candidate. It is used when there is odometry for both stamps."""
        self.loops.append(loop)

    def remove_loop(self, query: int, match: int) -> None:
        """Remove a candidate that was retracted, by its stamps in nanoseconds."""
        kept = [each for each in self.loops if (each.query, each.match) != (query, match)]
        self.removed += len(self.loops) - len(kept)
        self.loops = kept
        if not kept:
            self._corrections = [np.eye(4)]

    @property
    def ready(self) -> int:
        """How many loops have odometry for both stamps."""
        return sum(self._edge(loop) is not None for loop in self.loops)

    def problem(self) -> Problem:
        """The graph at this moment."""
        cameras = [pose @ self.mounting for pose in self.odometry]
        fixes = self._corrections + self._corrections[-1:] * len(cameras)
        edges = []
        for row in range(1, len(cameras)):
            step = inverse(cameras[row - 1]) @ cameras[row]
            sigmas = np.array(ODOMETRY_SIGMA) * np.sqrt(length(step) + 0.01)
            sigmas = np.array(LOST_SIGMA) if self._after_loss[row] else sigmas
            edges.append(Edge(row - 1, row, step, np.diag(np.repeat(sigmas**2, 3))))
        initial = np.array([fix @ camera for fix, camera in zip(fixes, cameras)]).reshape(-1, 4, 4)
        return Problem(initial, edges, [edge for edge in map(self._edge, self.loops) if edge is not None])

    def correct(self, problem: Problem, solution: Solution) -> None:
        """Take a solution; odometry may have been added since its problem."""
        old = self._corrections + self._corrections[-1:] * len(problem.initial)
        moved = zip(solution.poses, problem.initial, old)
        self._corrections = [new @ inverse(before) @ fix for new, before, fix in moved] or old

    @property
    def path(self) -> List[np.ndarray]:
        """The corrected poses of the odometry's frame in ``map``."""
        fixes = self._corrections + self._corrections[-1:] * len(self.odometry)
        return [fix @ pose for fix, pose in zip(fixes, self.odometry)]

    @property
    def map_to_odom(self) -> np.ndarray:
        """(4, 4): ``odom`` in ``map``, now."""
        return self._corrections[-1]

    def _edge(self, loop: Loop) -> Optional[Edge]:
        """An edge between the vertices nearest to the two keyframes; None without odometry for both."""
        match, query = self._at(loop.match), self._at(loop.query)
        if match is None or query is None:
            return None
        turn = np.kron(np.eye(2), loop.pose[:3, :3].T)  # match's axes → query's axes
        pose, covariance = loop.pose.copy(), loop.covariance
        if not loop.scale_known:  # somewhere on a line through the match camera
            pose[:3, 3] = 0
            covariance = covariance.copy()
            covariance[:3, 3:] = covariance[3:, :3] = 0
            line = np.outer(loop.pose[:3, 3], loop.pose[:3, 3])
            across = np.eye(3) - line
            covariance[:3, :3] = BASELINE**2 * (line + across @ loop.covariance[:3, :3] @ across)
        covariance = turn @ covariance @ turn.T + np.diag(np.repeat(np.square(LOOP_SIGMA), 3))
        to_vertex = inverse(query[1])
        adjoint = _adjoint(query[1])
        return Edge(match[0], query[0], match[1] @ pose @ to_vertex, adjoint @ covariance @ adjoint.T)

    def _at(self, stamp: int) -> Optional[Tuple[int, np.ndarray]]:
        """The vertex nearest in time, and the camera at ``stamp`` in its camera; None without odometry."""
        after = bisect_left(self.stamps, stamp)
        if after < len(self.stamps) and self.stamps[after] == stamp:
            return after, np.eye(4)
        if not 0 < after < len(self.stamps) or self._after_loss[after]:
            return None
        share = (stamp - self.stamps[after - 1]) / (self.stamps[after] - self.stamps[after - 1])
        ends = np.array([pose @ self.mounting for pose in self.odometry[after - 1 : after + 1]])
        between = np.eye(4)
        between[:3, :3] = Slerp([0, 1], Rotation.from_matrix(ends[:, :3, :3]))(share).as_matrix()
        between[:3, 3] = (1 - share) * ends[0, :3, 3] + share * ends[1, :3, 3]
        return after - 1 + round(share), inverse(ends[round(share)]) @ between


def solve(problem: Problem) -> Solution:
    """Optimise with graduated non-convexity: loops that contradict the others are left out.

    The vertices are those of ``problem``; the first one is fixed.
    """
    import gtsam

    graph, values = gtsam.NonlinearFactorGraph(), gtsam.Values()
    for row, pose in enumerate(problem.initial):
        values.insert(row, gtsam.Pose3(pose))
    if not len(problem.initial):
        return Solution(problem.initial, np.zeros(0, bool))
    fixed = gtsam.noiseModel.Isotropic.Sigma(6, 1e-6)
    graph.add(gtsam.PriorFactorPose3(0, gtsam.Pose3(problem.initial[0]), fixed))
    order = [3, 4, 5, 0, 1, 2]  # GTSAM has the rotation first
    for edge in problem.odometry + problem.loops:
        noise = gtsam.noiseModel.Gaussian.Covariance(edge.covariance[np.ix_(order, order)])
        graph.add(gtsam.BetweenFactorPose3(edge.first, edge.second, gtsam.Pose3(edge.pose), noise))
    parameters = gtsam.GncLMParams()
    parameters.setKnownInliers(list(range(1 + len(problem.odometry))))
    optimizer = gtsam.GncLMOptimizer(graph, values, parameters)
    optimizer.setInlierCostThresholdsAtProbability(GATE)
    result = optimizer.optimize()
    poses = np.array([result.atPose3(row).matrix() for row in range(len(problem.initial))])
    return Solution(poses, np.array(optimizer.getWeights())[1 + len(problem.odometry) :] > 0.5)


def loop_of(candidate: Any) -> Optional[Loop]:
    """The edge of a LoopCandidate message; None if it has no pose."""
    if not candidate.pose_valid:
        return None
    pose, covariance = candidate.pose_match_query.pose, candidate.pose_match_query.covariance
    stamps = candidate.header.stamp.to_nsec(), candidate.match_stamp.to_nsec()
    return Loop(*stamps, pose_of(pose), np.reshape(covariance, (6, 6)), candidate.scale_known)


def pose_of(message: Any) -> np.ndarray:
    """(4, 4) of a geometry_msgs/Pose."""
    position, turn = message.position, message.orientation
    return rigid([position.x, position.y, position.z], [turn.x, turn.y, turn.z, turn.w])


def odometry_of(message: Any) -> Optional[np.ndarray]:
    """(4, 4) of a geometry_msgs/Pose of odometry; None if it is NaN, too far away or has no orientation."""
    position, turn = message.position, message.orientation
    where, orientation = [position.x, position.y, position.z], [turn.x, turn.y, turn.z, turn.w]
    pose = normalised(Pose(np.array(where), np.array(orientation)))
    return None if pose is None else rigid(*pose)


def rigid(position: Vector, quaternion: Vector) -> np.ndarray:
    """(4, 4) from (3,) metres and (4,) x y z w."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.from_quat(quaternion).as_matrix(), position
    return pose


def inverse(pose: np.ndarray) -> np.ndarray:
    """Of a rigid transform."""
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = pose[:3, :3].T, -pose[:3, :3].T @ pose[:3, 3]
    return result


def length(step: np.ndarray) -> float:
    """Of a motion: metres, and TURN metres for each radian."""
    angle = np.arccos(np.clip((np.trace(step[:3, :3]) - 1) / 2, -1, 1))
    return float(np.linalg.norm(step[:3, 3]) + TURN * angle)


def _adjoint(pose: np.ndarray) -> np.ndarray:
    """(6, 6): a small motion (translation, rotation) in the axes of a frame → that of ``pose``'s parent."""
    x, y, z = pose[:3, 3]
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    result = np.kron(np.eye(2), pose[:3, :3])
    result[:3, 3:] = cross @ pose[:3, :3]
    return result
