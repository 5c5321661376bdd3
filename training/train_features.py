r"""Train the network that finds local features, from random weights, and export it.

Usage:
  python3 -m training.train_features --teacher t32.onnx --images photographs=1 --rendered pairs_300 \
    --output models/features.onnx

The network learns to imitate a teacher, an ONNX network with the interface of EdgePoint2, on pairs of views
of one scene: warped and degraded photographs, and rendered pairs with true depth.
The same command resumes an interrupted run.
"""

import argparse
import json
import os
import shlex
import sys
from pathlib import Path

if not __package__:  # started as a file, python3 training/train_features.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on CPUs without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import keras
import numpy as np

from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, ModelCard
from place_recognition_ros.descriptor.preprocess import InputSpec
from training.console import command_line, run_script
from training.data.images import find_images
from training.export.exporter import export_model, keras_reference
from training.export.onnx_graph import convert
from training.export.parity import read_images
from training.features.distillation import Distillation
from training.features.network import DESCRIPTOR_SIZE, build
from training.features.pairs import Mixture, Pairs
from training.features.rendered import RenderedPairs
from training.features.teacher import Teacher
from training.features.warps import BlankViews, WarpedImages
from training.files import PROJECT, write_atomically

TRAINING_SIZE = (192, 256)  # height and width of a view, pixels
WARMUP = 200  # steps
MULTIPLE = 16  # of which the sides of the input are
EPOCH = 250  # steps between two checkpoints
RENDERED, BLANK = 0.3, 0.04  # shares of the training pairs


def main():
    arguments = parse_arguments()
    keras.utils.set_random_seed(arguments.seed)
    folder = arguments.run
    folder.mkdir(parents=True, exist_ok=True)
    record_options(arguments, folder)
    network = train(arguments, folder)
    network.save_weights(folder / "network.weights.h5")
    parity = export(network, arguments)
    print(
        f"{arguments.output}: {network.count_params()} parameters, {arguments.output.stat().st_size} bytes; "
        f"Keras and ONNX Runtime: cosine at least {parity.cosine:.7f}"
    )


def record_options(arguments, folder):
    """Write what determines the weights to the folder of a run.

    Raises:
        ValueError: if the run was begun with other options; its checkpoint is not what these would give.
    """
    names = ("teacher", "images", "rendered", "steps", "batch", "learning_rate", "seed")
    options = {name: str(getattr(arguments, name)) for name in names}
    path = folder / "options.json"
    begun = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else options
    if begun != options:
        other = ", ".join(f"{name} {options[name]}" for name in names if options[name] != begun.get(name))
        raise ValueError(
            f"expected the options with which the run in '{folder}' was begun, or another --run. "
            f"Received: {other}"
        )
    write_atomically(path, json.dumps(options, indent=2).encode())


def train(arguments, folder):
    """Train to the last step, from the start or from the checkpoint in ``folder``; returns the network."""
    network = build(*TRAINING_SIZE)
    model = Distillation(network)
    model(np.zeros((1, 2, *network.input.shape[1:]), np.float32))  # a checkpoint needs a model that is built
    schedule = keras.optimizers.schedules.CosineDecay(
        1e-5, arguments.steps - WARMUP, warmup_target=arguments.learning_rate, warmup_steps=WARMUP
    )
    model.compile(optimizer=keras.optimizers.Adam(schedule, clipnorm=5.0))
    pairs = Pairs(
        scenes(arguments.images, arguments.rendered),
        Teacher(arguments.teacher),
        arguments.batch,
        EPOCH,
        arguments.seed,
        workers=2,
        max_queue_size=8,
    )
    callbacks = [
        keras.callbacks.BackupAndRestore(str(folder / "checkpoint"), delete_checkpoint=False),
        keras.callbacks.CSVLogger(str(folder / "curve.csv"), append=True),
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: setattr(pairs, "epoch", epoch)),
    ]
    model.fit(pairs, epochs=arguments.steps // EPOCH, callbacks=callbacks, verbose=2)
    return network


def scenes(images, rendered):
    """Makes the scenes of all sources.

    Args:
        images: list of pairs: folder or manifest of photographs, and its share.
        rendered: list of Path, outputs of training.features.render_pairs.
    """
    photographs = [(share, [_read_gray(path) for path in find_images([folder])]) for folder, share in images]
    return Mixture(
        [
            (1.0 - RENDERED - BLANK, WarpedImages(photographs, TRAINING_SIZE)),
            (RENDERED, RenderedPairs(rendered, TRAINING_SIZE)),
            (BLANK, BlankViews(TRAINING_SIZE)),
        ]
    )


def _read_gray(path):
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"expected an image that can be decoded. Received: '{path}'")
    return image


def export(network, arguments):
    """Write the ONNX file and its card; returns the :class:`training.export.parity.Parity`."""
    sized = build(*arguments.size)
    sized.set_weights(network.get_weights())
    spec = InputSpec(arguments.size[0], arguments.size[1], 1, "GRAY", "NHWC", (127.5,), (127.5,))
    card = ModelCard(
        name=arguments.output.stem,
        sha256="",
        input=spec,
        descriptor_size=DESCRIPTOR_SIZE,
        min_similarity=0.0,
        made_by=shlex.join(["python3", "-m", "training.train_features", *sys.argv[1:]]),
        trained_on=dict(arguments.trained_on),
        recall_at_1={},
        kind=LOCAL_FEATURES,
    )
    images = read_images(arguments.images[-1][0])
    return export_model(
        convert(sized, "features"), keras_reference(sized, spec), card, arguments.output, images
    )


def parse_arguments():
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="training.train_features",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--teacher", type=Path, required=True, help="ONNX file of the teacher")
    parser.add_argument(
        "--images",
        type=_share,
        nargs="+",
        required=True,
        metavar="FOLDER=SHARE",
        help="photographs; those of the last folder also verify the export",
    )
    parser.add_argument(
        "--rendered", type=Path, nargs="+", required=True, metavar="FOLDER", help="rendered pairs"
    )
    parser.add_argument("--output", type=Path, required=True, help="the ONNX file")
    parser.add_argument(
        "--size", type=int, nargs=2, default=(240, 320), help="height and width of the ONNX input"
    )
    parser.add_argument("--run", type=Path, default=PROJECT / ".run/train/features", help="folder of the run")
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--batch", type=int, default=4, help="pairs")
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--trained-on", nargs="*", type=_licence, default=[], metavar="SET=LICENCE", help="for the card"
    )
    arguments = parser.parse_args(command_line())
    if arguments.steps <= WARMUP or arguments.steps % EPOCH:
        parser.error(f"expected --steps above {WARMUP}, a multiple of {EPOCH}. Received: {arguments.steps}")
    if min(arguments.size) < 1 or any(side % MULTIPLE for side in arguments.size):
        parser.error("expected multiples of {} as --size. Received: {} {}".format(MULTIPLE, *arguments.size))
    if arguments.batch < 1:
        parser.error(f"expected --batch of at least 1. Received: {arguments.batch}")
    return arguments


def _share(text):
    folder, equals, share = text.rpartition("=")
    try:
        found = (Path(folder), float(share)) if equals else (Path(text), 1.0)
    except ValueError:
        found = (Path(), 0.0)
    if not 0 < found[1] < float("inf"):
        raise argparse.ArgumentTypeError(f"expected FOLDER=SHARE, a positive number. Received: '{text}'")
    return found


def _licence(text):
    name, equals, licence = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"expected SET=LICENCE. Received: '{text}'")
    return name, licence


if __name__ == "__main__":
    run_script(main)
