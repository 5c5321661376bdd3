"""How well a descriptor finds the right picture."""

from typing import Callable, NamedTuple, Sequence

import numpy as np


class RetrievalTask(NamedTuple):
    """Queries asked of references, and which answers are right."""

    name: str
    queries: Sequence[Callable[[], np.ndarray]]  # Q; each call answers a picture, (H, W, 3) uint8 BGR
    references: Sequence[Callable[[], np.ndarray]]  # R; the same object as queries where they are one set
    right: np.ndarray  # (Q, R) bool; queries without a right answer are left out of the figure
    ignored: np.ndarray  # (Q, R) bool; references that a query may not find, such as itself


def recall_at(similarity, right, ignored, ranks=(1, 5, 10)):
    """Share of queries with a right reference among the first k.

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
    right = right & ~ignored
    answerable = right.any(axis=1)
    if not answerable.any():
        raise ValueError(f"expected queries with a right answer. Received: none in {len(right)}")
    ranked = np.where(ignored, -np.inf, similarity)[answerable]
    order = np.argsort(-ranked, axis=1, kind="stable")[:, : max(ranks)]
    hits = np.take_along_axis(right[answerable], order, axis=1)
    return {k: float(hits[:, :k].any(axis=1).mean()) for k in ranks}


def measure(task, describe, ranks=(1, 5, 10)):
    """Recall of a descriptor on a task.

    Args:
        task: a :class:`RetrievalTask`.
        describe: (H, W, 3) uint8 BGR picture to (D,) float, unit norm.
        ranks: the k to look at.

    Returns:
        dict from k to recall, 0 to 1.
    """
    queries = np.stack([describe(read()) for read in task.queries])
    same = task.references is task.queries
    references = queries if same else np.stack([describe(read()) for read in task.references])
    return recall_at(queries @ references.T, task.right, task.ignored, ranks)
