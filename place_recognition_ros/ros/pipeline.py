"""From an image message to a published result: everything that the worker's thread owns."""

import time
from collections import Counter, deque
from typing import Any, Callable, Deque, Dict, List, Mapping, NamedTuple, Optional, Tuple, TypeVar
from typing import Counter as CounterType

import rospy
from sensor_msgs.msg import Image

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import ImageError
from place_recognition_ros.ros import clock
from place_recognition_ros.ros.arrivals import Arrival, pause
from place_recognition_ros.ros.camera_inputs import CameraInputs, InputStatus
from place_recognition_ros.ros.image_reader import ImageReader
from place_recognition_ros.ros.publishers import Publishers
from place_recognition_ros.ros.viewers import Viewers
from place_recognition_ros.stream.image_use import ImageUse
from place_recognition_ros.stream.keyframe_picker import KeyframePicker
from place_recognition_ros.stream.odometry import OdometryInput, StampedPose
from place_recognition_ros.stream.stamps import ImageClock
from place_recognition_ros.types import Candidate, Count, DetectorStatus, Keyframe, Loss, QueryResult
from place_recognition_ros.upkeep import Upkeep

Result = TypeVar("Result")

NOT_DESCRIBED = (
    *(Count.NO_STAMP, Count.WRONG_STAMP, Count.NOT_NEWER, Count.TOO_SOON, Count.NOT_MOVED),
    Count.BAD_IMAGE,
)
"""Outcomes of images that the detector has not seen."""

KEPT_AGES = 200  # results
OLDEST = 60.0  # seconds: what is older has the stamp of another clock


class Status(NamedTuple):
    """A snapshot for diagnostics; nothing in it changes."""

    detector: DetectorStatus
    counts: Dict[Count, int]  # since the start
    failures: int  # keyframes that failed one after the other
    inputs: InputStatus = InputStatus()
    waits: bool = False  # whether time alone may change something: see Pipeline.tick
    images: int = 0  # that the worker took, since the start
    ages: Tuple[float, ...] = ()  # of the latest results, seconds; none where stamps are of another clock
    accepted: Optional[Candidate] = None  # the latest one,
    accepted_at: float = 0.0  # by time.monotonic


