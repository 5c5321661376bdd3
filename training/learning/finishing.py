"""The last part of a training: whiten what differs within places, without gradients.

Views of a place differ in some directions of the descriptor more than in others. One matrix makes these
directions smaller, and the last layer takes it in. A few thousand images suffice, and the result depends on
no learning rate.
"""

from typing import NamedTuple

import numpy as np
from pydantic import Field

from training.learning.initialization import AugmentedViews
from training.learning.section import Section
from training.learning.statistics import damping, within_places
from training.network.prediction import describe_images, predict

_COPIES = 2  # augmented copies of an image


class FinishConfig(Section):
    """Whitening of the variation within places, after the last step."""

    shrinkage: float = Field(
        default=0.0,
        ge=0,
        description="of the whitening, in mean variances within places; larger: changes less; 0: none",
    )
    visits: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of the variation between visits of a place with a label, such as two seasons; the "
        "rest is that between augmented copies of an image",
    )
    images: int = Field(default=1500, ge=2, description="number of places, and of images with copies")


class Drawn(NamedTuple):
    """Rows of the images that the whitening is determined by."""

    copied: np.ndarray  # (n,) int, images of which there are augmented copies
    visits: np.ndarray  # (m, 2) int, two images of each place


def draw(config, places, shares, seed=0):
    """Draw the images of the whitening; before the training, so that an error does not come after it.

    Args:
        config: a :class:`FinishConfig`.
        places: a :class:`training.data.Places` of N images.
        shares: (N,) float, how often each is drawn.
        seed: of the random choice.

    Returns:
        a :class:`Drawn`.

    Raises:
        ValueError: if ``config.visits`` is not 0 and no place with a label has two images.
    """
    random = np.random.default_rng(seed)
    copied = _draw(shares, config.images, random)
    visits = _visits(places, shares, config.images, random) if config.visits else np.empty((0, 2), int)
    return Drawn(copied, visits)


def whiten(network, config, drawn, images, spec, augment):
    """Whiten the variation within places; changes the layer "whitening" of a network.

    Args:
        network: Keras model with a layer "whitening".
        config: a :class:`FinishConfig`.
        drawn: a :class:`Drawn`.
        images: sequence of (H, W, 3) uint8 BGR.
        spec: the network's InputSpec.
        augment: callable (image, seed) → image.
    """
    print(f"whitening the variation within {len(drawn.copied)} places", flush=True)
    within = within_places(copies(network, spec, images, drawn.copied, augment, _COPIES))
    if config.visits:
        seen = describe_images(network, spec, (images[row] for row in drawn.visits.ravel()))
        visits = within_places(seen.reshape(*drawn.visits.shape, -1))
        within = config.visits * visits + (1 - config.visits) * within
    network.get_layer("whitening").multiply(damping(within, config.shrinkage))


def copies(network, spec, images, rows, augment, count):
    """Descriptors of images and of augmented copies of them: (n, 1 + count, D) float32."""
    views = AugmentedViews(images, rows, spec, augment, count)
    described = predict(network, (view[None] for each in views for view in each))
    return described.reshape(len(rows), 1 + count, -1)


def _draw(shares, count, random):
    """Up to ``count`` different rows, each as often as its share: (n,) int."""
    shares = shares / shares.sum()
    return random.choice(len(shares), min(count, np.count_nonzero(shares)), replace=False, p=shares)


def _visits(places, shares, count, random):
    """Rows of two images of a place with a label: (n, 2) int, n up to ``count``."""
    labelled = np.where(places.labelled, shares, 0.0)
    pairs = []
    for row in _draw(labelled, count, random) if labelled.any() else ():
        others = np.flatnonzero(places.pair_labels([row])[0][0])
        others = others[others != row]
        if len(others):
            pairs.append((row, random.choice(others)))
    if not pairs:
        raise ValueError(
            "expected a place with a label and two images, or finish.visits=0. Received: no such place"
        )
    return np.array(pairs)
