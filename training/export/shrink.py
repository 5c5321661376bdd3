"""Rewrite an ONNX model and its card, with large weights stored in half precision.

Usage: python3 -m training.export.shrink model.onnx --images my_images/

For models of older revisions; training.export writes such files itself. The descriptors before and after
must agree on the images, or nothing is written.
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # which training.export.onnx_graph imports

import numpy as np
import onnx

from place_recognition_ros.descriptor.model_card import read_model
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.preprocess import prepare
from training.console import command_line, run_script
from training.export.exporter import export_model
from training.export.onnx_graph import store_as_half
from training.export.parity import read_images


def main():
    arguments = parse_arguments()
    card, content = read_model(str(arguments.model), kind=None)
    model = onnx.load_from_string(content)
    store_as_half(model)
    engine = OnnxEngine(card, content)

    def describe(images):
        return np.stack([engine.infer(prepare(image, card.input)) for image in images])

    images = read_images(arguments.images)
    command = shlex.join(["python3", "-m", "training.export.shrink", *sys.argv[1:]])
    card = card._replace(made_by=f"{card.made_by} && {command}")
    parity = export_model(model, describe, card, arguments.model, images)
    print(
        f"{arguments.model}: {len(content)} bytes before, {arguments.model.stat().st_size} now; "
        f"cosine at least {parity.cosine:.7f} on {len(images)} images"
    )


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="training.export.shrink",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="the ONNX file, with its card beside it")
    parser.add_argument("--images", type=Path, help="folder or manifest of images for the comparison")
    return parser.parse_args(command_line())


if __name__ == "__main__":
    run_script(main)
