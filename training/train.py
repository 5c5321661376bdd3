"""Train a place-recognition network, as described by a YAML configuration.

Usage: python3 -m training.train training/configs/default.yaml --output runs/mine optimizer.learning_rate=2e-4
       python3 -m training.train training/configs/default.yaml --preview augmented.jpg

The same command resumes an interrupted run. The output folder contains the network (architecture.json,
network.weights.h5), the learning curve (curve.csv, tensorboard/), the checkpoint, the initial network
(start/) and the configuration. Export the network with training.export.
Several GPUs and machines: see training/learning/distribution.py.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

if not __package__:  # started as a file, python3 training/train.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on CPUs without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from training.console import command_line, run_script
from training.data import Places, read_manifest
from training.data.manifest import reject_single_image_places
from training.files import write_atomically
from training.learning.augmentation import Augmentation
from training.learning.augmented_input import AugmentedInput, ImageCache
from training.learning.batches import Batches
from training.learning.checkpoint import saved_step
from training.learning.config import changed_keys, read_config
from training.learning.distribution import data_parallel, join, local_copy, wait_for_all
from training.learning.finishing import draw, whiten
from training.learning.initialization import AugmentedViews, initialize
from training.learning.local_features import LocalFeatures, split_network
from training.learning.monitor import Monitor, SilentMonitor
from training.learning.preview import write_preview
from training.learning.trainer import Trainer, averaged
from training.learning.validation import Describer, Validation
from training.learning.weight_averaging import average_weights
from training.network.backbones import load_imagenet
from training.network.batch_norm_folding import fold_batch_normalization
from training.network.build import build_network, input_spec
from training.network.freezing import freeze
from training.network.onnx_weights import load_onnx_weights
from training.network.precision import in_precision
from training.network.saving import ARCHITECTURE, load_network, save_network


class ImageSet(NamedTuple):
    """N images of some splits, and the labels of their pairs."""

    size: int  # N
    shares: np.ndarray  # (N,) float, share of the queries
    images: ImageCache
    places: Places


def train(config, folder):
    """Run a training to its end, from the start or from its checkpoint.

    Args:
        config: a :class:`training.learning.config.TrainConfig`.
        folder: of the run; the trained network is written to it.

    Raises:
        ValueError: if the configuration or an image cannot be used, or the loss is not finite.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    process_share = join(config.distribution)
    spec, augment = input_spec(config.network), Augmentation(config.augmentation)
    training = _image_set(read_training(config.data), config.data, spec, config.data.cached_images)
    validation = _image_set(read_split(config.data, "validation"), config.data, spec)
    drawn = (
        draw(config.finish, training.places, training.shares, config.seed)
        if config.finish.shrinkage
        else None
    )
    copies = config.batch.copies
    every = AugmentedViews(training.images, range(training.size), spec, augment, copies)
    features = LocalFeatures(folder / "features.npy", every, training.size, copies)
    augmented = AugmentedInput(training.images, augment, spec, 0 if copies else config.loader_processes)
    views = features if copies else augmented
    batches = Batches(training.places, training.shares, views, config.batch, config.seed, process_share)
    if process_share.first:
        save_config(config, folder)
        save_start_network(config, folder, training.images, training.size, spec, augment)
    wait_for_all(process_share)
    keras.utils.set_random_seed(config.seed)  # equal in all processes, also for weights that are loaded later
    with data_parallel(batches.size):
        network = _network_to_train(config, folder)
        describe = Describer(network, spec, process_share)
        learner, mine = network, partial(describe, training.images.__getitem__, training.size)
        if copies:
            backbone, learner = split_network(network)
            features.open(backbone)
            mine = partial(features.describe, learner)
        first = process_share.first
        monitor = Monitor(folder, config.steps, validation.images) if first else SilentMonitor()
        validate = Validation(validation.places, validation.images, validation.size, describe, augment)
        path = folder / "checkpoint.npz"
        trainer = Trainer(learner, batches, config, path, monitor, mine, validate, process_share)
        trainer.resume()
        trainer.run()
        with averaged(learner):
            trained = local_copy(network)
    if process_share.first:
        average_weights(trained, load_network(folder / "start"), config.start.share)
        if drawn:
            whiten(trained, config.finish, drawn, training.images, spec, augment)
        save_network(trained, folder)
        features.remove()


