"""The parity gate: an exported model must describe real images as its original does."""

from typing import NamedTuple

import numpy as np
import onnxruntime

from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import ModelError
from training.data import read_image
from training.data.images import find_images
from training.files import DATA
from training.learning.augmentation import Augmentation, AugmentationConfig

MIN_PARITY = 0.99999  # cosine
_COMPARED = 64  # images


class Parity(NamedTuple):
    """Agreement of a reference and its ONNX model on real images."""

    cosine: float  # the smallest over all images
    recall_at_1: float  # of an augmented copy of each image queried against all images; equal for both


def check_parity(reference, content, images, spec):
    """Compare an ONNX model with the network that it was exported from.

    Each image and one augmented copy of it are described by both.

    Args:
        reference: the original, any callable: list of (H, W, 3) uint8 BGR images → (N, D) float descriptors,
            or (N, …) maps of local features, each of which is compared as one vector.
            It prepares the images itself, so the gate also verifies the pre-processing in ``spec``.
        content: the ONNX model, bytes.
        images: list of (H, W, 3) uint8 BGR, at least one.
        spec: InputSpec of the ONNX model.

    Returns:
        a :class:`Parity`.

    Raises:
        ModelError: if the smallest cosine is below :data:`MIN_PARITY` or not a number, if recall@1
            differs, or if the two return descriptors of different shapes.
    """
    augment = Augmentation(AugmentationConfig())
    every = [*images, *(augment(image, seed) for seed, image in enumerate(images))]
    expected = _unit(np.asarray(reference(every)))  # the model is exported with unit norm
    found = _unit(_run(content, every, spec))
    if expected.shape != found.shape:
        raise ModelError(f"expected descriptors of shape {expected.shape}. Received: {found.shape}")
    cosines = np.sum(expected * found, axis=1)
    worst = int(np.argmin(cosines))  # the first NaN, if there is one
    if not cosines[worst] >= MIN_PARITY:
        raise ModelError(
            f"expected a cosine of at least {MIN_PARITY} between the reference and ONNX Runtime. "
            f"Received: {cosines[worst]:.7f} on image {worst % len(images)} of {len(images)}"
        )
    recalls = [_recall_of_copies(descriptors) for descriptors in (expected, found)]
    if recalls[0] != recalls[1]:
        raise ModelError(
            f"expected the recall@1 of the reference, {recalls[0]}. Received: {recalls[1]} from ONNX Runtime"
        )
    return Parity(float(cosines[worst]), recalls[0])


def _run(content, images, spec):
    """Descriptors of images by ONNX Runtime, (N, D) float32."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: prepare(image, spec)})[0] for image in images])


def _unit(descriptors):
    descriptors = descriptors.reshape(len(descriptors), -1)
    return descriptors / np.linalg.norm(descriptors, axis=-1, keepdims=True)


def _recall_of_copies(descriptors):
    images, copies = np.split(descriptors, 2)
    return float(np.mean(np.argmax(copies @ images.T, axis=1) == np.arange(len(copies))))


def read_images(source):
    """Images for the parity gate.

    Args:
        source: a folder or a manifest; None: the image sets beside the project.

    Returns:
        list of (H, W, 3) uint8 BGR, at most 64, evenly spaced over the source.

    Raises:
        ValueError: if there are none.
    """
    source = source or DATA / "ie_tower" / "images"
    try:
        paths = find_images([source])
    except ValueError as error:
        raise ValueError(
            f"expected images for the parity check (--images) in '{source}'. Received: {error}"
        ) from error
    return [read_image(path) for path in paths[:: max(1, len(paths) // _COMPARED)][:_COMPARED]]
