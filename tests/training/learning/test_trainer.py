"""The training loop: averaging, interruption, mixed precision, a loss that is not finite."""

import os
import signal

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training.learning.batches import Batch  # noqa: E402
from training.learning.config import read_config  # noqa: E402
from training.learning.interruption import Interruption  # noqa: E402
from training.learning.trainer import Trainer, averaged, compile_for  # noqa: E402
from training.network.precision import in_precision  # noqa: E402
from training.network.saving import load_network, save_network  # noqa: E402


class Unused:
    """A monitor that records points; other methods do nothing."""

    def __init__(self):
        self.points = []

    def start(self, step):
        pass

    def learned(self, step, figures):
        self.points.append((step, figures))


@pytest.fixture
def tiny():
    """A network whose output is a unit vector of two numbers."""
    keras.utils.set_random_seed(0)  # some initial weights already have zero loss
    image = keras.Input((2,))
    return keras.Model(image, keras.layers.UnitNormalization()(keras.layers.Dense(2, name="dense")(image)))


def batch_of(images):
    same = np.eye(len(images), dtype=bool) | np.eye(len(images), dtype=bool)[[1, 0, 3, 2]]
    return Batch(np.arange(4), images, same, ~same)


def truth_of(batch):
    return np.concatenate([batch.same, batch.different], axis=1).astype(np.float32)


class Given(list):
    """Fake batches."""

    mined = None


@pytest.mark.parametrize("mixed_precision", [False, True])
def test_averaged_weights_are_the_optimizers_and_temporary(tiny, small_config, mixed_precision):
    config = read_config(small_config, [f"mixed_precision={mixed_precision}"])
    compile_for(tiny, config)
    start = tiny.get_weights()
    with averaged(tiny):  # there is no average before the first step
        np.testing.assert_array_equal(tiny.get_weights()[0], start[0])
    images = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    batch = batch_of(images)
    seen, average = [], None
    for step in range(4):
        tiny.train_on_batch(images, truth_of(batch))
        seen.append(tiny.get_weights()[0])
        momentum = 0.0 if step == 0 else config.optimizer.average
        average = seen[-1] if average is None else momentum * average + (1 - momentum) * seen[-1]
    with averaged(tiny):
        np.testing.assert_allclose(tiny.get_weights()[0], average, atol=1e-6)
        assert np.abs(average - seen[-1]).max() > 1e-5
    np.testing.assert_array_equal(tiny.get_weights()[0], seen[-1])


def test_points_of_the_curve_are_means_and_nan_is_an_error(tiny, small_config, tmp_path):
    config = read_config(small_config, ["batch.negatives=0", "log_every=2", "validate_every=99"])
    random = np.random.default_rng(0)
    batches = Given([batch_of(random.normal(size=(4, 2)).astype(np.float32))] * 10)
    batches[3] = batches[3]._replace(images=np.full((4, 2), np.nan, np.float32))
    monitor = Unused()
    trainer = Trainer(tiny, batches, config, tmp_path / "checkpoint.npz", monitor, None, None)
    losses, learn = [], tiny.train_on_batch

    def recorded(*arguments, **options):
        figures = learn(*arguments, **options)
        losses.append(float(figures["loss"]))
        return figures

    tiny.train_on_batch = recorded
    with pytest.raises(ValueError, match=r"finite loss.*nan in step 3"):
        trainer.run()
    ((step, figures),) = monitor.points
    assert step == 2
    assert figures["loss"] == pytest.approx(np.mean(losses[:2]), rel=1e-6)


def test_mixed_precision_saves_a_float32_network(small_config, tmp_path):
    config = read_config(small_config, ["mixed_precision=true"])
    start = load_network(small_config.parent / "random")
    network = in_precision(start, "mixed_float16")
    compile_for(network, config)
    batch = batch_of(np.random.default_rng(0).uniform(-1, 1, (4, 48, 64, 3)).astype(np.float32))
    losses = [network.train_on_batch(batch.images, truth_of(batch))[0] for _ in range(3)]
    assert np.isfinite(losses).all()
    save_network(network, tmp_path)
    trained = load_network(tmp_path)
    assert {layer.compute_dtype for layer in trained.layers} == {"float32"}
    changes = [np.abs(one - other).max() for one, other in zip(trained.get_weights(), start.get_weights())]
    assert np.isfinite(changes).all()
    assert min(changes) > 0


def test_the_first_interruption_is_requested_and_the_second_raises():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interruption() as interruption:
        assert not interruption.requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
