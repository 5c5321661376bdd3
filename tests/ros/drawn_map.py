"""A small map, and results of queries, for the tests of what is drawn."""

import numpy as np

from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import (
    FEATURE,
    Candidate,
    Count,
    Evidence,
    Keyframe,
    Kind,
    Loss,
    Query,
    QueryResult,
    Reason,
    Status,
    Tracking,
    TrackingState,
    View,
    WorldPose,
)

SECOND = 10**9
UP = np.array([0.0, 0.0, 0.0, 1.0])


def pose(x, y=0.0, z=0.0):
    return Pose(np.array([x, y, z], float), UP)


class DrawnMap:
    """Adds keyframes, and returns the results that a detector would return."""

    def __init__(self):
        self.memory = KeyframeMap(KeyframeStore("", "m", 4, "orb"), 4, Leaving(1))
        self.stamp = 0
        self.tracking = Tracking(TrackingState.TRACKING, 0, 1)

    def add(self, where=None, candidates=(), store=True, **more):
        """The result of the next keyframe, one second later; ``where``: x, or a Pose, in "odom"."""
        self.stamp += SECOND
        found = pose(where) if isinstance(where, (int, float)) else where
        keyframe = Keyframe(None, self.stamp, found, world_frame="odom" if found else "")
        vector = np.eye(4, dtype=np.float32)[0]
        self.memory.observe(keyframe, vector)
        number = self.memory.add(keyframe, vector, np.zeros(0, FEATURE), b"") if store else 0
        session = self.memory.sessions.present.id
        query = Query(number, self.stamp, session, "", "camera", vector)
        tracking, view = self.tracking._replace(session=session), View(np.zeros(0, FEATURE), None, found)
        named = [
            each._replace(query_id=number, query_stamp=self.stamp, query_session=session)
            for each in candidates
        ]
        return QueryResult(query, named, tracking, Count.STORED, "map", "m", view=view, **more)

    def lose_tracking(self, cause=Loss.FRONT_END):
        """Another session begins."""
        self.memory.start_session()
        self.tracking = Tracking(TrackingState.TRACKING, self.stamp, 0, cause, self.stamp)


def candidate(match, session=1, status=Status.VERIFIED, kind=Kind.LOOP_CLOSURE, world=None, **evidence):
    """A candidate of the query that it is given to; ``world``: x of the query in the world of the match."""
    reason = Reason.NONE if status != Status.REJECTED else Reason.FEW_INLIERS
    measured = {"matches": 50, "inliers": 40, "coverage": 0.5, **evidence}
    found = Candidate(
        *(kind, status, reason, 0, match, 0, match * SECOND, 0, session, "", ""),
        Evidence(0.8, 0.1, **measured),
        0.999,
    )
    if world is not None:
        found = found._replace(world_pose=WorldPose(pose(world), np.eye(6), "odom"))
    return found
