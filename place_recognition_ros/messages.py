"""ROS messages ► values of this package, and back."""

from typing import List, Union

import numpy as np
import rospy
from geometry_msgs.msg import Pose as PoseMessage
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from place_recognition_ros import images
from place_recognition_ros.detector import Query
from place_recognition_ros.msg import Descriptor, LoopCandidate
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate


def to_image(message: Union[Image, CompressedImage]) -> np.ndarray:
    """(H, W, 3) uint8 BGR or (H, W) uint8 gray.

    Raises:
        ImageError: if the message holds no picture.
    """
    if isinstance(message, CompressedImage):
        return images.decode_compressed(message.data)
    return images.decode(
        message.encoding,
        message.height,
        message.width,
        message.step,
        message.data,
        bool(message.is_bigendian),
    )


def to_pose(message: PoseMessage) -> Pose:
    position, turn = message.position, message.orientation
    return Pose(np.array([position.x, position.y, position.z]), np.array([turn.x, turn.y, turn.z, turn.w]))


def to_time(nanoseconds: int) -> rospy.Time:
    return rospy.Time(nanoseconds // 10**9, nanoseconds % 10**9)


def header(stamp: int, frame_id: str) -> Header:
    """``stamp``: nanoseconds."""
    return Header(stamp=to_time(stamp), frame_id=frame_id)


def from_candidate(candidate: Candidate, frame_id: str, model_id: str) -> LoopCandidate:
    """Fields of one name pass as they are; the rest is what a message has beside them."""
    message = LoopCandidate(
        header=header(candidate.query_stamp, frame_id),
        match_stamp=to_time(candidate.match_stamp),
        confidence=float("nan"),
        model_id=model_id,
    )
    for name, value in candidate._asdict().items():
        if name not in ("query_stamp", "match_stamp"):
            setattr(message, name, value)
    return message


def from_query(query: Query, session: int, frame_id: str, model_id: str) -> Descriptor:
    return Descriptor(
        header=header(query.stamp, frame_id),
        keyframe_id=query.id,
        session=session,
        model_id=model_id,
        descriptor=query.descriptor.tolist(),
    )


def describe(candidates: List[Candidate]) -> str:
    """What came of a question, in a sentence."""
    if not candidates:
        return "no place: no keyframe has come yet, the picture shows too little, or the map is empty"
    best = next((each for each in candidates if each.accepted), candidates[0])
    what = f"keyframe {best.match_id} of session {best.match_session}, similarity {best.similarity:.2f}"
    if best.accepted:
        return f"{what}, {best.inliers} inliers"
    return f"no place: the best is {what}, rejected: {best.reason.name}"
