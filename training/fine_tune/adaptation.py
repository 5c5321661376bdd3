"""Adapt a network to a building: whiten what differs between images of one place.

How descriptors differ within verified pairs, and between images and augmented copies of them, determines one
matrix, which the last layer of the network takes in. There are no gradients, and the result is deterministic.
"""

import numpy as np

from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Camera, View
from training.data import read_image
from training.fine_tune.verified_pairs import Walks, verified_pairs
from training.learning.augmentation import Augmentation, AugmentationConfig
from training.learning.augmented_input import ImageCache
from training.learning.finishing import copies
from training.learning.statistics import damping, within_places
from training.network.prediction import describe_images

SHRINKAGE = 1.5  # of the whitening, in mean variances within places; larger: changes less, here and elsewhere
FEW_PAIRS = 100  # so many verified pairs add 1 to it: few of them determine the variances badly
COPIES = 6  # augmented copies of an image;
COPIES_WEIGHT = 50  # in the covariance all of them count as so many verified pairs
AUGMENTED = 500  # images of which there are copies, at most
CHANGES = AugmentationConfig(geometric=2.0, photometric=1.7, rotation_degrees=15.0)
STILL = 0.98  # cosine with the image before: the camera has hardly moved
MOST = 2000  # images; of more, every second or third is used
LEAST_PAIRS = 30


def adapt(network, spec, records, finder, shrinkage=SHRINKAGE):
    """Whiten the variation of descriptors within the places of walks; changes the network.

    Args:
        network: Keras model with a layer "whitening".
        spec: its InputSpec.
        records: list of :class:`training.data.Record`, in order; each walk is a region.
        finder: an open FeatureFinder.
        shrinkage: see :data:`SHRINKAGE`.

    Raises:
        ValueError: if fewer than :data:`LEAST_PAIRS` pairs are verified.
    """
    before = describe_images(network, spec, (read_image(record.image) for record in records))
    kept = moving(before)
    records, before = [records[row] for row in kept], before[kept]
    print(f"comparing the {len(records)} images in which the camera moved", flush=True)
    walks = Walks(
        np.unique([record.region for record in records], return_inverse=True)[1],
        np.array([record.time for record in records]),
        before,
        [_view(read_image(record.image), finder) for record in records],
    )
    neighbours, returns = verified_pairs(walks, finder.kind, Coefficients(**finder.decision))
    print(f"verified pairs: {len(neighbours)} neighbours in time, {len(returns)} returns", flush=True)
    pairs = np.concatenate([neighbours, returns])
    if len(pairs) < LEAST_PAIRS:
        raise ValueError(
            f"expected at least {LEAST_PAIRS} pairs of images that show the same place, from a camera that "
            f"moves slowly past things with texture. Received: {len(pairs)} in {len(records)} images"
        )
    rows = range(0, len(records), -(-len(records) // AUGMENTED))
    described = copies(network, spec, ImageCache(records, spec, 0), rows, Augmentation(CHANGES), COPIES)
    share = COPIES_WEIGHT / (COPIES_WEIGHT + len(pairs))
    within = (1 - share) * within_places(before[pairs]) + share * within_places(described)
    matrix = damping(within, shrinkage + FEW_PAIRS / len(pairs))
    network.get_layer("whitening").multiply(matrix)


def moving(descriptors):
    """Rows of the images in which the camera has moved since the row before; at most :data:`MOST`."""
    kept = [0]
    for row in range(1, len(descriptors)):
        if descriptors[row] @ descriptors[kept[-1]] < STILL:
            kept.append(row)
    return np.array(kept[:: -(-len(kept) // MOST)])


def _view(image, finder):
    return View(finder.find(image), Camera(image.shape[1], image.shape[0]))
