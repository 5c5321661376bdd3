"""Where the camera is on the robot: from tf."""

from typing import Any, Optional

import rospy

from place_recognition_ros.poses import Pose, normalised
from place_recognition_ros.ros import messages

MAX_AGE = 10**8  # nanoseconds: a moving camera (pan and tilt) is where it was so long ago, where tf is late


class Mounting:
    """Looks up the pose of the camera in the frame of the robot whose pose odometry gives.

    Transforms may be static or change. A look-up never waits; what is not known yet may be known for the next
    keyframe.

    Args:
        enabled: whether tf is used.
    """

    def __init__(self, enabled: bool) -> None:
        self.state = "not used" if not enabled else "no odom with a child_frame_id yet"
        """For the operator: "ok", or why the pose is not known."""
        self._tf2: Any = None
        if not enabled:
            return
        try:
            import tf2_ros  # compiled for one version of Python: a Jetson may have it for another one only
        except ImportError as error:
            self.state = f"tf2_ros cannot be imported: {error}"
            return
        self._tf2 = tf2_ros
        self._buffer = tf2_ros.Buffer(debug=False)
        self._listener = tf2_ros.TransformListener(self._buffer)

    def at(self, stamp: int, base: str, camera: str) -> Optional[Pose]:
        """The pose of the camera in the robot's frame.

        Args:
            stamp: nanoseconds.
            base: the frame that odometry gives the pose of, its child_frame_id.
            camera: the optical frame.

        Returns:
            None if it is not known; ``state`` then says why.
        """
        if self._tf2 is None:
            return None
        base, camera = base.lstrip("/"), camera.lstrip("/")  # tf2 refuses the leading slash of tf
        if not base or not camera:
            name = "child_frame_id in odom" if not base else "frame_id in the images"
            self.state = f"expected a {name}. Received: an empty one"
            return None
        if base == camera:
            self.state = f"not needed: odom is the pose of {camera}"
            return None
        try:
            found = self._look_up(stamp, base, camera)
        except (self._tf2.TransformException, ValueError) as error:  # ValueError: a null character in a name
            self.state = f"from {base} to {camera}: {error}"
            return None
        received = messages.to_transform(found.transform)
        pose = normalised(received)
        if pose is None:
            self.state = f"from {base} to {camera}: expected a rigid transform. Received: {received}"
            return None
        self.state = "ok"
        return pose

    def _look_up(self, stamp: int, base: str, camera: str) -> Any:
        try:
            return self._buffer.lookup_transform_core(base, camera, messages.to_time(stamp))
        except self._tf2.ExtrapolationException:
            newest = self._buffer.lookup_transform_core(base, camera, rospy.Time())
            if abs(newest.header.stamp.to_nsec() - stamp) > MAX_AGE:
                raise
            return newest
