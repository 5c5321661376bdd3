"""The services that change or copy the map."""

import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any, Callable, Tuple

import rospy
from std_srvs.srv import SetBool, SetBoolResponse, Trigger, TriggerResponse

from place_recognition_ros.errors import PlaceRecognitionError, WorkerBusy
from place_recognition_ros.memory.job import Job
from place_recognition_ros.ros.pipeline import Pipeline
from place_recognition_ros.ros.services import TIMEOUT
from place_recognition_ros.srv import MapFile, MapFileResponse, RemoveKeyframes, RemoveKeyframesResponse
from place_recognition_ros.upkeep import Upkeep
from place_recognition_ros.worker import Worker

CALIBRATION_TIMEOUT = 60.0  # seconds: some 200 pairs of images are compared
RETRY = 0.05  # seconds until the worker's line may have a free place


class MapServices:
    """Offers these services; each is executed by the worker, the long ones in slices between keyframes.

    Args:
        worker: owns the pipeline.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._one_job = threading.Lock()
        rospy.Service("~save_map", MapFile, self._save)
        rospy.Service("~load_map", MapFile, self._load)
        rospy.Service("~remove_keyframes", RemoveKeyframes, self._remove)
        rospy.Service("~reset", Trigger, self._reset)
        rospy.Service("~new_session", Trigger, self._new_session)
        rospy.Service("~set_mapping", SetBool, self._set_mapping)
        rospy.Service("~calibrate", Trigger, self._calibrate)

    def _save(self, request: Any) -> MapFileResponse:
        return MapFileResponse(*self._do(lambda upkeep: upkeep.save(request.path)))

    def _load(self, request: Any) -> MapFileResponse:
        return MapFileResponse(*self._do(lambda upkeep: upkeep.load(request.path)))

    def _remove(self, request: Any) -> RemoveKeyframesResponse:
        return RemoveKeyframesResponse(*self._do(lambda upkeep: upkeep.remove(request.ids)))

    def _reset(self, _: Any) -> TriggerResponse:
        return TriggerResponse(*self._do(Upkeep.reset)[:2])

    def _new_session(self, _: Any) -> TriggerResponse:
        return self._call(TriggerResponse, Upkeep.new_session, lambda number: f"session {number} begins")

    def _set_mapping(self, request: Any) -> SetBoolResponse:
        text = "keyframes are stored" if request.data else "keyframes are not stored: the map does not grow"
        return self._call(SetBoolResponse, lambda upkeep: upkeep.set_mapping(request.data), lambda _: text)

    def _calibrate(self, _: Any) -> TriggerResponse:
        text = "calibrated with {0.right} pairs of one place and {0.wrong} of places far apart"
        return self._call(TriggerResponse, Upkeep.calibrate, text.format, CALIBRATION_TIMEOUT)

    def _call(
        self,
        response: Callable[..., Any],
        request: Callable[[Upkeep], Any],
        describe: Callable[[Any], str],
        timeout: float = TIMEOUT,
    ) -> Any:
        """Have a request executed at once; ``describe`` makes a sentence of its result."""
        try:
            result = self._worker.call(partial(Pipeline.maintain, request=request), timeout)
        except PlaceRecognitionError as error:
            return response(success=False, message=str(error))
        return response(success=True, message=describe(result))

    def _do(self, begin: Callable[[Upkeep], Job]) -> Tuple[bool, str, int]:
        """Have a job done, while the worker processes keyframes between two steps.

        Returns:
            Whether it was done, a sentence for a human, and how many keyframes it was.
        """
        if not self._one_job.acquire(blocking=False):
            return False, "expected one job on the map at a time. Received: another one before its end", 0
        try:
            job = self._worker.call(partial(Pipeline.maintain, request=begin), TIMEOUT)
            while self._step(job):
                pass
            job.finish()
        except PlaceRecognitionError as error:
            return False, str(error), 0
        finally:
            self._one_job.release()
        return True, job.message, job.count

    def _step(self, job: Job) -> bool:
        step = partial(Pipeline.maintain, request=lambda _: job.step())
        while self._worker.is_alive:
            with suppress(WorkerBusy):  # again in a moment
                return bool(self._worker.post(step).result())
            time.sleep(RETRY)
        raise WorkerBusy("expected the worker to finish the job. Received: it has stopped")
