"""Train a place-recognition network: one YAML configuration in, a folder with the network out.

Usage: python3 training/train.py training/configs/default.yaml --output runs/mine optimizer.learning_rate=2e-4
       python3 training/train.py training/configs/default.yaml --preview augmented.jpg

The same command again goes on where an interrupted run stopped. The folder holds the network
(architecture.json, network.weights.h5), the curve (curve.csv, tensorboard/), the checkpoint, the network
as it started (start/) and the configuration as it was read. Export it with training/export.py.
Several GPUs and machines: see training/learning/distribution.py.
"""

import argparse
import os
from functools import partial
from pathlib import Path

if not __package__:  # started as a file, python3 training/train.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on a CPU without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from training.config import changed_keys, read_config
from training.console import command_line, run_script
from training.data import Places, read_manifest
from training.data.manifest import reject_single_image_places
from training.files import write_atomically
from training.learning.augmentation import Augmentation
from training.learning.augmented_input import AugmentedInput, ImageCache
from training.learning.batches import Batches
from training.learning.checkpoint import saved_step
from training.learning.distribution import data_parallel, join, local_copy, wait_for_all
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


def train(config, folder):
    """Run a training to its end, from its beginning or from its checkpoint.

    Args:
        config: a :class:`training.config.TrainConfig`.
        folder: of the run; the trained network is there in the end.

    Raises:
        ValueError: if the configuration or an image cannot be used, or the loss is not finite.
        KeyboardInterrupt: if Ctrl-C or SIGTERM ended it, after a checkpoint.
    """
    process_share = join(config.distribution)
    spec, augment = input_spec(config.network), Augmentation(config.augmentation)
    records, shares = read_training(config.data)
    checked, _ = read_split(config.data, "validation")
    images = ImageCache(records, spec, config.data.cached_images)
    checked_images = ImageCache(checked, spec, len(checked))
    places, checked_places = (Places(each, config.data.rules) for each in (records, checked))
    count, copies = len(records), config.batch.copies
    every = AugmentedViews(images, range(count), spec, augment, copies)
    kept = LocalFeatures(folder / "features.npy", every, count, copies)
    shown = kept if copies else AugmentedInput(images, augment, spec, config.loader_processes)
    batches = Batches(places, shares, shown, config.batch, config.seed, process_share)
    if process_share.first:
        save_config(config, folder)
        save_start_network(config, folder, images, count, spec, augment)
    wait_for_all(process_share)
    keras.utils.set_random_seed(config.seed)  # of what is overwritten, but must be equal in all processes
    with data_parallel(batches.size):
        network = load_network(folder / "start")
        if config.mixed_precision:
            network = in_precision(network, "mixed_float16")
        freeze(network, config.optimizer.frozen)
        describe = Describer(network, spec, process_share)
        learner, mine = network, partial(describe, images.__getitem__, count)
        if copies:
            backbone, learner = split_network(network)
            kept.open(backbone)
            mine = partial(kept.describe, learner)
        trainer = Trainer(
            learner,
            batches,
            config,
            folder / "checkpoint.npz",
            monitor=Monitor(folder, config.steps, checked_images) if process_share.first else SilentMonitor(),
            mine=mine,
            validate=Validation(checked_places, checked_images, len(checked), describe, augment),
            process_share=process_share,
        )
        trainer.resume()
        trainer.run()
        with averaged(learner):
            trained = local_copy(network)
    if process_share.first:
        average_weights(trained, load_network(folder / "start"), config.start.share)
        save_network(trained, folder)
        kept.remove()


def read_training(config):
    """What is trained on, see :func:`read_split`."""
    return read_split(config, "train", *(["validation"] if config.with_validation else []))


def read_split(config, *splits):
    """The records of some splits of all manifests.

    Args:
        config: a :class:`training.config.DataConfig`.
        splits: "train", "validation" or both.

    Returns:
        list of :class:`training.data.Record`; (N,) float, each one's share of the queries.

    Raises:
        ValueError: if a manifest cannot be used, a place to train on has one image only, or none has a
            image of these splits.
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
    """Write the configuration into the run's folder.

    Raises:
        ValueError: if the folder holds what another configuration began with.
    """
    path = folder / "config.json"
    if path.exists() and (folder / "start" / ARCHITECTURE).exists():
        changed = changed_keys(config, path.read_text(encoding="utf-8"))
        if changed:
            raise ValueError(
                f"expected the configuration that the run in '{folder}' began with, or another --output. "
                f"Received: another {', '.join(changed)}"
            )
    write_atomically(path, config.model_dump_json(indent=1).encode())


def save_start_network(config, folder, images, count, spec, augment):
    """Write the network before the first step into the run's folder: given, or fitted to the images."""
    given, started = config.start.network, folder / "start"
    shape = (spec.height, spec.width, spec.channels)
    keras.utils.set_random_seed(config.seed)
    if (started / ARCHITECTURE).exists():
        return
    if given and not given.endswith(".onnx"):
        network = load_network(given)
        if network.input.shape[1:] != shape:
            raise ValueError(
                f"expected a network for images of {shape} (network.height, width, channels) in "
                f"'{given}'. Received: one for {network.input.shape[1:]}"
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
    """Write an image of what augmentation makes of the training images."""
    records, _ = read_training(config.data)
    images = ImageCache(records, input_spec(config.network), len(records))
    write_preview(path, images, len(records), Augmentation(config.augmentation))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="YAML file, see training/config.py")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--output", type=Path, help="folder of the run")
    goal.add_argument(
        "--preview", type=Path, metavar="IMAGE", help="only show the augmentation, in this file"
    )
    arguments = parser.parse_intermixed_args(command_line())
    config = read_config(arguments.config, arguments.overrides)
    folder = arguments.output
    if arguments.preview:
        preview(config, arguments.preview)
    elif (folder / ARCHITECTURE).exists() and saved_step(folder / "checkpoint.npz") == config.steps > 0:
        print(f"{folder}: has had its {config.steps} steps; there is nothing left to do")
    else:
        train(config, folder)
        if config.distribution.process == 0:
            print(f"{folder}: trained; next: python3 training/export.py {folder} --output my_model.onnx")


if __name__ == "__main__":
    run_script(main)
