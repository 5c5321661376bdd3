"""The tracking state: what the SLAM front end reports, and whether a match in an earlier session followed."""

from place_recognition_ros.types import TrackingState


class TrackingMonitor:
    """TRACKING → LOST → TRACKING in a new session → RECOVERED at the first match in an earlier one.

    The match may also come while the front end is still lost.
    """

    def __init__(self) -> None:
        self.state = TrackingState.TRACKING
        self.since = 0
        """When the state was entered, nanoseconds; 0: at the start."""
        self.tracking_ok = True
        self.recovery_pending = False
        """Whether a match in an earlier session would be a kidnap recovery."""

    def report(self, ok: bool, stamp: int) -> bool:
        """Take a report of the front end.

        Args:
            ok: whether it tracks.
            stamp: nanoseconds.

        Returns:
            Whether ``ok`` has changed.
        """
        if ok == self.tracking_ok:
            return False
        self.tracking_ok = ok
        if not ok:
            self.recovery_pending = True
            self._enter(TrackingState.LOST, stamp)
        elif self.state == TrackingState.LOST:
            self._enter(TrackingState.TRACKING, stamp)
        return True

    def begin_session(self, stamp: int) -> None:
        """Note that a session begins at ``stamp`` (nanoseconds), not because tracking was lost."""
        if self.tracking_ok:
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
