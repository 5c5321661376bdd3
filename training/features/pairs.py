"""Training pairs: two views of one scene, with the teacher's result for each and points that correspond.

The teacher sees the clean views, the network degraded ones: so it learns the same result in bad light.
"""

from typing import Callable, NamedTuple

import cv2
import keras
import numpy as np

from training.features.degradation import degrade
from training.features.teacher import to_cells

POINTS = 160  # correspondences of a pair
CANDIDATES = 320  # best keypoints of the first view, from which they are drawn
CLEAN = 0.25  # share of the views that the network sees as they are


class Scene(NamedTuple):
    """Two clean views and what connects them."""

    first: np.ndarray  # (H, W) uint8 gray
    second: np.ndarray  # (H, W) uint8 gray
    transfer: Callable  # (N, 2) points of the first → (N, 2) points of the second, (N,) bool: visible there


class Pair(NamedTuple):
    """One training pair; arrays of both views."""

    images: np.ndarray  # (2, H, W, 1) float32, −1 to 1
    descriptors: np.ndarray  # (2, H/4, W/4, 32) float32, unit norm: the teacher's
    scores: np.ndarray  # (2, H/4, W/4, 16) float32 logits: the teacher's
    points: np.ndarray  # (2, N, 2) float32, pixels; row n of both is one point of the scene
    weights: np.ndarray  # (N,) float32; 0: not visible in both


class Pairs(keras.utils.PyDataset):
    """Batches of random pairs, determined by a seed.

    Args:
        make_scene: callable (numpy Generator) → :class:`Scene`.
        teacher: a :class:`training.features.teacher.Teacher`.
        batch: pairs in a batch.
        steps: batches of an epoch.
        seed: int.

    Attributes:
        epoch: int; each has other pairs.
    """

    def __init__(self, make_scene, teacher, batch, steps, seed, **options):
        super().__init__(**options)
        self._make_scene, self._teacher = make_scene, teacher
        self._batch, self._steps, self._seed = batch, steps, seed
        self.epoch = 0

    def __len__(self):
        return self._steps

    def __getitem__(self, index):
        first = (self.epoch * self._steps + index) * self._batch
        numbers = range(first, first + self._batch)
        pairs = [self.pair(np.random.default_rng((self._seed, number))) for number in numbers]
        images, *targets = (np.stack(values) for values in zip(*pairs))
        return images, dict(zip(Pair._fields[1:], targets))

    def pair(self, random):
        """A :class:`Pair`."""
        scene = self._make_scene(random)
        views = (scene.first, scene.second)
        descriptors, scores = zip(*map(self._teacher, views))
        points = _choose(keypoints(scores[0], CANDIDATES), random)
        there, visible = scene.transfer(points)
        shown = [view if random.random() < CLEAN else degrade(view, random) for view in views]
        return Pair(
            np.stack(shown)[..., np.newaxis].astype(np.float32) / 127.5 - 1,
            np.stack(descriptors),
            np.stack([to_cells(each) for each in scores]),
            np.stack([points, np.where(visible[:, None], there, 0)]).astype(np.float32),
            visible.astype(np.float32),
        )


class Mixture:
    """Makes scenes of several kinds.

    Args:
        sources: list of pairs: share of the scenes, and a callable (numpy Generator) → :class:`Scene`.
    """

    def __init__(self, sources):
        shares, self._makers = zip(*sources)
        self._shares = np.array(shares) / sum(shares)

    def __call__(self, random):
        return self._makers[random.choice(len(self._makers), p=self._shares)](random)


def keypoints(scores, count):
    """(N, 2) float32, x and y: the best local maxima of (H, W) scores in windows of 5 × 5."""
    peaks = np.flatnonzero(cv2.dilate(scores, np.ones((5, 5), np.uint8)) == scores)
    best = peaks[np.argsort(-scores.ravel()[peaks])[:count]]
    return np.stack([best % scores.shape[1], best // scores.shape[1]], axis=1).astype(np.float32)


def _choose(points, random):
    """``POINTS`` of them; some twice where there are fewer."""
    if len(points) == 0:
        return np.zeros((POINTS, 2), np.float32)
    return points[random.choice(len(points), POINTS, replace=len(points) < POINTS)]
