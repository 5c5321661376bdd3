"""Fine-tune the default model to a building, from recordings of it without labels.

Usage: python3 -m training.fine_tune walk.bag [more.bag ...] --output mine.onnx

A WALK is a bag, a video, or a folder of frames in order. Pairs of images that show the same place are found
by the descriptors and verified by the geometry of local features (training/fine_tune/verified_pairs.py); what
differs between them is whitened (training/fine_tune/adaptation.py). The network is exported as by
training.export.
"""

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import closing
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on CPUs without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # the one that Keras exports ONNX from

from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.descriptor.model_card import ModelCard, read_model
from training.console import command_line, run_script
from training.data import read_image
from training.data.readers.frames import RATE, read_frames
from training.export.exporter import export_model, keras_reference
from training.export.onnx_graph import convert
from training.files import DEFAULT_MODEL
from training.fine_tune.adaptation import adapt
from training.network.batch_norm_folding import fold_batch_normalization
from training.network.build import NetworkConfig, build_network, input_spec
from training.network.onnx_weights import load_onnx_weights

COMPARED = 64  # images of the parity check
LESS_SIMILAR = 0.05  # cosine by which right matches in another light may be less similar than before


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


def make_model(records, output, start=DEFAULT_MODEL, sources=(), made_by=""):
    """Fine-tune a model and write the ONNX file with its card, if ONNX Runtime agrees with the network.

    Args:
        records: list of :class:`training.data.Record`, in order; each walk is a region.
        output: the ONNX file.
        start: ONNX file of a model of the default's architecture.
        sources: names of the walks, for the card.
        made_by: the command, likewise.

    Raises:
        ModelError: if ``start`` cannot be used, or ONNX Runtime disagrees.
        ValueError: see :func:`training.fine_tune.adaptation.adapt`.
    """
    network, spec, card = open_network(start)
    with closing(open_feature_finder(backend="onnx")) as finder:
        adapt(network, spec, records, finder)
    card = ModelCard(
        name=output.stem,
        sha256="",
        input=spec,
        descriptor_size=card.descriptor_size,
        min_similarity=round(card.min_similarity - LESS_SIMILAR, 3),
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
        make_model(records, arguments.output, arguments.start, names, command)
    print(f"{arguments.output}: fine-tuned; a map belongs to the model that made it, so start a new one")


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("walks", type=Path, nargs="+", metavar="WALK", help="bag, video or folder of frames")
    parser.add_argument("--output", type=_onnx, required=True, help="the ONNX file; its card is beside it")
    parser.add_argument("--start", type=Path, default=DEFAULT_MODEL, help="model to start from")
    parser.add_argument("--rate", type=float, default=RATE, help=f"images per second (default {RATE})")
    parser.add_argument("--fps", type=float, help="frames per second of the source, if not stated in it")
    parser.add_argument("--topic", default="", help="image topic, of a bag with several")
    return parser


def _onnx(text):
    if not text.endswith(".onnx"):
        raise argparse.ArgumentTypeError(f"expected a file name that ends with .onnx. Received: '{text}'")
    return Path(text)


if __name__ == "__main__":
    run_script(main)
