"""Training batches: queries, each with positives and negatives.

A batch depends only on the seed, the step and, where they are used, the mined descriptors. A resumed
training therefore sees the same batches as an uninterrupted one, and several processes agree on them
without communication.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from training.learning.distribution import SINGLE_PROCESS


class Batch(NamedTuple):
    """Input of one step: N = queries · (1 + positives + negatives) images, n of them in this process."""

    indices: np.ndarray  # (N,) int, records, query by query
    images: np.ndarray  # (n, …) float32, network input or local features
    same: np.ndarray  # (n, N) bool
    different: np.ndarray  # (n, N) bool


class Batches:
    """Sequence of batches, indexed by step.

    Args:
        places: a :class:`training.data.Places` over N records.
        shares: (N,) float, probability of each record to be a query, up to a factor.
        views: callable (n indices, n seeds) → (n, …) float32, the input of those images.
        config: a :class:`training.learning.config.BatchConfig`.
        seed: int.
        process_share: a :class:`training.learning.distribution.ProcessShare`; only its rows are computed.

    Raises:
        ValueError: if there are fewer images than queries in a batch, or no image has a negative.
    """

    def __init__(self, places, shares, views, config, seed, process_share=SINGLE_PROCESS):
        possible = np.count_nonzero(shares)
        if possible < config.queries:
            raise ValueError(
                f"expected at least batch.queries={config.queries} images to train on. Received: {possible}"
            )
        if not any(places.pair_labels([row])[1].any() for row in range(len(shares))):
            raise ValueError(
                "expected training images of different places, see data.rules. "
                f"Received: {len(shares)} images without such a pair"
            )
        self._places, self._show = places, views
        self._shares = np.asarray(shares, np.float64) / np.sum(shares)
        self._config, self._seed, self._process_share = config, seed, process_share
        self.mined = None
        """(N, D) float32 descriptors for mining similar images; None: not computed yet."""

    @property
    def record_count(self):
        """Number of training images."""
        return len(self._shares)

    @property
    def size(self):
        """Number of images in a batch, N."""
        return self._config.queries * (1 + self._config.positives + self._config.negatives)

    def __getitem__(self, step):
        """The :class:`Batch` of a step."""
        random = np.random.default_rng((self._seed, step))
        indices = self._choose(random)
        seeds = random.integers(2**31, size=len(indices))
        rows = self._process_share.rows(len(indices))
        images = self._show(indices[rows].tolist(), seeds[rows].tolist())
        return Batch(indices, images, *self._places.pair_labels(indices[rows], indices))

    def _choose(self, random):
        """The records of a batch, (N,) int; missing negatives are replaced by positives."""
        config, chosen = self._config, []
        for query in self._queries(random):
            same, different = (mask[0] for mask in self._places.pair_labels([query]))
            same[query] = False
            others = np.flatnonzero(same)
            chosen += [query, *self._views(query, others, config.positives, random)]
            negatives = self._most_similar(query, different, config.negatives, random)
            chosen += negatives
            chosen += self._views(query, others, config.negatives - len(negatives), random)
        return np.array(chosen)

    def _views(self, query, others, count, random):
        """Records of the query's place: other images, or the query itself to be augmented again."""
        views, config = [], self._config
        share = config.visits if self._places.labelled[query] else config.neighbours
        for _ in range(count):
            neighbour = len(others) and random.random() < share
            views.append(random.choice(others) if neighbour else query)
        return views

    def _queries(self, random):
        """Query records; with mined descriptors, some are similar to the query before them."""
        config = self._config
        queries = list(random.choice(len(self._shares), config.queries, replace=False, p=self._shares))
        if self.mined is None:
            return queries
        for place in range(1, config.queries):
            if random.random() < config.hard_queries:
                before = queries[place - 1]
                different = self._places.pair_labels([before])[1][0]
                different[queries] = False
                queries[place : place + 1] = self._most_similar(before, different, 1, random) or [
                    queries[place]
                ]
        return queries

    def _most_similar(self, query, allowed, count, random):
        """Up to ``count`` allowed records, drawn from the ones most similar to the query."""
        candidates = np.flatnonzero(allowed)
        count = min(count, len(candidates))
        if self.mined is not None and len(candidates) > self._config.hardest:
            similarity = self.mined[candidates] @ self.mined[query]
            hardest = max(count, self._config.hardest)
            candidates = candidates[np.argpartition(-similarity, hardest - 1)[:hardest]]
        return list(random.choice(candidates, count, replace=False))


class Loader:
    """Prepares batches in threads ahead of the training loop.

    Args:
        batches: a :class:`Batches`.
    """

    _THREADS = 2  # worker processes augment one batch while the other is assembled

    def __init__(self, batches):
        self._batches, self._ahead = batches, self._THREADS + 1
        self._threads = ThreadPoolExecutor(self._THREADS)
        self._pending = {}

    def __getitem__(self, step):
        """The batch of a step; the next ones are started."""
        for future in range(step, step + self._ahead):
            if future not in self._pending:
                self._pending[future] = self._threads.submit(self._batches.__getitem__, future)
        return self._pending.pop(step).result()

    def forget(self):
        """Discard the batches in preparation, which were mined with older descriptors."""
        for future in self._pending.values():
            future.cancel()
        self._pending.clear()

    def close(self):
        """Stop the threads."""
        self.forget()
        self._threads.shutdown(wait=True)
