"""Batches of images to train on: queries, each with positives and negatives of its own.

A batch is a function of the seed and the step alone (and of the mined descriptors, where they are
used), so that a training that is resumed sees what an uninterrupted one sees, and several processes
agree on it without a word.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from training.learning.distribution import SINGLE_PROCESS


class Batch(NamedTuple):
    """What one step learns from: N = queries · (1 + positives + negatives) images.

    Of them a process has n, which are all where there is but one.
    """

    indices: np.ndarray  # (N,) int, which records; query by query
    images: np.ndarray  # (n, …) float32, network input or the local features that stand for it
    same: np.ndarray  # (n, N) bool
    different: np.ndarray  # (n, N) bool


class Batches:
    """Makes the batch of any step.

    Args:
        places: a :class:`training.data.Places` over N records.
        shares: (N,) float, chance of each record to be a query, up to a factor.
        views: (n indices, n seeds) ► (n, …) float32, what the network is shown of the images.
        config: a :class:`training.config.BatchConfig`.
        seed: int.
        part: a :class:`training.learning.distribution.ProcessShare`, whose rows of each batch are made.

    Raises:
        ValueError: if there are fewer images than queries in a batch, or none has a negative.
    """

    def __init__(self, places, shares, views, config, seed, part=SINGLE_PROCESS):
        possible = np.count_nonzero(shares)
        if possible < config.queries:
            raise ValueError(
                f"expected at least batch.queries={config.queries} images to train on. Received: {possible}"
            )
        if not any(places.pair_labels([row])[1].any() for row in range(len(shares))):
            raise ValueError(
                "expected images to train on of places that surely differ (data.rules says which do). "
                f"Received: {len(shares)} without one such pair"
            )
        self._places, self._show = places, views
        self._shares = np.asarray(shares, np.float64) / np.sum(shares)
        self._config, self._seed, self._part = config, seed, part
        self.mined = None
        """(N, D) float32 descriptors that tell which images look alike; None: not mined yet."""

    @property
    def record_count(self):
        """Number of images that batches are made from."""
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
        rows = self._part.rows(len(indices))
        images = self._show(indices[rows].tolist(), seeds[rows].tolist())
        return Batch(indices, images, *self._places.pair_labels(indices[rows], indices))

    def _choose(self, random):
        """The records of a batch, (N,) int; where negatives run short, positives take their places."""
        config, chosen = self._config, []
        for query in self._queries(random):
            same, different = (mask[0] for mask in self._places.pair_labels([query]))
            same[query] = False
            others = np.flatnonzero(same)
            chosen += [query, *self._views(query, others, config.positives, random)]
            negatives = self._most_alike(query, different, config.negatives, random)
            chosen += negatives
            chosen += self._views(query, others, config.negatives - len(negatives), random)
        return np.array(chosen)

    def _views(self, query, others, count, random):
        """Images of the query's place: others, or itself, which augmentation will make another."""
        views = []
        for _ in range(count):
            neighbour = len(others) and random.random() < self._config.neighbours
            views.append(random.choice(others) if neighbour else query)
        return views

    def _queries(self, random):
        """Records to ask for; once descriptors are mined, some look like the one before."""
        config = self._config
        queries = list(random.choice(len(self._shares), config.queries, replace=False, p=self._shares))
        if self.mined is None:
            return queries
        for place in range(1, config.queries):
            if random.random() < config.hard_queries:
                before = queries[place - 1]
                different = self._places.pair_labels([before])[1][0]
                different[queries] = False
                queries[place : place + 1] = self._most_alike(before, different, 1, random) or [
                    queries[place]
                ]
        return queries

    def _most_alike(self, query, allowed, count, random):
        """Up to ``count`` allowed records, drawn from those most similar to the query."""
        candidates = np.flatnonzero(allowed)
        count = min(count, len(candidates))
        if self.mined is not None and len(candidates) > self._config.hardest:
            similarity = self.mined[candidates] @ self.mined[query]
            hardest = max(count, self._config.hardest)
            candidates = candidates[np.argpartition(-similarity, hardest - 1)[:hardest]]
        return list(random.choice(candidates, count, replace=False))


class Loader:
    """Makes batches ahead, in other threads, while the network learns.

    Args:
        batches: a :class:`Batches`.
    """

    _THREADS = 2  # the processes that alter images for one batch have done so while that is put together

    def __init__(self, batches):
        self._batches, self._ahead = batches, self._THREADS + 1
        self._threads = ThreadPoolExecutor(self._THREADS)
        self._coming = {}

    def __getitem__(self, step):
        """The batch of a step; those of the next steps are begun."""
        for future in range(step, step + self._ahead):
            if future not in self._coming:
                self._coming[future] = self._threads.submit(self._batches.__getitem__, future)
        return self._coming.pop(step).result()

    def forget(self):
        """Drop what was begun: it was chosen by older descriptors."""
        for future in self._coming.values():
            future.cancel()
        self._coming.clear()

    def close(self):
        """End the threads."""
        self.forget()
        self._threads.shutdown(wait=True)
