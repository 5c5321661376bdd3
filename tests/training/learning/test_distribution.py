"""Several devices and processes: the same curve as with one."""

import socket

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from tests.training.small_set import read_curve, start  # noqa: E402
from training.learning import distribution  # noqa: E402
from training.learning.config import DistributionConfig  # noqa: E402
from training.learning.distribution import (  # noqa: E402
    SINGLE_PROCESS,
    ProcessShare,
    any_process,
    data_parallel,
    gather,
    join,
)
from training.network.saving import load_network  # noqa: E402

JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


@pytest.fixture(scope="module")
def two_processes(small_config, tmp_path_factory):
    """Folder of a run of two processes on the JAX backend; a function that waits for it."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("two processes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    together = ["distribution.processes=2", f"distribution.address={address}"]
    processes = [
        start(small_config, "--output", folder, *together, f"distribution.process={number}", **JAX)
        for number in range(2)
    ]

    def wait():
        outputs = [process.communicate(timeout=240)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)
        return folder, outputs

    yield wait
    for process in processes:
        process.kill()
        process.wait()


def assert_same_training(folder, other):
    one, two = read_curve(folder), read_curve(other)
    assert one.keys() == two.keys()
    np.testing.assert_allclose(list(one.values()), list(two.values()), rtol=1e-4, atol=1e-6)
    weights = [load_network(each).get_weights() for each in (folder, other)]
    for first, second in zip(*weights):
        np.testing.assert_allclose(first, second, atol=2e-4)


def test_two_processes_with_jax_train_as_one_with_tensorflow(two_processes, whole_run):
    folder, (first, second) = two_processes()
    assert_same_training(folder, whole_run)
    assert "trained; next" in first
    assert "trained; next" not in second


@pytest.mark.stress
def test_two_devices_of_one_process_train_as_one(small_config, whole_run, tmp_path):
    pytest.importorskip("jax")
    two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    process = start(small_config, "--output", tmp_path, **JAX, **two)
    output = process.communicate(timeout=240)[0]
    assert process.returncode == 0, output
    assert_same_training(tmp_path, whole_run)


def test_shares_have_equal_length_and_cover_everything():
    parts = [ProcessShare(process, 3) for process in range(3)]
    assert [list(range(12))[part.rows(12)] for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    indices = [part.indices(7) for part in parts]
    assert {len(each) for each in indices} == {3}
    assert set(np.ravel(indices)) == set(range(7))
    together = np.array(indices).T.ravel()[:7]  # as gather() arranges them
    np.testing.assert_array_equal(together, np.arange(7))


def test_a_single_process_does_not_communicate():
    rows = np.ones((3, 2), np.float32)
    assert gather(rows, 3, SINGLE_PROCESS) is rows
    assert any_process(True, SINGLE_PROCESS)
    assert not any_process(False, SINGLE_PROCESS)
    assert join(DistributionConfig()) == SINGLE_PROCESS
    assert SINGLE_PROCESS.first


def test_a_batch_must_fit_the_devices(monkeypatch):
    monkeypatch.setattr(distribution.keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(distribution.keras.distribution, "list_devices", lambda: ["cpu:0", "cpu:1"])
    with pytest.raises(ValueError, match=r"multiple of the 2 devices\. Received: 9"), data_parallel(9):
        pass
