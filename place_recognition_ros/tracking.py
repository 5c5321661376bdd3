"""The tracking state: what the SLAM front end reports, and whether a match in an earlier session followed."""

from place_recognition_ros.types import TrackingState

LOST_AFTER = 8 * 10**8  # nanoseconds without tracking, without a break: a few bad frames are no kidnap
STEADY_AFTER = 2 * 10**9  # nanoseconds with tracking, without a break, after which it is trusted again


class TrackingMonitor:
    """TRACKING → LOST → TRACKING in a new session → RECOVERED at the first match in an earlier one.

    The match may also come while the front end is still lost. Reports count when they have lasted: a front
    end that flickers neither begins a session with each flicker, nor is it trusted in between.
    """

    def __init__(self) -> None:
        self.state = TrackingState.TRACKING
        self.since = 0
        """When the state was entered, nanoseconds; 0: at the start."""
        self.recovery_pending = False
        """Whether a match in an earlier session would be a kidnap recovery."""
        self._reported = True  # what the front end says
        self._changed = 0  # when it began to say so, nanoseconds
        self._tracks = True  # what has lasted

    @property
    def is_steady(self) -> bool:
        """Whether keyframes have a place in the world frame: tracking works, and has for a while."""
        return self._reported and self._tracks

    @property
    def is_settled(self) -> bool:
        """Whether what the front end reports has lasted; else time alone may change the state."""
        return self._reported == self._tracks

    def report(self, ok: bool, stamp: int) -> bool:
        """Take a report of the front end.

        Args:
            ok: whether it tracks.
            stamp: nanoseconds.

        Returns:
            Whether tracking counts as lost since this moment.
        """
        if ok != self._reported:
            self._reported, self._changed = ok, stamp
        return self.update(stamp)

    def update(self, now: int) -> bool:
        """Take note of the time, nanoseconds; returns whether tracking counts as lost since this moment."""
        self._changed = min(self._changed, now)  # the clock may be set back
        needed = STEADY_AFTER if self._reported else LOST_AFTER
        if self.is_settled or now - self._changed < needed:
            return False
        self._tracks = self._reported
        if not self._tracks:
            self.recovery_pending = True
            self._enter(TrackingState.LOST, self._changed)
        elif self.state == TrackingState.LOST:
            self._enter(TrackingState.TRACKING, self._changed)
        return not self._tracks

    def begin_session(self, stamp: int) -> None:
        """Note that a session begins at ``stamp`` (nanoseconds), not because tracking was lost."""
        if self._tracks:
            self._enter(TrackingState.TRACKING, stamp)
        elif self.state != TrackingState.LOST:  # found in the session before, but not in this one
            self.recovery_pending = True
            self._enter(TrackingState.LOST, stamp)

    def recovered(self, stamp: int) -> None:
        """Note a match in an earlier session, at ``stamp`` (nanoseconds)."""
        self.recovery_pending = False
        self._enter(TrackingState.RECOVERED, stamp)

    def _enter(self, state: TrackingState, stamp: int) -> None:
        self.state, self.since = state, stamp
