"""How many images are used, and why the others are not."""

import threading
from collections import Counter, deque
from typing import Counter as CounterType
from typing import Deque, Hashable, List, Mapping, Optional, Tuple

WINDOW = 60.0  # seconds; a complaint if most of the images in it were unusable,
SHORT_WINDOW = 8.0  # seconds; or all of these were
LEAST = 3  # images in a window; fewer are no reason to complain


class ImageUse:
    """Counts the images that are not used, by reason, and complains when most of them are unusable.

    Time is given by the caller, in seconds of a clock that does not jump. Threads may share an object.

    Args:
        troubles: reason → a phrase that names it and what the user can do. Reasons that are not in it are
            normal (rate limit, the camera has not moved): they are counted, but never complained about.
    """

    def __init__(self, troubles: Mapping[Hashable, str]) -> None:
        self._troubles = dict(troubles)
        self._counts: CounterType[Hashable] = Counter()
        self._recent: Deque[Tuple[float, Optional[Hashable]]] = deque()
        self._reported = False
        self._lock = threading.Lock()

    @property
    def counts(self) -> CounterType[Hashable]:
        """Reason → images that were not used for it, since the start; a copy."""
        with self._lock:
            return Counter(self._counts)

    def used(self, now: float) -> None:
        """Note an image that was used."""
        with self._lock:
            self._note(None, now)

    def unused(self, reason: Hashable, now: float) -> None:
        """Note an image that was not used."""
        with self._lock:
            self._counts[reason] += 1
            if reason in self._troubles:
                self._note(reason, now)

    def complaint(self, now: float) -> str:
        """One sentence if most images of the last minute, or all of the last 8 s, were unusable; else ""."""
        with self._lock:
            self._forget(now)
            minute = [reason for _, reason in self._recent]
            latest = [reason for when, reason in self._recent if when > now - SHORT_WINDOW]
        if _share(minute) > 0.5:
            return self._sentence(minute)
        return self._sentence(latest) if _share(latest) == 1.0 else ""

    def new_complaint(self, now: float) -> str:
        """The complaint for the log: only once until there is nothing to complain about; else empty."""
        complaint = self.complaint(now)
        was, self._reported = self._reported, bool(complaint)
        return "" if was else complaint

    def _note(self, reason: Optional[Hashable], now: float) -> None:
        self._forget(now)
        self._recent.append((now, reason))

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] <= now - WINDOW:
            self._recent.popleft()

    def _sentence(self, images: List[Optional[Hashable]]) -> str:
        reasons = Counter(reason for reason in images if reason is not None)
        main = max(reasons, key=lambda reason: reasons[reason])
        return (
            f"{sum(reasons.values())} of the last {len(images)} images were not used, "
            f"most of them because of {self._troubles[main]}"
        )


def _share(images: List[Optional[Hashable]]) -> float:
    """Share of the images that were unusable; 0 if there are too few to tell."""
    if len(images) < LEAST:
        return 0.0
    return sum(reason is not None for reason in images) / len(images)
