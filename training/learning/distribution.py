r"""Several GPUs, several machines: data-parallel training with Keras' own distribution.

The losses compare every image of a batch with every other one, so a step needs all descriptors at once.
With the JAX backend, keras.distribution.DataParallel distributes a batch over all devices of all processes,
and XLA gathers what the loss needs; the result is that of one device. tf.distribute would compute the loss
of each replica over its own rows only, which is a different training, so the TensorFlow backend uses one
process and one GPU.

All GPUs of a machine are used automatically. For several machines or processes, start the same command on
each, with the same images and an --output folder on a shared file system::

    KERAS_BACKEND=jax python3 -m training.train my.yaml --output /nfs/run \
        distribution.processes=2 distribution.address=first-machine:12345 distribution.process=0
"""

import contextlib
from typing import NamedTuple

import keras
import numpy as np


class ProcessShare(NamedTuple):
    """The share of this process in a training by several processes."""

    process: int = 0
    processes: int = 1

    @property
    def first(self):
        """Whether this process writes files and logs."""
        return self.process == 0

    def rows(self, count):
        """Slice of the ``count`` rows of a batch that this process computes."""
        each = count // self.processes
        return slice(self.process * each, (self.process + 1) * each)

    def indices(self, count):
        """Indices below ``count`` for this process: list of int, of equal length in all processes."""
        rounds = -(-count // self.processes)
        return [(turn * self.processes + self.process) % count for turn in range(rounds)]


SINGLE_PROCESS = ProcessShare()


def join(config):
    """Join the group of processes; must be called before any computation.

    Args:
        config: a :class:`training.learning.config.DistributionConfig`.

    Returns:
        a :class:`ProcessShare`.

    Raises:
        ValueError: if there are several processes and the backend is not JAX, or they cannot connect.
    """
    if config.processes == 1:
        return SINGLE_PROCESS
    if keras.backend.backend() != "jax":
        raise ValueError(
            "expected KERAS_BACKEND=jax for several processes. "
            f"Received: distribution.processes={config.processes} with {keras.backend.backend()}"
        )
    try:
        keras.distribution.initialize(config.address, config.processes, config.process)
    except RuntimeError as error:
        raise ValueError(
            f"expected {config.processes} processes to meet at distribution.address='{config.address}'. "
            f"Received: {error}"
        ) from error
    return ProcessShare(config.process, config.processes)


@contextlib.contextmanager
def data_parallel(batch):
    """Context in which networks are built that distribute their batches over all devices of all processes.

    Args:
        batch: number of images per batch.

    Raises:
        ValueError: if it is not a multiple of the number of devices.
    """
    devices = keras.distribution.list_devices() if keras.backend.backend() == "jax" else ["one"]
    if len(devices) == 1:
        yield
        return
    if batch % len(devices):
        raise ValueError(
            "expected batch.queries · (1 + positives + negatives) to be a multiple of the "
            f"{len(devices)} devices. Received: {batch}"
        )
    with keras.distribution.DataParallel(devices=devices).scope():
        yield


def local_copy(network):
    """A copy of a network, with its present weights, on the first device of this process only."""
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        copy = keras.Model.from_config(network.get_config())
        copy.set_weights([np.array(value) for value in network.get_weights()])
        return copy
    finally:
        keras.distribution.set_distribution(before)


def wait_for_all(process_share):
    """Wait until all processes have called this function."""
    if process_share.processes > 1:
        from jax.experimental.multihost_utils import sync_global_devices

        sync_global_devices("training.wait_for_all")


def gather(rows, count, process_share):
    """Gather the rows that each process computed for its :meth:`ProcessShare.indices`.

    Args:
        rows: (n, D) float32.
        count: total number of rows.
        process_share: a :class:`ProcessShare`.

    Returns:
        (count, D) float32.
    """
    if process_share.processes == 1:
        return rows
    from jax.experimental.multihost_utils import process_allgather

    return np.swapaxes(process_allgather(rows), 0, 1).reshape(-1, rows.shape[1])[:count]


def any_process(flag, process_share):
    """Whether a flag is set in any process; all processes must call it together."""
    if process_share.processes == 1:
        return flag
    from jax.experimental.multihost_utils import process_allgather

    return bool(np.any(process_allgather(np.array(flag))))
