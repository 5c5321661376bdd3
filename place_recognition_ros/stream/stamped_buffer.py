"""The newest messages of a topic that accompanies the images: an image gets the one of its own time."""

import threading
import time
from collections import deque
from typing import Callable, Deque, Generic, Optional, Tuple, TypeVar

from place_recognition_ros.stream.stamps import CLOCK_JUMP

Message = TypeVar("Message")

PATIENCE = 0.1  # seconds that an image waits for a message that is late
MAX_MISSES = 3  # images in a row that waited in vain; the next ones do not wait


class StampedBuffer(Generic[Message]):
    """Messages by their stamp. One thread may add while another reads.

    The messages that belong to an image may come before it or after it. The thread that reads waits for them,
    never one that adds.

    Args:
        length: how many messages are kept.
        tolerance: nanoseconds between an image and a message that is used for it.
        is_published: whether the topic has a publisher; only then an image waits.
    """

    def __init__(self, length: int, tolerance: int, is_published: Callable[[], bool]) -> None:
        self._messages: Deque[Tuple[int, Message]] = deque(maxlen=length)
        self._tolerance = tolerance
        self._is_published = is_published
        self._changed = threading.Condition()
        self._misses = 0
        self._missed = (0, 0.0)  # stamp of the last image without a message; how long it could have waited
        self.received = 0
        """Messages since the start."""

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, stamp: int, message: Message) -> None:
        """Append a message; one that is much older than the newest shows that the clock was set back.

        Args:
            stamp: nanoseconds.
            message: what :meth:`at` returns.
        """
        with self._changed:
            if self._messages and stamp < self._messages[-1][0] - CLOCK_JUMP:
                self._messages.clear()
            self._messages.append((stamp, message))
            self.received += 1
            image, end = self._missed
            if abs(stamp - image) <= self._tolerance and time.monotonic() < end:
                self._misses = 0  # waiting would have been of use
            self._changed.notify_all()

    def forget_after(self, stamp: int) -> None:
        """Forget all messages if the newest one is newer than this; nanoseconds."""
        with self._changed:
            if self._messages and self._messages[-1][0] > stamp:
                self._messages.clear()

    def at(self, stamp: int) -> Optional[Message]:
        """The message nearest in time to an image, which waits for it for ``PATIENCE`` at most.

        It waits until a message of its own time or a later one is there. After ``MAX_MISSES`` images that
        waited in vain, the next ones do not wait, until waiting would have been of use.

        Args:
            stamp: of the image, nanoseconds.

        Returns:
            None if no message is near enough.
        """
        end = time.monotonic() + PATIENCE
        with self._changed:
            if self._misses < MAX_MISSES and self._is_published():
                self._changed.wait_for(
                    lambda: any(each >= stamp for each, _ in self._messages), end - time.monotonic()
                )
            nearest = self._nearest(stamp)
            if nearest is None:
                self._misses, self._missed = self._misses + 1, (stamp, end)
            else:
                self._misses = 0
            return nearest

    def received_at(self, stamp: int) -> Optional[Message]:
        """:meth:`at`, without waiting."""
        with self._changed:
            return self._nearest(stamp)

    @property
    def newest(self) -> Optional[Message]:
        """The message that was received last."""
        with self._changed:
            return self._messages[-1][1] if self._messages else None

    def _nearest(self, stamp: int) -> Optional[Message]:
        found = min(self._messages, key=lambda each: abs(each[0] - stamp), default=None)
        return found[1] if found is not None and abs(found[0] - stamp) <= self._tolerance else None
