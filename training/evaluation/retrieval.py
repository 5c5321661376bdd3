"""How well a descriptor finds the right image."""

from typing import Callable, Dict, NamedTuple, Sequence

import numpy as np

RANKS = (1, 5, 10)


class RetrievalTask(NamedTuple):
    """Queries asked of references, and which answers are right."""

    name: str
    queries: Sequence[Callable[[], np.ndarray]]  # Q; each call answers an image, (H, W, 3) uint8 BGR
    references: Sequence[Callable[[], np.ndarray]]  # R; equal ones are one image, described once
    right: np.ndarray  # (Q, R) bool
    ignored: np.ndarray  # (Q, R) bool; references that a query may not find, such as itself


class Curve(NamedTuple):
    """Precision and recall while the least similarity that is answered is lowered, T steps."""

    thresholds: np.ndarray  # (T,) float, falling
    precision: np.ndarray  # (T,) of the queries answered so far, the share answered right
    recall: np.ndarray  # (T,) of the queries that have a right answer, the share answered right

    @property
    def area(self):
        """Average precision: Σ (r_t − r_{t−1}) p_t, 0 to 1; never more than recall@1."""
        return float(np.sum(np.diff(self.recall, prepend=0.0) * self.precision))

    @property
    def recall_at_full_precision(self):
        """Recall of the lowest threshold that lets no wrong answer through; 0 to 1."""
        return float(max(self.recall[self.precision == 1.0], default=0.0))


class Figures(NamedTuple):
    """What is reported of a model on a task."""

    queries: int  # that have a right answer
    recall: Dict[int, float]  # k ► share of queries with a right reference among the first k
    curve: Curve


def retrieval_figures(similarity, right, ignored, ranks=RANKS, strangers=False):
    """All figures of a table of similarities; see :func:`recall_at` and :func:`precision_recall`."""
    recall = recall_at(similarity, right, ignored, ranks)
    curve = precision_recall(similarity, right, ignored, strangers)
    return Figures(int((right & ~ignored).any(axis=1).sum()), recall, curve)


def recall_at(similarity, right, ignored, ranks=RANKS):
    """Share of queries with a right reference among the first k.

    Queries without a right answer are left out.

    Args:
        similarity: (Q, R) float; the larger, the more alike.
        right: (Q, R) bool.
        ignored: (Q, R) bool; these are taken out of the ranking.
        ranks: the k to look at.

    Returns:
        dict from k to recall, 0 to 1.

    Raises:
        ValueError: if no query has a right answer.
    """
    right, answerable = _answerable(right, ignored)
    ranked = np.where(ignored, -np.inf, similarity)[answerable]
    order = np.argsort(-ranked, axis=1, kind="stable")[:, : max(ranks)]
    hits = np.take_along_axis(right[answerable], order, axis=1)
    return {k: float(hits[:, :k].any(axis=1).mean()) for k in ranks}


def best_matches(similarity, right, ignored):
    """The most similar reference of each query; of equally similar ones a wrong one.

    Args:
        similarity: (Q, R) float.
        right: (Q, R) bool.
        ignored: (Q, R) bool.

    Returns:
        (Q,) int index of the reference, (Q,) float its similarity (-inf: all are ignored).
    """
    ranked = np.where(ignored, -np.inf, similarity)
    highest = ranked.max(axis=1)
    found = np.argmax((ranked == highest[:, None]) * (2 - right.astype(int)), axis=1)
    return found, highest


def precision_recall(similarity, right, ignored, strangers=False):
    """Precision and recall of the best matches as the threshold on their similarity is lowered.

    A query is answered by its most similar reference when that similarity reaches the threshold. Ties
    are taken at their worst: of equally similar references a wrong one predict, and queries of equal
    similarity are answered together.

    Args:
        similarity: (Q, R) float.
        right: (Q, R) bool.
        ignored: (Q, R) bool.
        strangers: whether queries without a right answer are asked too; each that is answered is
            answered wrong. Otherwise they are left out, as in :func:`recall_at`.

    Returns:
        a :class:`Curve`.

    Raises:
        ValueError: if no query has a right answer.
    """
    right, answerable = _answerable(right, ignored)
    found, highest = best_matches(similarity, right, ignored)
    asked = np.isfinite(highest) & (answerable | strangers)
    correct = np.take_along_axis(right, found[:, None], axis=1)[asked, 0]
    order = np.argsort(-highest[asked], kind="stable")
    thresholds, correct = highest[asked][order], np.cumsum(correct[order])
    last = np.append(np.diff(thresholds) != 0, True)  # of the queries of equal similarity
    answered = np.arange(1, len(thresholds) + 1)
    return Curve(thresholds[last], (correct / answered)[last], (correct / answerable.sum())[last])


def _answerable(right, ignored):
    right = right & ~ignored
    answerable = right.any(axis=1)
    if not answerable.any():
        raise ValueError(f"expected queries with a right answer. Received: none in {len(right)}")
    return right, answerable


class DescriptorCache:
    """Describes each image once, however many tasks ask for it.

    Args:
        describe_many: list of (H, W, 3) uint8 BGR images to (N, D) float, unit norm.
        at_once: images that are read and described together.
    """

    def __init__(self, describe_many, at_once=32):
        self._describe_many, self._at_once = describe_many, at_once
        self._known = {}

    def __call__(self, images):
        """Descriptors of images: sequence of N hashable readers to (N, D) float32."""
        missing = [image for image in dict.fromkeys(images) if image not in self._known]
        for start in range(0, len(missing), self._at_once):
            batch = missing[start : start + self._at_once]
            self._known.update(zip(batch, self._describe_many([read() for read in batch])))
        return np.stack([self._known[image] for image in images]).astype(np.float32)


def similarities(task, descriptors):
    """Cosine of every query to every reference of a task.

    Args:
        task: a :class:`RetrievalTask`.
        descriptors: a :class:`DescriptorCache`.

    Returns:
        (Q, R) float32.

    Raises:
        ValueError: if a descriptor is not finite.
    """
    similarity = descriptors(task.queries) @ descriptors(task.references).T
    if not np.isfinite(similarity).all():
        raise ValueError(f"expected finite descriptors. Received: others on {task.name}")
    return similarity
