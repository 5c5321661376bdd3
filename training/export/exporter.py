"""Writing an ONNX model with its card, once the parity gate has passed."""

import hashlib

import numpy as np

from place_recognition_ros.descriptor.model_card import card_path
from place_recognition_ros.descriptor.preprocess import prepare
from training.export.half_precision import convert_to_half
from training.export.parity import check_parity
from training.files import write_together


def export_model(model, reference, card, path, images, half=False):
    """Write an ONNX model and its card.

    Both files appear under their names only when they are complete and the parity gate has passed.

    Args:
        model: onnx.ModelProto of fixed shape.
        reference: the original; a callable, see :func:`training.export.parity.check_parity`.
        card: its ModelCard; the SHA-256 is filled in here.
        path: of the ONNX file.
        images: list of (H, W, 3) uint8 BGR, real images, to compare on.
        half: write it in half precision, see :mod:`training.export.half_precision`.

    Returns:
        a :class:`training.export.parity.Parity`; with ``half`` the smallest cosine is that between half
        and single precision.

    Raises:
        ModelError: if the reference and ONNX Runtime disagree, or half precision loses too much.
        OSError: naming the file that cannot be written; the old files are kept.
    """
    content = model.SerializeToString()
    parity = check_parity(reference, content, images, card.input)
    if half:
        model, cosine = convert_to_half(model, np.stack([prepare(image, card.input) for image in images]))
        content, parity = model.SerializeToString(), parity._replace(cosine=cosine)
    card = card._replace(sha256=hashlib.sha256(content).hexdigest())
    write_together({path: content, card_path(str(path)): card.to_json().encode()})
    return parity


def keras_reference(network, spec):
    """The reference of a Keras network for the parity gate: images → (N, D) descriptors.

    Args:
        network: Keras model.
        spec: its InputSpec.
    """

    def describe(images):
        return np.concatenate([network.predict_on_batch(prepare(image, spec)) for image in images])

    return describe
