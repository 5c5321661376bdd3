"""Make an engine-ready model: a trained network, or one of the original's .h5, to ONNX with its card.

Usage: python3 training/export.py MODEL --output my_model.onnx [--height 480 --width 640]

MODEL is the folder of a training, a .keras file of such a network, or one of the original's models, for
which the options of the original's scripts work too: --kerasmodel_h5file MODEL [--rows 480 --cols 640].
The export is proved on real pictures: Keras and ONNX Runtime must describe them alike and find the same
ones, or no file is written.
"""

import argparse
import hashlib
import json
import os
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # the one that Keras exports ONNX from

import numpy as np
import onnxruntime

from place_recognition_ros.descriptor.model_card import ModelCard, card_path
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import ModelError
from training.augmentation import Augmentation, AugmentationConfig
from training.calibration import min_similarity
from training.console import run_script
from training.data import PlaceRules, read_manifest, read_picture
from training.data.pictures import find_pictures
from training.files import write_together
from training.half_precision import halve
from training.legacy import PREPROCESSING
from training.model_files import load_model
from training.network import resized
from training.onnx_graph import convert
from training.paths import DATA

MIN_PARITY = 0.99999  # cosine
_COMPARED = 64  # pictures that the export is proved on


class Parity(NamedTuple):
    """How alike Keras and ONNX Runtime are on real pictures."""

    cosine: float  # the smallest
    recall_at_1: float  # of an altered copy of each among all, the same for both


def export_model(network, card, path, pictures, half=False):
    """Write a network as fixed-shape ONNX with its card beside it.

    Both files appear under their names only when they are complete and the parity gate is passed.

    Args:
        network: Keras model, (B, H, W, C) float32 to (B, D) float32.
        card: its ModelCard; the SHA-256 is filled in here.
        path: where the ONNX file goes.
        pictures: list of (H, W, 3) uint8 BGR, real ones, to compare on.
        half: write it in half precision, see :mod:`training.half_precision`.

    Returns:
        a :class:`Parity`; of half precision its smallest cosine.

    Raises:
        ModelError: if Keras and ONNX Runtime disagree, or half precision loses too much.
        OSError: naming the file that cannot be written; what was there before still is.
    """
    model = convert(network)
    content = model.SerializeToString()
    parity = check_parity(network, content, pictures, card.input)
    if half:
        model, cosine = halve(model, np.stack([prepare(picture, card.input) for picture in pictures]))
        content, parity = model.SerializeToString(), parity._replace(cosine=cosine)
    card = card._replace(sha256=hashlib.sha256(content).hexdigest())
    write_together({path: content, card_path(str(path)): card.to_json().encode()})
    return parity


