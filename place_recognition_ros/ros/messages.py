"""Values of this package → ROS messages, and back. Pure functions."""

from typing import Dict, List, Optional

import numpy as np
import rospy
from geometry_msgs.msg import Point, PoseWithCovariance, PoseWithCovarianceStamped, Quaternion, Transform
from geometry_msgs.msg import Pose as PoseMessage
from std_msgs.msg import Header

from place_recognition_ros.msg import Descriptor, LoopCandidate, LoopCandidates, LoopRetraction
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate, Count, Query, QueryResult, Reason

_IDENTITY = ("query_id", "match_id", "query_session", "match_session", "query_robot", "match_robot")
_MEASURED = ("kind", "status", "reason", "similarity", "margin", "confidence", "matches", "inliers")


def to_pose(message: PoseMessage) -> Pose:
    position, turn = message.position, message.orientation
    return Pose(np.array([position.x, position.y, position.z]), np.array([turn.x, turn.y, turn.z, turn.w]))


def to_transform(message: Transform) -> Pose:
    position, turn = message.translation, message.rotation
    return Pose(np.array([position.x, position.y, position.z]), np.array([turn.x, turn.y, turn.z, turn.w]))


def from_pose(pose: Pose, covariance: np.ndarray) -> PoseWithCovariance:
    """``covariance``: (6, 6), of x y z and the rotation about x y z."""
    turn = Quaternion(*pose.orientation)
    message = PoseMessage(position=Point(*pose.position), orientation=turn)
    return PoseWithCovariance(pose=message, covariance=np.ravel(covariance).tolist())


def to_time(nanoseconds: int) -> rospy.Time:
    return rospy.Time(nanoseconds // 10**9, nanoseconds % 10**9)


def header(stamp: int, frame_id: str) -> Header:
    """``stamp``: nanoseconds."""
    return Header(stamp=to_time(stamp), frame_id=frame_id)


def from_result(result: QueryResult) -> LoopCandidates:
    """All candidates of a query."""
    query = result.query
    if query is None:
        return LoopCandidates()
    return LoopCandidates(
        header=header(query.stamp, query.frame_id),
        query_id=query.id,
        candidates=_from_candidates(result.candidates, query, result),
    )


def from_confirmed(result: QueryResult) -> List[LoopCandidates]:
    """The candidates of earlier queries that were accepted only now, one message per query, oldest first."""
    query = result.query
    if query is None:
        return []
    by_stamp: Dict[int, List[Candidate]] = {}
    for each in result.confirmed:
        by_stamp.setdefault(each.query_stamp, []).append(each)
    return [
        LoopCandidates(
            header=header(stamp, query.frame_id),
            query_id=candidates[0].query_id,
            candidates=_from_candidates(candidates, query, result),
        )
        for stamp, candidates in sorted(by_stamp.items())
    ]


def from_retracted(result: QueryResult) -> List[LoopRetraction]:
    """The candidates that were accepted earlier and are refuted now."""
    if result.query is None:
        return []
    retractions = []
    for each in result.retracted:
        message = LoopRetraction(
            header=header(result.query.stamp, result.query.frame_id),
            query_stamp=to_time(each.query_stamp),
            match_stamp=to_time(each.match_stamp),
            map_id=result.map_id,
        )
        for name in ("kind", "reason", *_IDENTITY):
            setattr(message, name, getattr(each, name))
        retractions.append(message)
    return retractions


def _from_candidates(candidates: List[Candidate], query: Query, result: QueryResult) -> List[LoopCandidate]:
    return [from_candidate(each, query.frame_id, result.map_id, result.model_id) for each in candidates]


def from_candidate(candidate: Candidate, frame_id: str, map_id: str, model_id: str) -> LoopCandidate:
    """A candidate. Fields of the same name are copied; the others are set here.

    Args:
        candidate: of any query.
        frame_id: the optical frame of the query.
        map_id: the map that holds the match.
        model_id: the model of the descriptors.
    """
    message = LoopCandidate(
        header=header(candidate.query_stamp, frame_id),
        match_stamp=to_time(candidate.match_stamp),
        map_id=map_id,
        model_id=model_id,
    )
    for name in (*_IDENTITY, *_MEASURED):
        setattr(message, name, getattr(candidate, name))
    if candidate.pose is not None:
        message.pose_valid, message.scale_known = True, candidate.pose.scale_known
        message.pose_match_query = from_pose(candidate.pose.pose, candidate.pose.covariance)
    return message


def from_world_pose(result: QueryResult) -> Optional[PoseWithCovarianceStamped]:
    """Where the camera is, if its world has a name."""
    found = result.pose
    if found is None or not found.frame_id:
        return None
    return PoseWithCovarianceStamped(
        header=header(found.stamp, found.frame_id), pose=from_pose(found.pose, found.covariance)
    )


def from_query(query: Query, map_id: str, model_id: str) -> Descriptor:
    """The descriptor of a query, or of a keyframe of this map."""
    return Descriptor(
        header=header(query.stamp, query.frame_id),
        keyframe_id=query.id,
        session=query.session,
        robot=query.robot,
        map_id=map_id,
        model_id=model_id,
        descriptor=query.descriptor.tolist(),
    )


def describe(result: QueryResult) -> str:
    """The result of a query in a sentence."""
    if result.query is None:
        return "no place: no usable keyframe has arrived"
    if result.outcome == Count.FEW_FEATURES:
        return "no place: the image has too few local features (dark, blurred, or the lens is covered?)"
    if not result.candidates:
        return "no place: there are no earlier keyframes, or the camera has not left the place of the newest"
    best = (result.accepted or result.candidates)[0]
    what = f"keyframe {best.match_id} of session {best.match_session}, similarity {best.similarity:.2f}"
    if best.accepted:
        what += "" if best.inliers < 0 else f", {best.inliers} inliers"
        seconds = (result.query.stamp - best.query_stamp) * 1e-9
        return what if seconds <= 0 else f"{what}, seen {seconds:.1f} s before the newest image"
    equal = [each for each in result.candidates if each.reason == Reason.AMBIGUOUS]
    if len(equal) > 1:
        places = " and ".join(f"keyframe {each.match_id} of session {each.match_session}" for each in equal)
        return f"no place: {len(equal)} places fit equally, {places}; move the camera"
    hint = "; move the camera" if best.reason in (Reason.NOT_YET, Reason.AMBIGUOUS) else ""
    return f"no place: the best match is {what}, rejected: {best.reason.name}{hint}"
