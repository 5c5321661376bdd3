"""Export a network to ONNX with a model card: a trained one, one of cartwheel_train's .h5, or TorchScript.

Usage: python3 -m training.export MODEL --output my_model.onnx [--height 480 --width 640]

MODEL is the folder of a training, a .keras file of such a network, or a model of cartwheel_train, for which
the options of cartwheel_train's scripts work too: --kerasmodel_h5file MODEL [--rows 480 --cols 640]. A file
that ends with .pt or .pth is TorchScript, and needs --height and --width; see docs/custom_network.md.
The export is verified on real images: the descriptors by the network and by ONNX Runtime must agree, and so
must the images that they retrieve; otherwise no file is written.
"""

import argparse
import json
import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Callable, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # the one that Keras exports ONNX from

import numpy as np
import onnx

from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.tools.layers import count_parameters
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

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # RGB, of pixel values


class Source(NamedTuple):
    """An opened network, to be exported."""

    library: str
    spec: InputSpec
    descriptor_size: int
    convert: Callable[[], onnx.ModelProto]
    reference: Callable  # list of (H, W, 3) uint8 BGR images → (N, D), see training.export.parity
    describe: Callable  # iterable of the same → (N, D), unit norm


def main():
    arguments = parse_arguments()
    source = _open_torch(arguments) if _is_torch(arguments.model) else _open_keras(arguments)
    card = _card(arguments, source)
    images = read_images(arguments.images)
    print(f"converting {arguments.model} to ONNX …", file=sys.stderr, flush=True)
    model = source.convert()
    print(
        f"comparing the descriptors of {len(images)} images and their copies …", file=sys.stderr, flush=True
    )
    parity = export_model(model, source.reference, card, arguments.output, images, arguments.half)
    print(
        f"{arguments.output}: {count_parameters(model.SerializeToString())} parameters, "
        f"{arguments.output.stat().st_size} bytes; {source.library} and ONNX Runtime: cosine at least "
        f"{parity.cosine:.7f}; an altered copy of an image is most similar to that image in "
        f"{100 * parity.recall_at_1:.1f} % of the cases by both"
    )


def _is_torch(path):
    return path.suffix in (".pt", ".pth")


def _open_keras(arguments):
    network, spec = load_model(arguments.model, arguments.preprocessing)
    height = spec.height if arguments.height is None else arguments.height
    width = spec.width if arguments.width is None else arguments.width
    if (height, width) != (spec.height, spec.width):
        spec = spec._replace(height=height, width=width)
        network = resized(network, height, width)
    return Source(
        "Keras",
        spec,
        int(network.output.shape[-1]),
        partial(convert, network),
        keras_reference(network, spec),
        partial(describe_images, network, spec),
    )


def _open_torch(arguments):
    from training.export.torch_model import convert_torch, load_torchscript

    if not arguments.height or not arguments.width:
        raise ValueError(f"expected --height and --width of the input of '{arguments.model}'. Received: none")
    channels = 1 if arguments.color_order == "GRAY" else 3
    mean, std = (tuple(values) for values in (arguments.mean, arguments.std))
    if not len(mean) == len(std) == channels or min(std) <= 0:
        raise ValueError(f"expected {channels} --mean and positive --std. Received: {mean} and {std}")
    spec = InputSpec(
        arguments.height, arguments.width, channels, arguments.color_order, arguments.layout, mean, std
    )
    exported = convert_torch(load_torchscript(arguments.model), spec)

    def describe(images):
        vectors = exported.reference(images)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return Source(
        "PyTorch", spec, exported.descriptor_size, lambda: exported.model, exported.reference, describe
    )


def _card(arguments, source):
    similarity = arguments.min_similarity
    if arguments.calibrate:
        records = read_manifest(arguments.calibrate)
        similarity = min_similarity(source.describe, records, _rules(arguments.model))
    return ModelCard(
        name=arguments.name or arguments.output.stem,
        sha256="",
        input=source.spec,
        descriptor_size=source.descriptor_size,
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


def parse_arguments():
    """The command line, checked."""
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
    _add_torch_options(parser)
    arguments = parser.parse_args(command_line())
    arguments.model = arguments.model or arguments.kerasmodel_h5file
    if arguments.model is None:
        parser.error("expected a model. Received: none")
    if arguments.output is None:
        model = arguments.model.resolve()
        arguments.output = model.with_name(f"{model.name if model.is_dir() else model.stem}.onnx")
    if arguments.half and _is_torch(arguments.model):
        parser.error("expected --half with a Keras network only. Received: TorchScript")
    if arguments.output.suffix != ".onnx":
        parser.error(f"expected an --output that ends with .onnx. Received: '{arguments.output}'")
    return arguments


def _add_torch_options(parser):
    group = parser.add_argument_group("TorchScript", "the input of a .pt or .pth file")
    group.add_argument("--layout", choices=("NCHW", "NHWC"), default="NCHW", help="default: NCHW")
    group.add_argument("--color-order", choices=("RGB", "BGR", "GRAY"), default="RGB", help="default: RGB")
    for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
        group.add_argument(
            f"--{name}",
            nargs="+",
            type=float,
            default=values,
            help="one per channel, in pixel values; input = (pixel - mean) / std; default: ImageNet's",
        )


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
