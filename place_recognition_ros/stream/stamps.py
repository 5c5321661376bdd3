"""Whether the stamps of images are those of one clock."""

from collections import deque
from statistics import median
from typing import Any, Deque, List, NamedTuple

CLOCK_JUMP = 10**9  # nanoseconds: a stamp further back than this shows that the clock was set back
RUN = 4  # images in a row that show that the clock has jumped; fewer have wrong stamps
MAX_RUN = 20  # the same, where wrong stamps are frequent: two clocks on one topic
RECENT = 40  # images in which wrong stamps are counted
FASTER = 2.0  # stamps may advance so many times faster than before
SILENCE = 0.5  # seconds; if no image follows for so long, or for
INTERVALS = 3  # times the usual interval, held images are used


class _Arrival(NamedTuple):
    stamp: int  # nanoseconds
    now: float  # seconds of a clock that does not jump


class Admission(NamedTuple):
    """What to do after an image has arrived."""

    ready: List[Any]  # images to process now, oldest first
    rejected: int = 0  # images that are dropped, because the next ones do not confirm their stamps


class ImageClock:
    """Drops images with wrong stamps, so that they are not taken for a jump of the clock.

    A stamp fits if it is about where the clock of the images is now, ``CLOCK_JUMP`` more or less. Stamps may
    advance faster than time: a bag may be played fast. An image that fits is used at once. Another one is
    held, and dropped if the next one fits to the images before it. ``RUN`` images in a row that do not fit,
    or one after which no other comes, show that the clock has jumped; then they are used. Where two clocks
    alternate, the first one is used.
    """

    def __init__(self) -> None:
        self._fitting: Deque[_Arrival] = deque(maxlen=10)  # the latest images that fit; their stamps rise
        self._held: Deque[Any] = deque()  # images, at most RUN
        self._run: List[_Arrival] = []  # images in a row that do not fit; their stamps rise
        self._recent: Deque[bool] = deque(maxlen=RECENT)  # whether the latest images before the run fitted
        self._arrivals: Deque[float] = deque(maxlen=10)  # when the latest images arrived, fitting or not

    @property
    def holds(self) -> bool:
        """Whether an image is held."""
        return bool(self._held)

    def admit(self, stamp: int, image: Any, now: float) -> Admission:
        """Judge the next image.

        Args:
            stamp: nanoseconds; 0: the image has none, and says nothing about the clock.
            image: is returned when it may be processed.
            now: seconds of a clock that does not jump.
        """
        if stamp <= 0:
            return Admission([image])
        arrival = _Arrival(stamp, now)
        self._arrivals.append(now)
        if not self._fitting or self._fits(arrival):
            rejected = len(self._held)
            self._recent.extend([False] * len(self._run) + [True])
            self._forget()
            if not self._fitting or stamp > self._fitting[-1].stamp:
                self._fitting.append(arrival)
            return Admission([image], rejected)
        rejected = 0
        if self._run and stamp < self._run[-1].stamp - CLOCK_JUMP:
            rejected = len(self._held)  # they were of no clock, and do not speak for the one before
            self._forget()
        if len(self._held) == RUN:
            self._held.popleft()
            rejected += 1
        self._held.append(image)
        if not self._run or stamp > self._run[-1].stamp:
            self._run.append(arrival)
        confirmed = len(self._run) >= min(RUN + self._recent.count(False), MAX_RUN)
        return Admission(self._accept() if confirmed else [], rejected)

    def release(self, now: float) -> List[Any]:
        """The held images, oldest first, if no other image has come for a while; call it now and then."""
        if not self._held or now - self._run[-1].now < self._silence():
            return []
        return self._accept()

    def time(self, now: float) -> int:
        """What a stamp would be at a moment, seconds of a clock that does not jump; 0: no image has come."""
        if not self._fitting:
            return 0
        last = self._fitting[-1]
        return last.stamp + int(1e9 * (now - last.now) * self._speed())

    def _fits(self, arrival: _Arrival) -> bool:
        last, steps = self._fitting[-1], self._steps()
        advance = 1e9 * (arrival.now - last.now)  # nanoseconds
        if steps:
            advance = max(advance * max(self._speed(), 1.0), median(step.stamp for step in steps))
        return -CLOCK_JUMP <= arrival.stamp - last.stamp <= CLOCK_JUMP + FASTER * advance

    def _speed(self) -> float:
        """Seconds by which stamps advance per second: more than 1 where a bag is played fast."""
        steps = self._steps()
        if not steps:
            return 1.0
        return 1e-9 * sum(step.stamp for step in steps) / max(sum(step.now for step in steps), 1e-3)

    def _silence(self) -> float:
        times = list(self._arrivals)
        intervals = [after - before for before, after in zip(times, times[1:])]
        return max(SILENCE, INTERVALS * median(intervals)) if intervals else SILENCE

    def _steps(self) -> List[_Arrival]:
        """Differences between the latest images that fit."""
        pairs = zip(self._fitting, list(self._fitting)[1:])
        return [_Arrival(after.stamp - before.stamp, after.now - before.now) for before, after in pairs]

    def _accept(self) -> List[Any]:
        """The clock has jumped; returns the images that showed it."""
        ready = list(self._held)
        if self._run[0].stamp < self._fitting[-1].stamp:
            self._fitting.clear()
        self._fitting.extend(self._run)
        self._recent.clear()
        self._forget()
        return ready

    def _forget(self) -> None:
        self._held.clear()
        self._run = []
