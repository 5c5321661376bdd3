"""The interface of a similarity search; a new one is one file that implements it."""

from abc import ABC, abstractmethod
from typing import Iterable, List, Sequence, Tuple

import numpy as np


class Index(ABC):
    """Descriptors by the id of their keyframe. It holds nothing else and is rebuilt from the store."""

    @abstractmethod
    def add(self, keyframe_id: int, vector: np.ndarray) -> None:
        """Add the descriptor of a keyframe, (D,) float32, unit norm."""

    def extend(self, keyframe_ids: Sequence[int], vectors: np.ndarray) -> None:
        """Add the descriptors of many keyframes, (n, D) float32, unit norm."""
        for keyframe_id, vector in zip(keyframe_ids, vectors):
            self.add(keyframe_id, vector)

    @abstractmethod
    def complete(self) -> None:
        """Do what ``extend`` left for the next search or add: a map is complete before the robot drives."""

    @abstractmethod
    def search(self, vector: np.ndarray, k: int) -> List[Tuple[int, float]]:
        """The most similar keyframes.

        Args:
            vector: (D,) float32, unit norm.
            k: how many; fewer are returned if fewer are stored.

        Returns:
            (id, cosine), most similar first.
        """

    @abstractmethod
    def remove(self, keyframe_ids: Iterable[int]) -> None:
        """Remove keyframes by their ids; an id that is not stored is ignored."""

    def close(self) -> None:  # noqa: B027
        """Release what the index holds outside the memory of this process."""
