"""What is published for people alone, as long as somebody subscribes to it."""

from collections import deque
from typing import Any, Callable, Deque, Dict, Optional, Tuple

import numpy as np
import rospy
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.ros.match_image import Shown, match_image
from place_recognition_ros.ros.scene import MOST_LOOPS, Scene
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.types import NO_PAIRS, Candidate, Loss, QueryResult

MOST_LOSSES = 100  # newest ones that are drawn


class _Arrivals(rospy.SubscribeListener):
    """Notices who subscribes: a viewer needs what was drawn before it came."""

    def __init__(self) -> None:
        super().__init__()
        self.came = False

    def peer_subscribe(self, *_: Any) -> None:
        self.came = True


class Viewers:
    """Publishes ~markers and ~match_image; it belongs to the worker.

    Args:
        memory: the map.
        rotated: degrees, clockwise, by which thumbnails are rotated.
        advertise: makes a publisher.
    """

    def __init__(
        self, memory: KeyframeMap, rotated: int, advertise: Callable[..., Any] = rospy.Publisher
    ) -> None:
        self._memory, self._rotated, self._watch = memory, rotated, Stopwatch()
        self._arrivals = _Arrivals()
        self._markers = advertise("~markers", MarkerArray, queue_size=10, subscriber_listener=self._arrivals)
        self._images = advertise("~match_image", Image, queue_size=1)
        self._scene: Optional[Scene] = None
        self._decided: Deque[Candidate] = deque(maxlen=MOST_LOOPS)
        self._losses: Dict[int, Loss] = {}  # session → why tracking was lost before it
        self._lost = 0  # when that was the last time, nanoseconds

    @property
    def durations(self) -> Dict[str, Tuple[float, ...]]:
        """Stage → its latest durations, seconds."""
        return self._watch.snapshot()

    def show(self, result: QueryResult, image: np.ndarray) -> None:
        """Draw a result, if somebody looks; ``image``: of the query."""
        self._remember(result)
        wanted = self._markers.get_num_connections(), self._images.get_num_connections()
        if not wanted[0]:
            self._scene = None
        if not any(wanted):
            return
        try:
            with self._watch("draw"):
                if wanted[0]:
                    self._publish_markers(result)
                message = match_image(result, image, self._kept, self._rotated) if wanted[1] else None
                if message is not None:
                    self._images.publish(message)
        except Exception as error:  # a keyframe does not fail because it cannot be drawn
            rospy.logerr_throttle(10.0, "Not drawn: %r", error)

    def _remember(self, result: QueryResult) -> None:
        """What cannot be read from the map later."""
        if result.confirmed or result.accepted or result.retracted:
            for each in (*result.confirmed, *result.accepted, *result.retracted):
                self._decided.append(each._replace(pairs=NO_PAIRS))
        tracking = result.tracking
        if tracking.lost != self._lost:
            self._lost = tracking.lost
            self._losses[tracking.session] = tracking.cause
            if len(self._losses) > MOST_LOSSES:
                del self._losses[min(self._losses)]

    def _publish_markers(self, result: QueryResult) -> None:
        if self._arrivals.came or self._scene is None or not self._scene.continues:
            self._arrivals.came = False
            self._scene = Scene(self._memory, self._losses, self._decided)
        found = self._scene.update(result)
        if found:
            self._markers.publish(MarkerArray(found))

    def _kept(self, keyframe_id: int) -> Shown:
        store = self._memory.store
        return Shown(store.view(keyframe_id), store.thumbnail(keyframe_id))
