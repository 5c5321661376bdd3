"""Whether most images of the camera are usable, and if not, why."""

import threading
from collections import Counter, deque
from typing import Deque, List, Mapping, Optional, Tuple

from place_recognition_ros.types import Count

NORMAL = (Count.TOO_SOON, Count.NOT_MOVED)  # such an image could be used, but is not needed
WINDOW = 60.0  # seconds; a complaint if most of the images in it were unusable,
SHORT_WINDOW = 8.0  # seconds; or all of these were
LEAST = 3  # images in a window; fewer are no reason to complain
SENTENCE = "{unused} of the last {all} images were not used, most of them because of {reason}"


class ImageUse:
    """Complains when most images of the last time were unusable.

    Time is given by the caller, in seconds of a clock that does not jump. Threads may share an object.

    Args:
        troubles: outcomes of unusable images → a phrase that names the reason and what the user can do.
        sentence: the complaint, with ``{unused}`` and ``{all}`` images and the main ``{reason}``.
    """

    def __init__(self, troubles: Mapping[Count, str], sentence: str = SENTENCE) -> None:
        self._troubles = dict(troubles)
        self._form = sentence
        self._recent: Deque[Tuple[float, Optional[Count]]] = deque()  # None: the image was used
        self._complained: Optional[float] = None  # when there was a complaint last
        self._lock = threading.Lock()

    def note(self, outcome: Count, now: float) -> None:
        """Note what was done with an image."""
        if outcome in NORMAL:
            return
        with self._lock:
            self._forget(now)
            self._recent.append((now, outcome if outcome in self._troubles else None))

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
        """The complaint for the log: once, and again only after a minute without one; else empty."""
        complaint = self.complaint(now)
        if not complaint:
            return ""
        new = self._complained is None or now - self._complained >= WINDOW
        self._complained = now
        return complaint if new else ""

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] <= now - WINDOW:
            self._recent.popleft()

    def _sentence(self, images: List[Optional[Count]]) -> str:
        reasons = Counter(reason for reason in images if reason is not None)
        main = max(reasons, key=lambda reason: reasons[reason])
        return self._form.format(unused=sum(reasons.values()), all=len(images), reason=self._troubles[main])


def _share(images: List[Optional[Count]]) -> float:
    """Share of the images that were unusable; 0 if there are too few to tell."""
    if len(images) < LEAST:
        return 0.0
    return sum(reason is not None for reason in images) / len(images)
