"""Train the network that finds local features, from random weights, and export it.

Usage: python3 -m training.train_features --teacher t32.onnx --images FOLDER … --rendered FOLDER … --output models/features.onnx

The network learns to imitate a teacher, an ONNX network with the interface of EdgePoint2, on pairs of views of
one scene: warped and degraded photographs, and rendered pairs with true depth (training.render_pairs). The
same command resumes an interrupted run from the folder of the run.
"""

import argparse
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

from training.console import command_line, run_script
from training.data.images import find_images
from training.features.distillation import Distillation
from training.features.network import build
from training.features.pairs import Mixture, Pairs
from training.features.rendered import RenderedPairs
from training.features.teacher import Teacher
from training.features.warps import BlankViews, WarpedImages

EPOCH = 250  # steps between two checkpoints
RENDERED, BLANK = 0.3, 0.04  # shares of the training pairs


def main():
    arguments = parse_arguments()
    keras.utils.set_random_seed(arguments.seed)
    arguments.run.mkdir(parents=True, exist_ok=True)
    network = build(*arguments.train_size)
    model = Distillation(network)
    model(np.zeros((1, 2, *arguments.train_size, 1), np.float32))  # a checkpoint needs a model that is built
    schedule = keras.optimizers.schedules.CosineDecay(
        1e-5, arguments.steps - 200, warmup_target=arguments.learning_rate, warmup_steps=200
    )
    model.compile(optimizer=keras.optimizers.Adam(schedule, clipnorm=5.0))
    size = arguments.train_size
    scenes = Mixture(
        [
            (1.0 - RENDERED - BLANK, WarpedImages(_photographs(arguments.images), size)),
            (RENDERED, RenderedPairs(arguments.rendered, size)),
            (BLANK, BlankViews(size)),
        ]
    )
    pairs = Pairs(
        scenes,
        Teacher(arguments.teacher),
        arguments.batch,
        EPOCH,
        arguments.seed,
        workers=2,
        max_queue_size=8,
    )
    callbacks = [
        keras.callbacks.BackupAndRestore(str(arguments.run / "checkpoint"), delete_checkpoint=False),
        keras.callbacks.CSVLogger(str(arguments.run / "curve.csv"), append=True),
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: setattr(pairs, "epoch", epoch)),
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: network.save_weights(arguments.run / "network.weights.h5")
        ),
    ]
    model.fit(pairs, epochs=arguments.steps // EPOCH, callbacks=callbacks, verbose=2)


def _photographs(sources):
    return [
        (share, [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in find_images([folder])])
        for folder, share in sources
    ]


def _source(text):
    folder, _, share = text.partition("=")
    return Path(folder), float(share or 1.0)


def parse_arguments():
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="training.train_features",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument(
        "--images", type=_source, nargs="+", required=True, metavar="FOLDER=SHARE", help="photographs"
    )
    parser.add_argument(
        "--rendered", type=Path, nargs="+", required=True, metavar="FOLDER", help="rendered pairs"
    )
    parser.add_argument("--run", type=Path, default=Path(".run/train/features"))
    parser.add_argument("--train-size", type=int, nargs=2, default=(192, 256))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(command_line())


if __name__ == "__main__":
    run_script(main)
