"""Fine-tune the default model to a building, from recordings of it without labels.

Usage: python3 -m training.fine_tune walk.bag [more.bag ...] --output mine.onnx

A WALK is a bag, a video, or a folder of frames in order. Pairs of images that show the same place are found
by the descriptors and verified by the geometry of local features (training/data/verified_pairs.py). How
descriptors differ within these pairs, and between images and augmented copies of them, is whitened: one
matrix, which the last layer of the network takes in. It is exported as by training.export.
"""

import argparse
import os
import shlex
import sys
import tempfile
from pathlib import Path

if not __package__:  # started as a file, python3 training/fine_tune.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on CPUs without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # the one that Keras exports ONNX from

import numpy as np

from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.descriptor.model_card import ModelCard, read_model
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Camera, View
from training.console import command_line, run_script
from training.data import read_image
from training.data.readers.frames import RATE, read_frames
from training.data.verified_pairs import APART_SECONDS, Walks, seconds_apart, verified_pairs
from training.export.exporter import export_model, keras_reference
from training.export.onnx_graph import convert
from training.files import DEFAULT_MODEL
from training.learning.augmentation import Augmentation, AugmentationConfig
from training.learning.augmented_input import ImageCache
from training.learning.initialization import AugmentedViews
from training.learning.statistics import damping, within_places
from training.network.batch_norm_folding import fold_batch_normalization
from training.network.build import NetworkConfig, build_network, input_spec
from training.network.onnx_weights import load_onnx_weights
from training.network.prediction import describe_images, predict

SHRINKAGE = 0.5  # of the whitening, in mean variances within places; larger: changes less, here and elsewhere
FEW_PAIRS = 100  # so many verified pairs add 1 to it: few of them determine the variances badly
COPIES = 6  # augmented copies of an image;
COPIES_WEIGHT = 50  # in the covariance all of them count as so many verified pairs
AUGMENTED = 500  # images of which there are copies, at most
CHANGES = AugmentationConfig(geometric=2.0, photometric=1.7, rotation_degrees=15.0)
STILL = 0.98  # cosine with the image before: the camera has hardly moved
MOST = 2000  # images; of more, every second or third is used
LEAST_PAIRS = 30
COMPARED = 64  # images of the parity check


