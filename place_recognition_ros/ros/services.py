"""The services that find out where the camera is."""

from functools import partial
from typing import Any, Callable

import rospy

from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.ros import messages
from place_recognition_ros.ros.pipeline import Pipeline
from place_recognition_ros.srv import QueryImage, QueryImageResponse, Relocalize, RelocalizeResponse
from place_recognition_ros.types import QueryResult
from place_recognition_ros.worker import Worker

TIMEOUT = 5.0  # seconds
MAX_CANDIDATES = 100  # of one ~query_image: its cost grows with the square


class Services:
    """Offers these services; each is executed by the worker.

    Args:
        worker: owns the pipeline.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        rospy.Service("relocalize", Relocalize, self._relocalize)
        rospy.Service("~query_image", QueryImage, self._query_image)

    def _relocalize(self, _: Any) -> RelocalizeResponse:
        return self._serve(RelocalizeResponse, Pipeline.relocalize)

    def _query_image(self, request: Any) -> QueryImageResponse:
        k = min(request.k, MAX_CANDIDATES)
        return self._serve(QueryImageResponse, partial(Pipeline.query_image, message=request.image, k=k))

    def _serve(self, response: Callable[..., Any], request: Callable[[Pipeline], QueryResult]) -> Any:
        try:
            result = self._worker.call(request, TIMEOUT)
        except PlaceRecognitionError as error:
            return response(success=False, message=str(error))
        return response(
            success=bool(result.accepted),
            message=messages.describe(result),
            candidates=messages.from_result(result).candidates,
        )
