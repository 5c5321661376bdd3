"""Fixtures: the image sets, which are not part of the repository, and a small training run."""

import contextlib
import os
import signal

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as in training.train, for equal results
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from training.files import DATA


@pytest.fixture(scope="session")
def data():
    if not (DATA / "ie_tower" / "gt.csv").is_file():
        pytest.skip(f"needs the image sets in {DATA}")
    return DATA


@pytest.fixture(scope="session")
def small_config(tmp_path_factory):
    """Path of the configuration of a small training run."""
    pytest.importorskip("keras")
    from tests.training.small_set import write_all

    return write_all(tmp_path_factory.mktemp("small set"))


@pytest.fixture(scope="session")
def whole_run(small_config, tmp_path_factory):
    """Folder of a complete small training run with the TensorFlow backend."""
    from training.learning.config import read_config
    from training.train import train

    folder = tmp_path_factory.mktemp("whole run")
    train(read_config(small_config), folder)
    return folder


@pytest.fixture
def interrupt_at():
    """Context manager ``interrupt_at(step)``: sends SIGINT at that point of the curve."""

    @contextlib.contextmanager
    def interrupt_at(step):
        from training.learning.monitor import Monitor

        learned = Monitor.learned

        def interrupt(self, now, figures):
            learned(self, now, figures)
            if now == step:
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Monitor, "learned", interrupt)
            yield

    return interrupt_at