def fine_tune(network, spec, records, finder, shrinkage=SHRINKAGE):
    """Whiten the variation of descriptors within the places of walks; changes the network.

    Args:
        network: Keras model with a layer "whitening".
        spec: its InputSpec.
        records: list of :class:`training.data.Record`, in order; each walk is a region.
        finder: an open FeatureFinder.
        shrinkage: see :data:`SHRINKAGE`.

    Returns:
        callable: a cosine of two descriptors before → the cosine that as many pairs of images reach now.

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
    copies = _copies(network, spec, records)
    share = COPIES_WEIGHT / (COPIES_WEIGHT + len(pairs))
    within = (1 - share) * within_places(before[pairs]) + share * within_places(copies)
    matrix = damping(within, shrinkage + FEW_PAIRS / len(pairs))
    network.get_layer("whitening").multiply(matrix)
    after = before @ matrix
    after /= np.linalg.norm(after, axis=1, keepdims=True)
    apart = np.triu(seconds_apart(walks) > APART_SECONDS)
    return lambda cosine: _same_share(cosine, *((each @ each.T)[apart] for each in (before, after)))


def moving(descriptors):
    """Rows of the images in which the camera has moved since the row before; at most :data:`MOST`."""
    kept = [0]
    for row in range(1, len(descriptors)):
        if descriptors[row] @ descriptors[kept[-1]] < STILL:
            kept.append(row)
    return np.array(kept[:: -(-len(kept) // MOST)])


def _view(image, finder):
    return View(finder.find(image), Camera(image.shape[1], image.shape[0]))


def _copies(network, spec, records):
    """Descriptors of images and of augmented copies of them: (n, 1 + COPIES, D) float32."""
    rows = range(0, len(records), -(-len(records) // AUGMENTED))
    views = AugmentedViews(ImageCache(records, spec, 0), rows, spec, Augmentation(CHANGES), COPIES)
    return predict(network, (view[None] for each in views for view in each)).reshape(len(rows), 1 + COPIES, -1)


def _same_share(cosine, before, after):
    """The cosine that as many of the pairs reach after as reach ``cosine`` before."""
    if not len(before):
        return cosine
    return float(np.quantile(after, np.mean(before < cosine)))


def open_network(path):
    """A model of the default's architecture, to be changed: Keras model, InputSpec, ModelCard.

    Raises:
        ModelError: if the file or its card is missing or damaged, or it has another architecture.
    """
    network = fold_batch_normalization(build_network(NetworkConfig()))
    load_onnx_weights(network, path)
    return network, input_spec(NetworkConfig()), read_model(str(path))[0]


def read_walks(sources, folder, rate, fps=None, topic=""):
    """The records of walks, each a region of its own; images of videos and bags are written to a folder."""
    return [
        record._replace(region=f"walk {number}")
        for number, source in enumerate(sources)
        for record in read_frames(source, folder / str(number), rate, fps, topic)
    ]


def make_model(records, output, start=DEFAULT_MODEL, shrinkage=SHRINKAGE, sources=(), made_by=""):
    """Fine-tune a model and write the ONNX file with its card, if ONNX Runtime agrees with the network.

    Args:
        records: list of :class:`training.data.Record`, in order; each walk is a region.
        output: the ONNX file.
        start: ONNX file of a model of the default's architecture.
        shrinkage: see :data:`SHRINKAGE`.
        sources: names of the walks, for the card.
        made_by: the command, likewise.

    Raises:
        ModelError: if ``start`` cannot be used, or ONNX Runtime disagrees.
        ValueError: see :func:`fine_tune`.
    """
    network, spec, card = open_network(start)
    finder = open_feature_finder(backend="onnx")
    similarity = fine_tune(network, spec, records, finder, shrinkage)
    card = ModelCard(
        name=output.stem,
        sha256="",
        input=spec,
        descriptor_size=card.descriptor_size,
        min_similarity=round(similarity(card.min_similarity), 3),
        made_by=made_by,
        trained_on={**card.trained_on, **dict.fromkeys(sources, "own")},
        recall_at_1={},
    )
    images = [read_image(record.image) for record in records[:: -(-len(records) // COMPARED)]]
    export_model(convert(network), keras_reference(network, spec), card, output, images)


def main():
    arguments = _parser().parse_args(command_line())
    command = shlex.join(["python3", "-m", "training.fine_tune", *sys.argv[1:]])
    names = [source.stem for source in arguments.walks]
    with tempfile.TemporaryDirectory() as folder:
        options = arguments.rate, arguments.fps, arguments.topic
        records = read_walks(arguments.walks, Path(folder), *options)
        make_model(records, arguments.output, arguments.start, arguments.shrinkage, names, command)
    print(f"{arguments.output}: fine-tuned; a map belongs to the model that made it, so start a new one")


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("walks", type=Path, nargs="+", metavar="WALK", help="bag, video or folder of frames")
    parser.add_argument("--output", type=_onnx, required=True, help="the ONNX file; its card is beside it")
    parser.add_argument("--start", type=Path, default=DEFAULT_MODEL, help="model to start from")
    parser.add_argument(
        "--shrinkage",
        type=_positive,
        default=SHRINKAGE,
        help=f"larger: changes less, in the building and elsewhere (default {SHRINKAGE})",
    )
    parser.add_argument("--rate", type=float, default=RATE, help=f"images per second (default {RATE})")
    parser.add_argument("--fps", type=float, help="frames per second of the source, if not stated in it")
    parser.add_argument("--topic", default="", help="image topic, of a bag with several")
    return parser


def _positive(text):
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0. Received: '{text}'")
    return number


def _onnx(text):
    if not text.endswith(".onnx"):
        raise argparse.ArgumentTypeError(f"expected a file name that ends with .onnx. Received: '{text}'")
    return Path(text)


if __name__ == "__main__":
    run_script(main)
