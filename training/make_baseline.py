"""Make the model that needs no gradient training: ImageNet features, k-means, whitening.

Without arguments it makes models/default.onnx. With --validate it keeps the held-out floors and
sequences out of the fit and measures on them: for choosing among options.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder

import keras
import numpy as np

from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.preprocess import InputSpec
from training.backbones import BACKBONES
from training.data.readers.own_sets import read_own_sets
from training.evaluate import evaluate
from training.export import export_model, write_card
from training.fitting import place_whitening
from training.initialization import initialize_pooling, pooled_descriptors
from training.network import NetworkConfig, build_network
from training.paths import DATA, DEFAULT_MODEL
from training.tasks import MEASURING
from training.visits import Visits

_SEED = 0
_COPIES = 3  # other visits of each picture, made by augmentation
_COMPARED = 64  # pictures that the export is proved on
_DIFFERENT_PLACES = 0.995  # share of pairs of different places under min_similarity


class FitConfig(NamedTuple):
    """How the statistics are used; chosen with --validate, see models/README.md."""

    equalization: float = 0.5  # of the local features' components
    sharpness: float = 8.0  # of the assignment to clusters
    shrinkage: float = 0.05  # of the whitening


def make_baseline(config, fit, pictures, data):
    """Build a network and fit it to pictures.

    Args:
        config: a NetworkConfig.
        fit: a FitConfig.
        pictures: list of :class:`training.data.Record`.
        data: folder that holds mobilenet_imagenet/.

    Returns:
        Keras model.
    """
    keras.utils.set_random_seed(_SEED)
    network = build_network(config)
    backbone = BACKBONES[config.backbone]
    backbone.load_weights(network, Path(data) / "mobilenet_imagenet" / backbone.weights)
    print(f"local features of {len(pictures)} pictures", flush=True)
    batches = Visits(pictures, _spec(config), 1, _SEED)
    initialize_pooling(network, batches, fit.equalization, fit.sharpness, seed=_SEED)
    print(f"{1 + _COPIES} views of each for the whitening", flush=True)
    pooled = pooled_descriptors(network, Visits(pictures, _spec(config), _COPIES, _SEED))
    views = pooled.reshape(len(pictures), 1 + _COPIES, -1)
    network.get_layer("whitening").set_projection(*place_whitening(views, config.size, fit.shrinkage))
    return network


def min_similarity(network, pictures, spec):
    """The cosine under which nearly all pairs of different places lie.

    Args:
        network: fitted Keras model.
        pictures: list of :class:`training.data.Record`; pairs of one data set and of different
            regions show different places.
        spec: the network's InputSpec.

    Returns:
        float, -1 to 1.
    """
    descriptors = np.concatenate([network.predict_on_batch(batch) for batch in Visits(pictures, spec)])
    dataset = np.array([_set(picture) for picture in pictures])
    region = np.array([picture.region for picture in pictures])
    different = (dataset[:, None] == dataset) & (region[:, None] != region)
    return float(np.quantile((descriptors @ descriptors.T)[different], _DIFFERENT_PLACES))


def main():
    arguments = _parse()
    pictures = read_own_sets(arguments.data)
    fitted_on = [picture for picture in pictures if not (arguments.validate and picture.split != "train")]
    config, fit = _chosen(NetworkConfig, arguments), _chosen(FitConfig, arguments)
    network = make_baseline(config, fit, fitted_on, arguments.data)
    card = ModelCard(
        name=arguments.output.stem,
        sha256="",
        input=_spec(config),
        descriptor_size=config.size,
        min_similarity=round(min_similarity(network, pictures, _spec(config)), 3),
        made_by=" ".join(["python3 training/make_baseline.py", *sys.argv[1:]]),
        trained_on=_sources(config, fitted_on),
        recall_at_1={},
    )
    compared = Visits(pictures[:: max(1, len(pictures) // _COMPARED)], card.input)
    exported = export_model(network, card, arguments.output, np.concatenate(list(compared)))
    print(f"{network.count_params()} parameters, {exported.bytes} bytes, parity {exported.parity:.7f}")
    sets = ("held_out",) if arguments.validate else MEASURING
    for task, recall in evaluate(arguments.output, sets, arguments.data):
        print(f"{task.name:<20} recall@1 {100 * recall[1]:.1f}", flush=True)
        card.recall_at_1[task.name] = round(recall[1], 4)
    write_card(card, arguments.output)


def _spec(config):
    return InputSpec(config.height, config.width, 3, "RGB", 1 / 127.5, -1.0)


def _sources(config, pictures):
    """Data set ► number of pictures and their licences."""
    licences = defaultdict(set)
    for picture in pictures:
        licences[_set(picture)].add(picture.licence)
    counts = {name: sum(_set(picture) == name for picture in pictures) for name in licences}
    used = {name: {"pictures": counts[name], "licences": sorted(found)} for name, found in licences.items()}
    weights = BACKBONES[config.backbone]
    return {**used, "mobilenet_imagenet": {"weights": weights.weights, "licences": [weights.licence]}}


def _set(picture):
    return picture.region.split("/")[0]


def _chosen(options, arguments):
    return options(**{name: getattr(arguments, name) for name in options._fields})


def _parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the picture sets")
    parser.add_argument("--validate", action="store_true", help="keep the held-out pictures out of it")
    for options in (NetworkConfig, FitConfig):
        for name, default in options._field_defaults.items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
