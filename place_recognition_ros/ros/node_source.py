"""The map of a place recognition node, read through its services."""

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Callable, List, Optional

import numpy as np
import rospy
from sensor_msgs.msg import CameraInfo

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet.source import Identity, Source, Stored
from place_recognition_ros.srv import KeyframeFeatures, StoredKeyframes
from place_recognition_ros.types import FEATURE, Camera

TIMEOUT = 10.0  # seconds; rospy waits forever


class NodeSource(Source):
    """Calls the services of a node.

    Args:
        node: its name.
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._stored = rospy.ServiceProxy(f"{node}/stored_keyframes", StoredKeyframes)
        self._features = rospy.ServiceProxy(f"{node}/keyframe_features", KeyframeFeatures)

    def identity(self) -> Identity:
        found = self._call(self._stored, 0, 0)
        return Identity(found.map_id, found.model_id, found.feature_model)

    def after(self, keyframe_id: int, count: int) -> List[Stored]:
        found = self._call(self._stored, keyframe_id, count)
        return [
            Stored(
                keyframe.keyframe_id,
                keyframe.header.stamp.to_nsec(),
                keyframe.session,
                uuid,
                keyframe.robot,
                _to_camera(camera),
                np.array(keyframe.descriptor, np.float32),
            )
            for keyframe, uuid, camera in zip(found.keyframes, found.session_uuids, found.cameras)
        ]

    def features(self, keyframe_id: int) -> np.ndarray:
        content = self._call(self._features, keyframe_id).features
        return np.frombuffer(bytes(content), FEATURE)

    def _call(self, service: Callable[..., Any], *request: Any) -> Any:
        """The response of a service.

        Raises:
            FleetError: if there is none in time, or the node refuses.
        """
        future: Future = Future()

        def call() -> None:
            try:
                future.set_result(service(*request))
            except Exception as error:
                future.set_exception(error)

        threading.Thread(target=call, daemon=True).start()
        try:
            response = future.result(TIMEOUT)
        except FutureTimeout as error:
            raise FleetError(
                f"expected a response of {self._node} within {TIMEOUT:.0f} s. Received: none"
            ) from error
        except (rospy.ServiceException, rospy.ROSException, OSError) as error:
            raise FleetError(f"expected a response of {self._node}. Received: {error}") from error
        if not response.success:
            raise FleetError(f"expected a response of {self._node}. Received: {response.message}")
        return response


def _to_camera(message: CameraInfo) -> Optional[Camera]:
    if not message.width:
        return None
    camera = Camera(message.width, message.height, message.header.frame_id)
    if not message.distortion_model:
        return camera
    k, d = np.reshape(np.array(message.K, float), (3, 3)), np.array(message.D, float)
    return camera._replace(distortion_model=message.distortion_model, intrinsics=k, distortion=d)
