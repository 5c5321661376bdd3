"""The services that the link of a fleet reads the map with."""

from functools import partial
from typing import Any, Callable, List, Tuple, TypeVar

import numpy as np
import rospy
from sensor_msgs.msg import CameraInfo

from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.fleet.source import Identity, Stored, identity_of, stored_after
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.msg import Descriptor
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.pipeline import Pipeline
from place_recognition_ros.ros.services import TIMEOUT
from place_recognition_ros.srv import (
    KeyframeFeatures,
    KeyframeFeaturesResponse,
    StoredKeyframes,
    StoredKeyframesResponse,
)
from place_recognition_ros.types import Query
from place_recognition_ros.worker import Worker

Result = TypeVar("Result")

MAX_COUNT = 64  # keyframes of one response


class FleetServices:
    """Offers these services; each is executed by the worker.

    Args:
        worker: owns the pipeline.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        rospy.Service("~stored_keyframes", StoredKeyframes, self._stored)
        rospy.Service("~keyframe_features", KeyframeFeatures, self._features)

    def _stored(self, request: Any) -> StoredKeyframesResponse:
        count = min(request.count, MAX_COUNT)

        def read(store: KeyframeStore) -> Tuple[Identity, List[Stored]]:
            return identity_of(store), stored_after(store, request.after, count) if count else []

        try:
            identity, found = self._read(read)
        except PlaceRecognitionError as error:
            return StoredKeyframesResponse(success=False, message=str(error))
        return StoredKeyframesResponse(
            success=True,
            map_id=identity.map_id,
            model_id=identity.model_id,
            feature_model=identity.feature_model,
            keyframes=[_from_stored(each, identity) for each in found],
            session_uuids=[each.session_uuid for each in found],
            cameras=[_from_camera(each) for each in found],
        )

    def _read(self, request: Callable[[KeyframeStore], Result]) -> Result:
        maintain = partial(Pipeline.maintain, request=lambda upkeep: upkeep.read(request))
        found: Result = self._worker.call(maintain, TIMEOUT)
        return found

    def _features(self, request: Any) -> KeyframeFeaturesResponse:
        def read(store: KeyframeStore) -> np.ndarray:
            return store.view(request.keyframe_id).features

        try:
            features = self._read(read)
        except PlaceRecognitionError as error:
            return KeyframeFeaturesResponse(success=False, message=str(error))
        return KeyframeFeaturesResponse(success=True, features=features.tobytes())


def _from_stored(keyframe: Stored, identity: Identity) -> Descriptor:
    frame = keyframe.camera.frame_id if keyframe.camera is not None else ""
    query = Query(keyframe.id, keyframe.stamp, keyframe.session, keyframe.robot, frame, keyframe.descriptor)
    return messages.from_query(query, identity.map_id, identity.model_id)


def _from_camera(keyframe: Stored) -> CameraInfo:
    camera = keyframe.camera
    if camera is None:
        return CameraInfo()
    message = CameraInfo(
        header=messages.header(keyframe.stamp, camera.frame_id), width=camera.width, height=camera.height
    )
    if camera.intrinsics is not None and camera.distortion is not None:
        message.distortion_model = camera.distortion_model
        message.K, message.D = np.ravel(camera.intrinsics).tolist(), np.ravel(camera.distortion).tolist()
    return message
