"""Train a place-recognition network: one YAML configuration in, a folder with the network out.

Usage: python3 training/train.py training/configs/default.yaml --output runs/mine optimizer.learning_rate=2e-4

The same command again goes on where an interrupted run stopped. The folder holds the network
(architecture.json, network.weights.h5), the curve (curve.csv, tensorboard/), the checkpoint and the
configuration as it was read. Export it with training/export.py.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on a CPU without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from training.augmentation import Augmentation
from training.backbones import load_imagenet
from training.batches import Batches, Pictures
from training.config import read_config
from training.console import run_script
from training.data import Places, read_manifest
from training.freezing import freeze
from training.initialization import initialize
from training.monitor import Monitor
from training.network import build_network, input_spec
from training.onnx_weights import load_onnx_weights
from training.saving import load_network, save_network, write_atomically
from training.trainer import Trainer, averaged
from training.validation import Validation, describe


def train(config, folder):
    """Run a training to its end, from its beginning or from its checkpoint.

    Args:
        config: a :class:`training.config.TrainConfig`.
        folder: of the run.

    Returns:
        The trained Keras model, which also lies in the folder.

    Raises:
        ValueError: if the configuration or a picture cannot be used, or the loss is not finite.
    """
    keras.utils.set_random_seed(config.seed)
    if config.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_float16")
    spec = input_spec(config.network)
    augment = Augmentation(config.augmentation)
    records, shares = read_split(config.data, "train")
    checked, _ = read_split(config.data, "validation")
    pictures = Pictures(records, spec, config.data.cached_pictures)
    checked_pictures = Pictures(checked, spec, len(checked))

    network = start_network(config, folder, pictures, len(records), spec, augment)
    freeze(network, config.optimizer.frozen)
    batches = Batches(
        Places(records, config.data.rules), shares, pictures, spec, config.batch, augment, config.seed
    )
    trainer = Trainer(
        network,
        batches,
        config,
        folder,
        Monitor(folder, config.steps, checked_pictures),
        mine=lambda network: describe(network, (pictures[i] for i in range(len(records))), spec),
        validate=Validation(
            Places(checked, config.data.rules), checked_pictures, len(checked), spec, augment
        ),
    )
    trainer.resume()
    trainer.run()
    with averaged(network):
        save_network(network, folder)
    return network


def read_split(config, split):
    """The records of one split of all manifests.

    Args:
        config: a :class:`training.config.DataConfig`.
        split: "train" or "validation".

    Returns:
        list of :class:`training.data.Record`; (N,) float, each one's share of the queries.
    """
    records, shares = [], []
    for path, share in config.manifests.items():
        found = [record for record in read_manifest(path) if record.split == split]
        records += found
        shares += [share / len(found)] * len(found)
    if not records:
        raise ValueError(f"expected pictures of split '{split}' in the manifests. Received: none")
    return records, np.array(shares)


def start_network(config, folder, pictures, count, spec, augment):
    """The network before the first step: given, or fitted to the pictures; kept in the run's folder."""
    started = folder / "start"
    given = config.start.network
    if given.endswith(".onnx"):
        network = build_network(config.network)
        load_onnx_weights(network, given)
        return network
    if given:
        return load_network(given)
    if (started / "network.weights.h5").exists():
        return load_network(started)
    network = build_network(config.network)
    load_imagenet(network, config.network.backbone, config.start.weights)
    step = max(1, count // config.start.pictures)
    print(f"fitting PCA, clusters and whitening to {len(range(0, count, step))} pictures", flush=True)
    initialize(network, config.start, pictures, range(0, count, step), spec, augment)
    save_network(network, started)
    return network


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="YAML file, see training/config.py")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value")
    parser.add_argument("--output", type=Path, required=True, help="folder of the run")
    arguments = parser.parse_intermixed_args()
    config = read_config(arguments.config, arguments.overrides)
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_atomically(arguments.output / "config.json", config.model_dump_json(indent=1).encode())
    train(config, arguments.output)
    print(f"{arguments.output}: trained; next: python3 training/export.py {arguments.output} --output my_model.onnx")


if __name__ == "__main__":
    run_script(main)
