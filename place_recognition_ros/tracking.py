"""The tracking state: whether tracking works, and whether a match in an earlier session followed."""

from typing import Dict, Iterable, Optional

from place_recognition_ros.types import Loss, TrackingState

LOST_AFTER = 8 * 10**8  # nanoseconds without tracking, without a break: a few bad frames are no kidnap
STEADY_AFTER = 2 * 10**9  # nanoseconds with tracking, without a break, after which it is trusted again


class _Witness:
    """One source of reports. They count when they have lasted."""

    def __init__(self) -> None:
        self.reported = True  # what it says
        self.changed = 0  # when it began to say so, nanoseconds
        self.tracks = True  # what has lasted

    def report(self, ok: bool, stamp: int) -> None:
        if ok != self.reported:
            self.reported, self.changed = ok, stamp

    def update(self, now: int) -> bool:
        """Take note of the time; returns whether ``tracks`` changed."""
        self.changed = min(self.changed, now)  # the clock may be set back
        needed = STEADY_AFTER if self.reported else LOST_AFTER
        if self.reported == self.tracks or now - self.changed < needed:
            return False
        self.tracks = self.reported
        return True


class TrackingMonitor:
    """TRACKING → LOST → TRACKING in a new session → RECOVERED at the first match in an earlier one.

    The match may also come while tracking is still lost. Several witnesses may report; what flickers neither
    begins a session with each flicker, nor is it trusted in between.
    """

    def __init__(self) -> None:
        self.state = TrackingState.TRACKING
        self.since = 0
        """When the state was entered, nanoseconds; 0: at the start."""
        self.cause = Loss.NONE
        """Why tracking was lost last."""
        self.lost = 0
        """When it was, nanoseconds."""
        self.recovery_pending = False
        """Whether a match in an earlier session would be a kidnap recovery."""
        self._witnesses: Dict[Loss, _Witness] = {}

    @property
    def is_steady(self) -> bool:
        """Whether keyframes have a place in the world frame: tracking works, and has for a while."""
        return all(each.reported and each.tracks for each in self._witnesses.values())

    @property
    def is_settled(self) -> bool:
        """Whether what was reported has lasted; else time alone may change the state."""
        return all(each.reported == each.tracks for each in self._witnesses.values())

    def hears(self, causes: Iterable[Loss]) -> bool:
        """Whether one of these witnesses has reported, and has not ended."""
        return any(cause in self._witnesses for cause in causes)

    def report(
        self, ok: Optional[bool], stamp: int, cause: Loss = Loss.FRONT_END, certain: bool = False
    ) -> bool:
        """Take a report.

        Args:
            ok: whether tracking works; None: the witness has ended, the others decide.
            stamp: since when, nanoseconds.
            cause: the witness.
            certain: whether it counts at once.

        Returns:
            Whether tracking counts as lost since this moment: a session ends.
        """
        if ok is None:
            self._forget(cause, stamp)
            return False
        was_lost = self._is_lost
        witness = self._witnesses.setdefault(cause, _Witness())
        witness.report(ok, stamp)
        if certain and witness.tracks != ok:
            witness.tracks = ok
            self._follow(was_lost, cause)
        return self.update(stamp) or (self._is_lost and not was_lost)

    def update(self, now: int) -> bool:
        """Take note of the time, nanoseconds; returns what :meth:`report` does."""
        was_lost = self._is_lost
        for cause, witness in self._witnesses.items():
            if witness.update(now):
                self._follow(was_lost, cause)
            elif self._is_lost_again(witness, now):
                self._follow(False, cause)
                return True
        return self._is_lost and not was_lost

    def _forget(self, cause: Loss, stamp: int) -> None:
        was_lost = self._is_lost
        self._witnesses.pop(cause, None)
        if was_lost and not self._is_lost and self.state == TrackingState.LOST:
            self._enter(TrackingState.TRACKING, stamp)

    def _is_lost_again(self, witness: _Witness, now: int) -> bool:
        """Whether it was recovered, before the witness was trusted again, and then lost."""
        lost = not (witness.tracks or witness.reported) and now - witness.changed >= LOST_AFTER
        return lost and self.state == TrackingState.RECOVERED and witness.changed > self.since

    def begin_session(self, stamp: int) -> None:
        """Note that a session begins at ``stamp`` (nanoseconds), not because tracking was lost."""
        if not self._is_lost:
            self._enter(TrackingState.TRACKING, stamp)
        elif self.state != TrackingState.LOST:  # found in the session before, but not in this one
            self.recovery_pending = True
            self._enter(TrackingState.LOST, stamp)

    def recovered(self, stamp: int, retracted: bool = False) -> None:
        """Note a match in an earlier session, or that it was retracted, at ``stamp`` (nanoseconds)."""
        if not retracted:
            self.recovery_pending = False
            self._enter(TrackingState.RECOVERED, stamp)
        elif self.state == TrackingState.RECOVERED:
            self.recovery_pending = True
            self._enter(TrackingState.LOST if self._is_lost else TrackingState.TRACKING, stamp)

    @property
    def _is_lost(self) -> bool:
        return not all(each.tracks for each in self._witnesses.values())

    def _follow(self, was_lost: bool, cause: Loss) -> None:
        """Enter the state that follows from a change of this witness."""
        changed = self._witnesses[cause].changed
        if self._is_lost and not was_lost:
            self.cause, self.lost, self.recovery_pending = cause, changed, True
            self._enter(TrackingState.LOST, changed)
        elif was_lost and not self._is_lost and self.state == TrackingState.LOST:
            self._enter(TrackingState.TRACKING, changed)

    def _enter(self, state: TrackingState, stamp: int) -> None:
        self.state, self.since = state, stamp
