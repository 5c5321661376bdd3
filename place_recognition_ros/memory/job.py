"""Work on a map that takes long and is done in slices, so that keyframes are processed in between."""

import time
from typing import Callable, Generator, Optional

SLICE = 0.03  # seconds of work, after which other work may follow

Work = Generator[int, None, str]
"""Yields how many keyframes are done wherever the work may pause; returns a sentence for a human."""


class Job:
    """A piece of work.

    Args:
        work: is continued in the thread that owns the map.
        finish: what remains to be done without the map, in any thread.
    """

    def __init__(self, work: Work, finish: Optional[Callable[[], None]] = None) -> None:
        self._work, self._finish = work, finish
        self.count = 0
        """Keyframes that are done."""
        self.message = ""
        """For a human: what was done; empty before the end."""

    def step(self) -> bool:
        """Do the next slice of the work, in the thread that owns the map.

        Returns:
            Whether more is left.
        """
        end = time.monotonic() + SLICE
        try:
            self.count = next(self._work)
            while time.monotonic() < end:
                self.count = next(self._work)
        except StopIteration as stop:
            self.message = str(stop.value)
            return False
        return True

    def finish(self) -> None:
        """Do what needs no map, in any thread, after the last step."""
        if self._finish is not None:
            self._finish()

    def run(self) -> str:
        """Do all of it at once.

        Returns:
            The message.
        """
        while self.step():
            pass
        self.finish()
        return self.message
