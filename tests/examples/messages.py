"""ROS messages of poses and loops."""

import rospy
from geometry_msgs.msg import Point, PoseStamped, Quaternion, TransformStamped, Vector3
from nav_msgs.msg import Odometry
from scipy.spatial.transform import Rotation

from place_recognition_ros.msg import LoopCandidate, LoopCandidates

CAMERA = "camera_optical"


def time_of(nanoseconds):
    return rospy.Time(nanoseconds // 10**9, nanoseconds % 10**9)


def quaternion(pose):
    return Quaternion(*Rotation.from_matrix(pose[:3, :3]).as_quat())


def to_odometry(nanoseconds, pose, child="base_link"):
    message = Odometry(child_frame_id=child)
    message.header.stamp, message.header.frame_id = time_of(nanoseconds), "odom"
    message.pose.pose.position, message.pose.pose.orientation = Point(*pose[:3, 3]), quaternion(pose)
    return message


def to_pose(kind, nanoseconds, frame_id, position=(0, 0, 0)):
    """An Odometry or PoseStamped message without rotation."""
    message = kind()
    message.header.stamp, message.header.frame_id = time_of(nanoseconds), frame_id
    pose = message.pose if kind is PoseStamped else message.pose.pose
    pose.position, pose.orientation.w = Point(*position), 1.0
    return message


def to_candidates(loop, pose_valid=True):
    candidate = LoopCandidate(pose_valid=pose_valid, scale_known=loop.scale_known)
    candidate.header.stamp, candidate.header.frame_id = time_of(loop.query), CAMERA
    candidate.match_stamp = time_of(loop.match)
    candidate.pose_match_query.pose.position = Point(*loop.pose[:3, 3])
    candidate.pose_match_query.pose.orientation = quaternion(loop.pose)
    candidate.pose_match_query.covariance = loop.covariance.ravel().tolist()
    return LoopCandidates(header=candidate.header, candidates=[candidate])


def to_transform(parent, child, pose):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.transform.translation, message.transform.rotation = Vector3(*pose[:3, 3]), quaternion(pose)
    return message
