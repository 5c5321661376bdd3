"""Where the image sets lie, which are no part of the repository; a training that is over in seconds."""

import contextlib
import os
import signal

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as training/train.py does, so that runs compare
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


@pytest.fixture
def interrupt_at():
    """``with interrupt_at(step):`` a training gets Ctrl-C at that point of its curve."""

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
