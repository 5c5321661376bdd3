"""What an operator should know for as long as it lasts."""


class Complainer:
    """Something that may have a complaint; ``now``: seconds, of ``time.monotonic``."""

    _complained = False

    def complaint(self, now: float) -> str:
        """One sentence that says what is wrong and what to do; "" if all is well."""
        raise NotImplementedError

    def new_complaint(self, now: float) -> str:
        """The complaint for the log: once, and again only after it had ended; else ""."""
        complaint = self.complaint(now)
        new = bool(complaint) and not self._complained
        self._complained = bool(complaint)
        return complaint if new else ""
