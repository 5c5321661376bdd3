"""Export a network to ONNX with a model card: a trained one, one of cartwheel_train's .h5, or TorchScript.

Usage: python3 -m training.export MODEL --output my_model.onnx [--height 480 --width 640]

MODEL is the folder of a training, a .keras file of such a network, or a model of cartwheel_train, for which
the options of cartwheel_train's scripts work too: --kerasmodel_h5file MODEL [--rows 480 --cols 640]. A file
that ends with .pt or .pth is TorchScript, and needs --height and --width; see docs/custom_network.md.
The export is verified on real images: the network and ONNX Runtime must describe them alike and retrieve
the same ones, otherwise no file is written.
"""

import argparse
import json
import os
import shlex
import sys
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # the one that Keras exports ONNX from

from place_recognition_ros.descriptor.model_card import ModelCard
from training.console import command_line, run_script
from training.data import PlaceRules, read_manifest
from training.export.calibration import min_similarity
from training.export.exporter import export_model, keras_reference
from training.export.onnx_graph import convert
from training.export.parity import read_images
from training.legacy import PREPROCESSING
from training.network.build import resized
from training.network.model_files import load_model
from training.network.prediction import describe_images


def main():
    arguments = _parse()
    network, spec = load_model(arguments.model, arguments.preprocessing)
    height = spec.height if arguments.height is None else arguments.height
    width = spec.width if arguments.width is None else arguments.width
    if (height, width) != (spec.height, spec.width):
        spec = spec._replace(height=height, width=width)
        network = resized(network, height, width)
    card = _card(arguments, spec, int(network.output.shape[-1]), partial(describe_images, network, spec))
    images = read_images(arguments.images)
    reference = keras_reference(network, spec)
    parity = export_model(convert(network), reference, card, arguments.output, images, arguments.half)
    print(
        f"{arguments.output}: {network.count_params()} parameters, {arguments.output.stat().st_size} bytes; "
        f"Keras and ONNX Runtime: cosine at least {parity.cosine:.7f}, "
        f"recall@1 {100 * parity.recall_at_1:.1f} by both"
    )


def _card(arguments, spec, size, describe):
    similarity = arguments.min_similarity
    if arguments.calibrate:
        similarity = min_similarity(describe, read_manifest(arguments.calibrate), _rules(arguments.model))
    return ModelCard(
        name=arguments.name or arguments.output.stem,
        sha256="",
        input=spec,
        descriptor_size=size,
        min_similarity=round(similarity, 3),
        made_by=shlex.join(["python3", "-m", "training.export", *sys.argv[1:]]),
        trained_on=dict(arguments.trained_on),
        recall_at_1={},
    )


def _rules(model):
    """The place rules of the training in the folder ``model``, or the default ones."""
    path = model / "config.json"
    if not path.is_file():
        return PlaceRules()
    return PlaceRules(*json.loads(path.read_text(encoding="utf-8"))["data"]["rules"])


def _parse():
    parser = argparse.ArgumentParser(
        prog="training.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument(
        *("--kerasmodel_h5file", "-h5"), type=Path, help="the model, as cartwheel_train's scripts call it"
    )
    parser.add_argument("--output", type=Path, help="the ONNX file; default: beside the model")
    parser.add_argument("--name", help="name in the card; default: that of the file")
    parser.add_argument("--height", "--rows", type=int, help="of the input, pixels; default: as trained")
    parser.add_argument("--width", "--cols", type=int)
    parser.add_argument("--images", type=Path, help="folder or manifest of images for the parity check")
    parser.add_argument(
        "--preprocessing",
        choices=sorted(PREPROCESSING),
        default="",
        help="of a model of cartwheel_train: raw is 0 to 255, centered -1 to 1; default: raw for Keras 2.2.2",
    )
    parser.add_argument(
        "--half", action="store_true", help="half precision, for TensorRT 11 and TensorRT for RTX"
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        help="manifest from which the card's min_similarity is computed; images that were not trained on",
    )
    parser.add_argument("--min-similarity", type=_cosine, default=0.0, help="given directly; default: 0")
    parser.add_argument(
        "--trained-on", nargs="*", type=_source, default=[], metavar="SET=LICENCE", help="for the card"
    )
    arguments = parser.parse_args(command_line())
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