def _network_to_train(config, folder):
    """The initial network of a run, with the precision and frozen layers of the configuration."""
    network = load_network(folder / "start")
    if config.mixed_precision:
        network = in_precision(network, "mixed_float16")
    freeze(network, config.optimizer.frozen)
    return network


def _image_set(split, config, spec, capacity=None):
    """The :class:`ImageSet` of :func:`read_split`'s result; ``capacity`` images are cached, or all."""
    records, shares = split
    capacity = len(records) if capacity is None else capacity
    return ImageSet(len(records), shares, ImageCache(records, spec, capacity), Places(records, config.rules))


def read_training(config):
    """The records to train on, see :func:`read_split`."""
    return read_split(config, "train", *(["validation"] if config.with_validation else []))


def read_split(config, *splits):
    """The records of some splits of all manifests.

    Args:
        config: a :class:`training.learning.config.DataConfig`.
        splits: "train", "validation" or both.

    Returns:
        list of :class:`training.data.Record`; (N,) float, share of each record in the queries.

    Raises:
        ValueError: if a manifest is invalid, a training place has a single image, or there are no images
            of these splits.
    """
    records, shares = [], []
    for path, share in config.manifests.items():
        found = [record for record in read_manifest(path) if record.split in splits]
        if "train" in splits:
            reject_single_image_places(found, path)
        records += found
        shares += [share / len(found) for _ in found]
    if not records:
        names = ", ".join(f"'{path}'" for path in config.manifests)
        raise ValueError(f"expected images of split '{' or '.join(splits)}' in {names}. Received: none")
    return records, np.array(shares)


def save_config(config, folder):
    """Write the configuration to the folder of the run.

    Raises:
        ValueError: if the folder contains a run that was started with another configuration.
    """
    path = folder / "config.json"
    if path.exists() and (folder / "start" / ARCHITECTURE).exists():
        changed = changed_keys(config, path.read_text(encoding="utf-8"))
        if changed:
            raise ValueError(
                f"expected the configuration that the run in '{folder}' was started with, or another "
                f"--output. Received: another {', '.join(changed)}"
            )
    write_atomically(path, config.model_dump_json(indent=1).encode())


def save_start_network(config, folder, images, count, spec, augment):
    """Write the initial network to the folder of the run: a given one, or one fitted to the images."""
    given, started = config.start.network, folder / "start"
    shape = (spec.height, spec.width, spec.channels)
    keras.utils.set_random_seed(config.seed)
    if (started / ARCHITECTURE).exists():
        return
    if given and not given.endswith(".onnx"):
        network = load_network(given)
        if network.input.shape[1:] != shape:
            raise ValueError(
                f"expected a network with input {shape} (network.height, width, channels) in "
                f"'{given}'. Received: input {network.input.shape[1:]}"
            )
    else:
        network = build_network(config.network)
        if given:
            network = fold_batch_normalization(network)
            load_onnx_weights(network, given)
        else:
            load_imagenet(network, config.network.backbone, config.start.weights)
            if config.network.context:
                load_imagenet(network, config.network.context, config.start.context_weights)
            seen = range(0, count, max(1, count // config.start.images))
            print(f"fitting PCA, clusters and whitening to {len(seen)} images", flush=True)
            initialize(network, config.start, images, seen, spec, augment)
    save_network(network, started)


def preview(config, path):
    """Write a contact sheet of augmented training images."""
    records, _ = read_training(config.data)
    images = ImageCache(records, input_spec(config.network), len(records))
    write_preview(path, images, len(records), Augmentation(config.augmentation))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="YAML file, see training/learning/config.py")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--output", type=Path, help="folder of the run")
    goal.add_argument(
        "--preview", type=Path, metavar="IMAGE", help="only write a contact sheet of the augmentation"
    )
    arguments = parser.parse_intermixed_args(command_line())
    config = read_config(arguments.config, arguments.overrides)
    folder = arguments.output
    if arguments.preview:
        preview(config, arguments.preview)
    elif (folder / ARCHITECTURE).exists() and saved_step(folder / "checkpoint.npz") == config.steps > 0:
        save_config(config, folder)  # refuses another configuration
        print(f"{folder}: all {config.steps} steps are done")
    else:
        train(config, folder)
        if config.distribution.process == 0:
            command = f"python3 -m training.export {folder} --images MANIFEST.csv --output my_model.onnx"
            print(f"{folder}: trained; next: {command}")


if __name__ == "__main__":
    run_script(main)
