"""Where the picture sets lie, which are no part of the repository; a training that is over in seconds."""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as training/train.py does, so that runs compare
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from training.paths import DATA


@pytest.fixture(scope="session")
def data():
    if not (DATA / "ie_tower" / "gt.csv").is_file():
        pytest.skip(f"needs the picture sets in {DATA}")
    return DATA


@pytest.fixture(scope="session")
def small_config(tmp_path_factory):
    """Path of the configuration of a small training."""
    pytest.importorskip("keras")
    from tests.training.small_set import write_all

    return write_all(tmp_path_factory.mktemp("small set"))


@pytest.fixture(scope="session")
def whole_run(small_config, tmp_path_factory):
    """Folder of the small training, run from its beginning to its end by the TensorFlow backend."""
    from training.config import read_config
    from training.train import train

    folder = tmp_path_factory.mktemp("whole run")
    train(read_config(small_config), folder)
    return folder
