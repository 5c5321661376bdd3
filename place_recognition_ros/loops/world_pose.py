"""Where the query camera is in the world of the match."""

from typing import Optional

import numpy as np

from place_recognition_ros.poses import Pose, compose
from place_recognition_ros.types import RelativePose, WorldPose


def world_pose(relative: Optional[RelativePose], match: Optional[Pose], frame_id: str) -> Optional[WorldPose]:
    """The pose of the query camera in the world frame of the match's session.

    The uncertainty is that of the relative pose; the pose of the match is taken as exact.

    Args:
        relative: the query camera in the match camera's optical frame.
        match: the match camera in its world frame.
        frame_id: name of this world frame.

    Returns:
        None if one of the poses or the scale is not known.
    """
    if relative is None or match is None or not relative.scale_known:
        return None
    axes = np.kron(np.eye(2), match.rotation.as_matrix())  # position and rotation turn alike
    return WorldPose(compose(match, relative.pose), axes @ relative.covariance @ axes.T, frame_id)
