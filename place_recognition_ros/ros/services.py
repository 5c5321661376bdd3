"""The services that find out where the camera is."""

import threading
from concurrent.futures import Future
from functools import partial
from typing import Any, Callable, Optional, Tuple

import rospy

from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.pipeline import Pipeline
from place_recognition_ros.srv import QueryImage, QueryImageResponse, Relocalize, RelocalizeResponse
from place_recognition_ros.types import QueryResult
from place_recognition_ros.worker import Worker, result_of

TIMEOUT = 5.0  # seconds
OLD = 1.0  # seconds: an older image is mentioned
MAX_CANDIDATES = 100  # of one ~query_image: its cost grows with the square


class Services:
    """Offers these services; each is executed by the worker.

    Args:
        worker: owns the pipeline.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._lock = threading.Lock()  # each client has a thread
        self._relocalizing: Optional[Future] = None
        rospy.Service("relocalize", Relocalize, self._relocalize)
        rospy.Service("~query_image", QueryImage, self._query_image)

    def _relocalize(self, _: Any) -> RelocalizeResponse:
        try:
            result, age = self._relocalized()
        except PlaceRecognitionError as error:
            return RelocalizeResponse(success=False, message=str(error))
        message = messages.describe(result)
        if result.query is not None and age > OLD:
            message += f"; the newest usable image is {age:.0f} s old"
        response = _response(RelocalizeResponse, result, message)
        pose = messages.from_world_pose(result)
        if pose is not None:
            response.pose_valid, response.pose = True, pose
        return response

    def _relocalized(self) -> Tuple[QueryResult, float]:
        """The result for all who ask at the same time, and the age of the newest usable image in seconds."""
        with self._lock:
            if self._relocalizing is None or self._relocalizing.done():
                self._relocalizing = self._worker.post(
                    lambda pipeline: (pipeline.relocalize(), pipeline.age_of_view)
                )
            future = self._relocalizing
        result, age = result_of(future, TIMEOUT)
        return result, age

    def _query_image(self, request: Any) -> QueryImageResponse:
        k = min(request.k, MAX_CANDIDATES)
        return self._serve(QueryImageResponse, partial(Pipeline.query_image, message=request.image, k=k))

    def _serve(self, response: Callable[..., Any], request: Callable[[Pipeline], QueryResult]) -> Any:
        try:
            result = self._worker.call(request, TIMEOUT)
        except PlaceRecognitionError as error:
            return response(success=False, message=str(error))
        return _response(response, result, messages.describe(result))


def _response(response: Callable[..., Any], result: QueryResult, message: str) -> Any:
    return response(
        success=bool(result.accepted), message=message, candidates=messages.from_result(result).candidates
    )
