"""Retrieval: recall and precision of descriptors."""

from typing import Callable, Dict, NamedTuple, Sequence

import numpy as np

RANKS = (1, 5, 10)


class RetrievalTask(NamedTuple):
    """Queries, references, and which references are correct for each query."""

    name: str
    queries: Sequence[Callable[[], np.ndarray]]  # Q; each call returns an image, (H, W, 3) uint8 BGR
    references: Sequence[Callable[[], np.ndarray]]  # R; equal objects are the same image, described once
    right: np.ndarray  # (Q, R) bool, correct references
    ignored: np.ndarray  # (Q, R) bool, references excluded from the search, such as the query itself


class Curve(NamedTuple):
    """Precision and recall for T decreasing thresholds of the similarity."""

    thresholds: np.ndarray  # (T,) float, decreasing
    precision: np.ndarray  # (T,) share of the accepted matches that are correct
    recall: np.ndarray  # (T,) share of the queries with a correct reference that are matched correctly

    @property
    def area(self):
        """Average precision: Σ (r_t − r_{t−1}) p_t, 0 to 1; at most recall@1."""
        return float(np.sum(np.diff(self.recall, prepend=0.0) * self.precision))

    @property
    def recall_at_full_precision(self):
        """Recall at the lowest threshold without a wrong match, 0 to 1."""
        return float(max(self.recall[self.precision == 1.0], default=0.0))


class Figures(NamedTuple):
    """Results of a model on a task."""

    queries: int  # number of queries with a correct reference
    recall: Dict[int, float]  # k → share of queries with a correct reference among the first k
    curve: Curve


def retrieval_figures(similarity, right, ignored, ranks=RANKS, unmatched=False):
    """All results for a matrix of similarities; see :func:`recall_at` and :func:`precision_recall`."""
    recall = recall_at(similarity, right, ignored, ranks)
    curve = precision_recall(similarity, right, ignored, unmatched)
    return Figures(int((right & ~ignored).any(axis=1).sum()), recall, curve)


def recall_at(similarity, right, ignored, ranks=RANKS):
    """Share of queries with a correct reference among the first k.

    Queries without a correct reference are not counted.

    Args:
        similarity: (Q, R) float, larger is more similar.
        right: (Q, R) bool.
        ignored: (Q, R) bool, excluded from the ranking.
        ranks: values of k.

    Returns:
        dict from k to recall, 0 to 1.

    Raises:
        ValueError: if no query has a correct reference.
    """
    right, answerable = _answerable(right, ignored)
    ranked = np.where(ignored, -np.inf, similarity)[answerable]
    order = np.argsort(-ranked, axis=1, kind="stable")[:, : max(ranks)]
    hits = np.take_along_axis(right[answerable], order, axis=1)
    return {k: float(hits[:, :k].any(axis=1).mean()) for k in ranks}


def best_matches(similarity, right, ignored):
    """The most similar reference of each query; among equally similar ones, a wrong one.

    Args:
        similarity: (Q, R) float.
        right: (Q, R) bool.
        ignored: (Q, R) bool.

    Returns:
        (Q,) int index of the reference; (Q,) float its similarity, -inf if all are ignored.
    """
    ranked = np.where(ignored, -np.inf, similarity)
    highest = ranked.max(axis=1)
    found = np.argmax((ranked == highest[:, None]) * (2 - right.astype(int)), axis=1)
    return found, highest


def precision_recall(similarity, right, ignored, unmatched=False):
    """Precision and recall of the best matches over the threshold of their similarity.

    The best match of a query is accepted if its similarity reaches the threshold. Ties count at their worst:
    among equally similar references a wrong one is the match, and queries of equal similarity are accepted
    together.

    Args:
        similarity: (Q, R) float.
        right: (Q, R) bool.
        ignored: (Q, R) bool.
        unmatched: whether queries without a correct reference are counted; each accepted match of them
            is wrong. Otherwise they are not counted, as in :func:`recall_at`.

    Returns:
        a :class:`Curve`.

    Raises:
        ValueError: if no query has a correct reference.
    """
    right, answerable = _answerable(right, ignored)
    found, highest = best_matches(similarity, right, ignored)
    counted = np.isfinite(highest) & (answerable | unmatched)
    correct = np.take_along_axis(right, found[:, None], axis=1)[counted, 0]
    order = np.argsort(-highest[counted], kind="stable")
    thresholds, correct = highest[counted][order], np.cumsum(correct[order])
    last = np.append(np.diff(thresholds) != 0, True)  # of the queries of equal similarity
    answered = np.arange(1, len(thresholds) + 1)
    return Curve(thresholds[last], (correct / answered)[last], (correct / answerable.sum())[last])


def _answerable(right, ignored):
    right = right & ~ignored
    answerable = right.any(axis=1)
    if not answerable.any():
        raise ValueError(f"expected queries with a correct reference. Received: none in {len(right)}")
    return right, answerable


class DescriptorCache:
    """Descriptors of images, each computed once for all tasks.

    Args:
        describe_many: callable: list of (H, W, 3) uint8 BGR images → (N, D) float, unit norm.
        batch: number of images that are read and described together.
    """

    def __init__(self, describe_many, batch=32):
        self._describe_many, self._batch = describe_many, batch
        self._known = {}

    def __call__(self, images):
        """Descriptors of images: sequence of N hashable callables → (N, D) float32."""
        missing = [image for image in dict.fromkeys(images) if image not in self._known]
        for start in range(0, len(missing), self._batch):
            some = missing[start : start + self._batch]
            self._known.update(zip(some, self._describe_many([read() for read in some])))
        return np.stack([self._known[image] for image in images]).astype(np.float32)


def similarities(task, descriptors):
    """Cosine of each query and each reference of a task.

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
        raise ValueError(f"expected finite descriptors. Received: NaN or infinity on {task.name}")
    return similarity
