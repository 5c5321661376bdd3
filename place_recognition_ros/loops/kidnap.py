"""What the SLAM front end says of its tracking, and whether the map has answered since."""

from enum import IntEnum


class TrackingState(IntEnum):
    """The numbers are those of KidnapState.msg."""

    TRACKING = 0
    LOST = 1
    RECOVERED = 2  # was lost, and has been found in an earlier session


class KidnapMonitor:
    """TRACKING → LOST → TRACKING in a new session → RECOVERED at the first match in an earlier one.

    The match may also come while the front end is still lost.
    """

    def __init__(self) -> None:
        self.state = TrackingState.TRACKING
        self.since = 0
        """When the state was entered, nanoseconds."""
        self.tracking_ok = True
        self.awaited = False
        """Whether a match in an earlier session would be a kidnap recovery."""

    def tracking(self, ok: bool, stamp: int) -> bool:
        """Take in the front end's word at ``stamp`` (nanoseconds); answers whether it is news."""
        if ok == self.tracking_ok:
            return False
        self.tracking_ok = ok
        if not ok:
            self.awaited = True
            self._enter(TrackingState.LOST, stamp)
        elif self.state == TrackingState.LOST:
            self._enter(TrackingState.TRACKING, stamp)
        return True

    def recovered(self, stamp: int) -> None:
        """The map has answered, at ``stamp`` (nanoseconds)."""
        self.awaited = False
        self._enter(TrackingState.RECOVERED, stamp)

    def _enter(self, state: TrackingState, stamp: int) -> None:
        self.state, self.since = state, stamp