def check_parity(network, content, pictures, spec):
    """The gate: an ONNX model must answer as its Keras network does.

    Args:
        network: Keras model.
        content: the ONNX model's bytes.
        pictures: list of (H, W, 3) uint8 BGR, at least one.
        spec: the network's InputSpec.

    Returns:
        a :class:`Parity`.

    Raises:
        ModelError: if the smallest cosine is below :data:`MIN_PARITY` or not a number, or an altered
            copy of each picture finds others.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    augment = Augmentation(AugmentationConfig())
    altered = [augment(picture, seed) for seed, picture in enumerate(pictures)]
    inputs = [prepare(picture, spec) for picture in (*pictures, *altered)]
    expected = np.concatenate([network.predict_on_batch(tensor) for tensor in inputs])
    found = np.concatenate([session.run(None, {"image": tensor})[0] for tensor in inputs])
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    cosines = np.sum(expected * found, axis=1) / lengths
    worst = int(np.argmin(cosines))  # the first NaN, if there is one
    if not cosines[worst] >= MIN_PARITY:
        raise ModelError(
            f"expected a cosine of at least {MIN_PARITY} between Keras and ONNX Runtime. "
            f"Received: {cosines[worst]:.7f} on picture {worst % len(pictures)} of {len(pictures)}"
        )
    recalls = [_recall_of_copies(descriptors) for descriptors in (expected, found)]
    if recalls[0] != recalls[1]:
        raise ModelError(
            f"expected the recall@1 of Keras, {recalls[0]}. Received: {recalls[1]} from ONNX Runtime"
        )
    return Parity(float(cosines[worst]), recalls[0])


def _recall_of_copies(descriptors):
    pictures, copies = np.split(descriptors, 2)
    return float(np.mean(np.argmax(copies @ pictures.T, axis=1) == np.arange(len(copies))))


def read_pictures(source):
    """Pictures to prove an export on.

    Args:
        source: a folder or a manifest; None: the picture sets beside the project.

    Returns:
        list of (H, W, 3) uint8 BGR, evenly chosen.

    Raises:
        ValueError: if there are none.
    """
    source = source or DATA / "ie_tower" / "images"
    try:
        paths = find_pictures([source])
    except ValueError as error:
        raise ValueError(
            f"expected pictures to prove the export on, with --pictures, in '{source}'. Received: {error}"
        ) from error
    return [read_picture(path) for path in paths[:: max(1, len(paths) // _COMPARED)][:_COMPARED]]


def main():
    arguments = _parse()
    network, spec = load_model(arguments.model, arguments.preprocessing)
    height = spec.height if arguments.height is None else arguments.height
    width = spec.width if arguments.width is None else arguments.width
    if (height, width) != (spec.height, spec.width):
        spec = spec._replace(height=height, width=width)
        network = resized(network, height, width)
    card = _card(arguments, network, spec)
    pictures = read_pictures(arguments.pictures)
    parity = export_model(network, card, arguments.output, pictures, arguments.half)
    print(
        f"{arguments.output}: {network.count_params()} parameters, {arguments.output.stat().st_size} bytes; "
        f"Keras against ONNX Runtime: cosine at least {parity.cosine:.7f}, "
        f"recall@1 {100 * parity.recall_at_1:.1f} by both"
    )


def _card(arguments, network, spec):
    similarity = arguments.min_similarity
    if arguments.calibrate:
        similarity = min_similarity(
            network, spec, read_manifest(arguments.calibrate), _rules(arguments.model)
        )
    return ModelCard(
        name=arguments.name or arguments.output.stem,
        sha256="",
        input=spec,
        descriptor_size=int(network.output.shape[-1]),
        min_similarity=round(similarity, 3),
        made_by=shlex.join(["python3", "training/export.py", *sys.argv[1:]]),
        trained_on=dict(arguments.trained_on),
        recall_at_1={},
    )


def _rules(model):
    """What is one place: in the training whose folder the model is, or by default."""
    path = model / "config.json"
    if not path.is_file():
        return PlaceRules()
    return PlaceRules(*json.loads(path.read_text(encoding="utf-8"))["data"]["rules"])


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument(
        *("--kerasmodel_h5file", "-h5"), type=Path, help="the model, as the original's scripts call it"
    )
    parser.add_argument("--output", type=Path, help="the ONNX file; default: beside the model")
    parser.add_argument("--name", help="of the model, for its card; default: that of the file")
    parser.add_argument("--height", "--rows", type=int, help="of the pictures, pixels; default: as trained")
    parser.add_argument("--width", "--cols", type=int)
    parser.add_argument("--pictures", type=Path, help="folder or manifest of pictures to prove it on")
    parser.add_argument(
        "--preprocessing",
        choices=sorted(PREPROCESSING),
        default="",
        help="of an original's model: raw is 0 to 255, centered -1 to 1; default: raw for Keras 2.2.2",
    )
    parser.add_argument(
        "--half", action="store_true", help="in half precision, for TensorRT 11 and TensorRT for RTX"
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        help="manifest that tells the card's min_similarity, best of pictures not trained on",
    )
    parser.add_argument(
        "--min-similarity", type=_cosine, default=0.0, help="the same as a number; default: 0"
    )
    parser.add_argument(
        "--trained-on", nargs="*", type=_source, default=[], metavar="SET=LICENCE", help="for the card"
    )
    arguments = parser.parse_args()
    arguments.model = arguments.model or arguments.kerasmodel_h5file
    if arguments.model is None:
        parser.error("expected a model. Received: none")
    if arguments.output is None:
        model = arguments.model.resolve()
        arguments.output = model.with_name(f"{model.name if model.is_dir() else model.stem}.onnx")
    if arguments.output.suffix != ".onnx":
        parser.error(f"expected an --output that ends with .onnx. Received: '{arguments.output}'")
    return arguments


def _cosine(text):
    if not -1 <= float(text) <= 1:  # NaN too
        raise argparse.ArgumentTypeError(f"expected a cosine, -1 to 1. Received: {text}")
    return float(text)


def _source(text):
    name, equals, licence = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected SET=LICENCE. Received: '{text}'")
    return name, licence


if __name__ == "__main__":
    run_script(main)
