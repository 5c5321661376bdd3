"""The command that makes the first model."""

import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements-training.txt")

from place_recognition_ros.descriptor.preprocess import InputSpec  # noqa: E402
from training.data import read_training_pictures  # noqa: E402
from training.make_baseline import FitConfig, make_baseline, min_similarity  # noqa: E402
from training.network import NetworkConfig, build_network  # noqa: E402
from training.paths import PROJECT  # noqa: E402
from training.visits import Visits  # noqa: E402

SMALL = NetworkConfig(height=96, width=128, last_block=6, reduced=8, clusters=4, size=6)
SPEC = InputSpec(96, 128, 3, "RGB", 1 / 127.5, -1.0)


@pytest.fixture(scope="module")
def fitted(data):
    pictures = read_training_pictures(data)[::200]
    return make_baseline(SMALL, FitConfig(), pictures, data), pictures


def test_the_same_pictures_give_the_same_network(fitted, data):
    network, pictures = fitted
    again = make_baseline(SMALL, FitConfig(), pictures, data)
    for one, other in zip(network.get_weights(), again.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_a_place_is_more_like_itself_than_like_others(fitted):
    network, pictures = fitted
    visits = np.stack([network.predict_on_batch(batch) for batch in Visits(pictures, SPEC, copies=1, seed=1)])
    similarity = visits[:, 0] @ visits[:, 1].T
    assert np.diag(similarity).mean() > similarity.mean() + 0.3


def test_min_similarity_lies_above_nearly_all_pairs_of_different_places(fitted):
    network, pictures = fitted
    limit = min_similarity(network, pictures, SPEC)
    vectors = [network.predict_on_batch(batch)[0] for batch in Visits(pictures, SPEC)]
    different = [
        one @ other
        for one, here in zip(vectors, pictures)
        for other, there in zip(vectors, pictures)
        if here.dataset == there.dataset and here.region != there.region
    ]
    assert np.mean(np.array(different) <= limit + 1e-6) >= 0.99
    assert limit <= max(different) + 1e-6


def test_unknown_backbone_is_refused():
    with pytest.raises(ValueError, match="resnet"):
        build_network(SMALL._replace(backbone="resnet"))


@pytest.mark.parametrize("script", ["make_baseline.py", "evaluate.py"])
def test_scripts_start_from_any_folder(script, tmp_path):
    command = [sys.executable, str(PROJECT / "training" / script), "--help"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert "--data" in answer.stdout
