"""Checkpoints: atomic, and only of the same training."""

import errno

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from training import files  # noqa: E402
from training.learning.checkpoint import Progress, load_checkpoint, save_checkpoint, saved_step  # noqa: E402


def make(units=3, momentum=0.9):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    optimizer = keras.optimizers.SGD(0.1, momentum=momentum)
    optimizer.build(network.trainable_variables)
    return network, optimizer


@pytest.fixture
def saved(tmp_path):
    network, optimizer = make()
    optimizer.apply_gradients([(np.ones(v.shape, np.float32), v) for v in network.trainable_variables])
    progress = Progress(7, np.arange(6, dtype=np.float32).reshape(2, 3), {"loss": [0.1, 1 / 3]})
    save_checkpoint(tmp_path / "checkpoint.npz", progress, network, optimizer)
    return tmp_path / "checkpoint.npz", progress, network, optimizer


def test_round_trip_of_a_checkpoint(saved):
    path, progress, network, optimizer = saved
    other, other_optimizer = make()
    found = load_checkpoint(path, other, other_optimizer)
    assert (found.step, found.recent) == (7, progress.recent)
    np.testing.assert_array_equal(found.mined, progress.mined)
    for one, two in zip(network.variables + optimizer.variables, other.variables + other_optimizer.variables):
        np.testing.assert_array_equal(np.array(one), np.array(two))
    assert int(other_optimizer.iterations) == 1
    assert saved_step(path) == 7


def test_a_full_disk_keeps_the_old_checkpoint(saved, monkeypatch):
    path, progress, network, optimizer = saved
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"checkpoint\.npz.*No space left"):
        save_checkpoint(path, progress._replace(step=8), network, optimizer)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["cut", "no archive", "other network", "other optimizer"])
def test_another_checkpoint_is_refused(saved, kind):
    path = saved[0]
    network, optimizer = make(4 if kind == "other network" else 3, 0.0 if kind == "other optimizer" else 0.9)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    if kind == "no archive":
        path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"checkpoint of this training.*checkpoint\.npz"):
        load_checkpoint(path, network, optimizer)


def test_without_a_checkpoint_the_step_is_0(tmp_path):
    assert saved_step(tmp_path / "none.npz") == 0
    (tmp_path / "torn.npz").write_bytes(b"PK")
    assert saved_step(tmp_path / "torn.npz") == 0
