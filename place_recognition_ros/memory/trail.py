"""What the camera has seen in the present session, whether or not it was stored."""

from bisect import bisect_left
from typing import List

import numpy as np

ALIKE = 0.9  # cosine above which two images show the same view
MOST = 512  # views; of older ones fewer are kept


class Trail:
    """The views of the present session in their order, one of each stretch that looks alike.

    Args:
        descriptor_size: length D of the descriptors.
    """

    def __init__(self, descriptor_size: int) -> None:
        self._views = np.zeros((MOST, descriptor_size), np.float32)
        self._after: List[int] = []  # the newest keyframe when each view was seen

    def clear(self) -> None:
        """Another session begins."""
        self._after.clear()

    def observe(self, newest: int, descriptor: np.ndarray) -> None:
        """Take note of what the camera sees.

        Args:
            newest: id of the newest keyframe that is stored; 0: none.
            descriptor: (D,) float32, unit norm.
        """
        count = len(self._after)
        if count and float(self._views[count - 1] @ descriptor) >= ALIKE:
            return
        if count == MOST:  # every second view of the older half is enough
            kept = np.r_[0 : MOST // 2 : 2, MOST // 2 : MOST]
            count = len(kept)
            self._views[:count] = self._views[kept]
            self._after = [self._after[row] for row in kept]
        self._views[count] = descriptor
        self._after.append(newest)

    def least_similarity_since(self, keyframe_ids: List[int], descriptor: np.ndarray) -> List[float]:
        """The lowest cosine between a descriptor and what the camera has seen since each of some keyframes.

        It is high where the camera has not left the place of the keyframe. 1: it has seen nothing since.
        """
        similarities = self._views[: len(self._after)] @ descriptor
        lowest = np.minimum.accumulate(similarities[::-1])[::-1]
        rows = [bisect_left(self._after, each) for each in keyframe_ids]
        return [float(lowest[row]) if row < len(lowest) else 1.0 for row in rows]