class Pipeline:
    """A detector, and the state that belongs to a stream of images.

    Args:
        config: the parameters; those that are live are changed here.
        detector: has the same ``config``; is closed with the pipeline.
        odometry: poses for the keyframes; other threads add to it.
        publishers: get the results.
        use: is informed of each image.
        inputs: complete the keyframes.
        viewers: get the results, for people.
    """

    def __init__(
        self,
        config: Config,
        detector: LoopDetector,
        odometry: OdometryInput,
        publishers: Publishers,
        use: ImageUse,
        inputs: CameraInputs,
        viewers: Viewers,
    ) -> None:
        self._config, self._detector = config, detector
        self._odometry = odometry
        self._publishers = publishers
        self._use = use
        self._inputs, self._viewers = inputs, viewers
        self._picker = KeyframePicker(config.max_rate_hz, config.min_motion_m, config.min_rotation_rad)
        self._clock = ImageClock()
        self._reader = ImageReader(config)
        self._counts: CounterType[Count] = Counter()
        self._failures = self._images = 0
        self._ages: Deque[float] = deque(maxlen=KEPT_AGES)
        self._accepted: Optional[Candidate] = None
        self._accepted_at = 0.0
        self._arrived, self._took = clock.now(), time.monotonic()  # when the newest image came
        self._last: Optional[Arrival] = None  # the image before this one
        self._viewed = 0.0  # when the newest usable image came, by time.monotonic
        publishers.tracking(detector.status().tracking)

    def take(self, image: Arrival) -> None:
        """Process the next image of the stream, and those whose stamps it confirms."""
        now = time.monotonic()
        self._arrived, self._took = clock.now(), now
        self._images += 1
        ready, rejected = self._clock.admit(image.moment.stamp, image, now)
        if rejected:
            rospy.logwarn_throttle(60.0, "%s", f"{rejected} {Count.WRONG_STAMP.value}: not used")
        for _ in range(rejected):
            self._note(Count.WRONG_STAMP)
        self._take_all(ready)

    def set_tracking(self, ok: Optional[bool], when: float, source: Loss) -> None:
        """:meth:`LoopDetector.set_tracking` of a message without a stamp; ``when``: by ``time.monotonic``."""
        self._publishers.tracking(self._detector.set_tracking(ok, self._stamp(when), source))

    def tick(self) -> None:
        """Do what only needs time; call it now and then while ``Status.waits``.

        Images that wait in vain for others to confirm their stamps are processed, a report of the front end
        that has lasted counts, and images that have stopped are noticed.
        """
        now = time.monotonic()
        self._take_all(self._clock.release(now))
        # 0 while the clock of a bag is paused, and not changed by a step of the system's clock
        silent = min(clock.now() - self._arrived, round((now - self._took) * 1e9))
        self._publishers.tracking(self._detector.update(self._stamp(now), silent))

    def _stamp(self, when: float) -> int:
        """A moment by ``time.monotonic`` in the clock of the images, nanoseconds."""
        return self._clock.time(when) or clock.now()

    def set_mask(self, message: Image) -> None:
        """Take the user's mask; one that cannot be used is counted, and the one before it stays."""
        try:
            mask = self._reader.read(message, learn=False)
            self._detector.describer.set_mask(mask if mask.ndim == 2 else mask.max(axis=2))
        except ImageError as error:
            self._counts[Count.BAD_MASK] += 1
            rospy.logerr("Mask refused: %s", error)

    def relocalize(self) -> QueryResult:
        """:meth:`LoopDetector.relocalize`."""
        self._counts[Count.QUERY] += 1
        return self._detector.relocalize()

    @property
    def age_of_view(self) -> float:
        """Seconds since the newest usable image."""
        return time.monotonic() - self._viewed

    def query_image(self, message: Image, k: int) -> QueryResult:
        """:meth:`LoopDetector.query` of a message.

        Raises:
            ImageError: if the message is not a valid image.
        """
        self._counts[Count.QUERY] += 1
        header = message.header
        image = self._reader.read(message, learn=False)
        return self._detector.query(image, k or self._config.top_k, header.stamp.to_nsec(), header.frame_id)

    def maintain(self, request: Callable[[Upkeep], Result]) -> Result:
        """Have ``request(upkeep)`` change the map, and report the session that is present then."""
        result = request(self._detector.upkeep)
        self._publishers.tracking(self._detector.status().tracking)
        return result

    def configure(self, values: Mapping[str, Any]) -> Dict[str, Any]:
        """Change parameters; they count from the next image on. Returns all that are live.

        Raises:
            ConfigError: if one may not change or its value is bad; none is changed then.
        """
        config = self._config
        config.change(values)
        self._picker.configure(config.max_rate_hz, config.min_motion_m, config.min_rotation_rad)
        return config.live_values()

    def status(self) -> Status:
        """A snapshot for diagnostics, which any thread may read."""
        counts = {**self._counts, **self._inputs.counts}
        detector = self._detector.status()
        detector = detector._replace(durations={**detector.durations, **self._viewers.durations})
        waits = self._clock.holds or not detector.settled
        return Status(
            detector=detector,
            counts=counts,
            failures=self._failures,
            inputs=self._inputs.status,
            waits=waits,
            images=self._images,
            ages=tuple(self._ages),
            accepted=self._accepted,
            accepted_at=self._accepted_at,
        )

    def close(self) -> None:
        """Release the engine and the map."""
        self._detector.close()

    def _take_all(self, images: List[Arrival]) -> None:
        for image in images:
            outcome = Count.FAILED  # where an exception leaves this function
            try:
                outcome = self._process(image)
            finally:
                self._last = image
                self._note(outcome)

    def _note(self, outcome: Count) -> None:
        self._counts[outcome] += 1
        if outcome == Count.FAILED:
            self._failures += 1
        elif outcome not in NOT_DESCRIBED:
            self._failures = 0
        self._use.note(outcome, time.monotonic())

    def _pick(self, stamp: int) -> Tuple[Count, Optional[StampedPose]]:
        """Whether an image becomes a keyframe, and its pose; one that cannot does not wait for its pose."""

        def shows_no_motion(found: StampedPose) -> bool:
            return not self._picker.is_due(stamp, found.pose, found.oriented)

        odometry = self._odometry.at(stamp, shows_no_motion) if self._picker.is_due(stamp) else None
        if odometry is None:
            return self._picker.pick(stamp, None), None
        return self._picker.pick(stamp, odometry.pose, odometry.oriented), odometry

    def _process(self, arrival: Arrival) -> Count:
        message, stamp = arrival.message, arrival.moment.stamp
        verdict, odometry = self._pick(stamp)
        if verdict == Count.CLOCK_JUMPED:
            rospy.logwarn("The clock jumped back: a new session begins")
            self._counts[verdict] += 1
            self._odometry.forget_after(stamp)
            odometry = None  # it may be that of the same stamp before
            self._publishers.tracking(self._detector.start_session(stamp))
        elif verdict != Count.KEYFRAME:
            return verdict
        try:
            image = self._reader.read(message)
        except ImageError as error:
            rospy.logerr_throttle(5.0, "Image refused: %s", error)
            return Count.BAD_IMAGE
        self._counts[Count.KEYFRAME] += 1
        keyframe = Keyframe(image, stamp)
        if odometry is not None:
            keyframe = keyframe._replace(
                pose=odometry.pose,
                world_frame=odometry.world_frame,
                pose_frame=odometry.pose_frame,
                jumps=odometry.jumps,
            )
        keyframe = self._inputs.complete(keyframe, message.header.frame_id)
        result = self._detector.add(keyframe, pause(self._last, arrival))
        self._publishers.result(result)
        self._note_result(result, stamp)
        self._viewers.show(result, image)
        if result.outcome != Count.FEW_FEATURES:
            self._viewed = time.monotonic()
        self._counts[Count.ACCEPTED] += len(result.accepted)
        self._counts[Count.CONFIRMED] += len(result.confirmed)
        self._counts[Count.RETRACTED] += len(result.retracted)
        return result.outcome

    def _note_result(self, result: QueryResult, stamp: int) -> None:
        """For diagnostics: how old a result is that was published, and the latest accepted candidate."""
        age = (clock.now() - stamp) * 1e-9
        if 0 <= age <= OLDEST:
            self._ages.append(age)
        else:
            self._ages.clear()  # the stamps are of another clock: a bag, a simulation
        if result.accepted:
            self._accepted, self._accepted_at = result.accepted[0], time.monotonic()
