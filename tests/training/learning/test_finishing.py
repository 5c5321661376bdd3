"""The whitening of the variation within places, after a training."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training.data import PlaceRules, Places, Record  # noqa: E402
from training.learning.config import StartConfig, TrainConfig  # noqa: E402
from training.learning.finishing import FinishConfig, draw, whiten  # noqa: E402
from training.learning.initialization import initialize  # noqa: E402
from training.network.build import NetworkConfig, build_network, input_spec  # noqa: E402
from training.network.prediction import describe_images  # noqa: E402

SMALL = NetworkConfig(
    48, 64, backbone="mobilenet_v2", last_block=0, context="", reduced=6, clusters=4, position=0.0, size=5
)
SPEC = input_spec(SMALL)
PLACES = 12
IMAGES = np.random.default_rng(0).integers(0, 256, (PLACES, 48, 64, 3), dtype=np.uint8)
VISITS = np.concatenate([IMAGES, IMAGES // 2])  # the second visit is darker
SHARES = np.full(len(VISITS), 1 / len(VISITS))


def noisy(image, seed):
    return np.clip(image + np.random.default_rng(seed).normal(0, 20, image.shape), 0, 255).astype(np.uint8)


def places(label="place {}"):
    return Places([Record(None, label.format(number)) for number in list(range(PLACES)) * 2], PlaceRules())


def variation_within(**options):
    """Squared distance of the two visits of a place, as a share of that of different places."""
    keras.utils.set_random_seed(0)
    network = build_network(SMALL)
    initialize(network, StartConfig(copies=2), IMAGES, range(PLACES), SPEC, noisy)
    if options:
        config = FinishConfig(**options)
        whiten(network, config, draw(config, places(), SHARES), VISITS, SPEC, lambda image, seed: image)
    described = describe_images(network, SPEC, VISITS)
    distances = 2 - 2 * described[:PLACES] @ described[PLACES:].T
    return np.diag(distances).mean() / distances[~np.eye(PLACES, dtype=bool)].mean()


def test_visits_of_a_place_vary_less_after_it():
    before, after = variation_within(), variation_within(shrinkage=0.1, visits=1.0)
    assert after < 0.95 * before


def test_copies_that_do_not_differ_change_nothing():
    assert variation_within(shrinkage=0.1, visits=0.0) == pytest.approx(variation_within(), rel=0.01)


def test_places_without_a_label_are_refused():
    with pytest.raises(ValueError, match=r"a label and two images, or finish\.visits=0"):
        draw(FinishConfig(shrinkage=1.0), places(""), SHARES)


def test_a_network_without_a_whitening_is_refused_before_the_training():
    with pytest.raises(ValueError, match=r"needs a whitening: network\.size"):
        TrainConfig(
            network=SMALL._replace(size=0), data={"manifests": {"a.csv": 1}}, finish={"shrinkage": 1.0}
        )
