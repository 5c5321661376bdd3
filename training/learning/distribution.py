r"""Several GPUs, several machines: data-parallel training with Keras' own distribution.

The losses compare every image of a batch with every other, so a step needs all descriptors at once.
With the JAX backend it has them: keras.distribution.DataParallel shares a batch out among all devices
of all processes, and XLA brings together what the loss multiplies; the curve is that of one device.
tf.distribute would give each replica a loss over its own rows alone, which is another training: with the
TensorFlow backend there is one process, and one GPU.

All GPUs of a machine are used without being asked. For several machines (or processes) the same command
is started on each, with the same images and an --output that all of them see::

    KERAS_BACKEND=jax python3 training/train.py my.yaml --output /nfs/run \
        distribution.processes=2 distribution.address=first-machine:12345 distribution.process=0
"""

import contextlib
from typing import NamedTuple

import keras
import numpy as np


class ProcessShare(NamedTuple):
    """Which of the processes that train together this one is."""

    process: int = 0
    processes: int = 1

    @property
    def first(self):
        """Whether this is the one that writes files and speaks."""
        return self.process == 0

    def rows(self, count):
        """The slice of ``count`` rows of a batch that this process makes."""
        each = count // self.processes
        return slice(self.process * each, (self.process + 1) * each)

    def indices(self, count):
        """Of ``count`` things those that this process does: list of int, equally long in all processes."""
        rounds = -(-count // self.processes)
        return [(turn * self.processes + self.process) % count for turn in range(rounds)]


SINGLE_PROCESS = ProcessShare()


def join(config):
    """Become one of several processes; before anything is computed.

    Args:
        config: a :class:`training.config.DistributionConfig`.

    Returns:
        a :class:`ProcessShare`.

    Raises:
        ValueError: if there are several and the backend is not JAX, or they do not find each other.
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
    """Let what is built meanwhile share its batches out among all devices of all processes.

    Args:
        batch: number of images in one.

    Raises:
        ValueError: if that cannot be divided by the number of devices.
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
    """A copy of a network on this process' first device only, with the weights of now."""
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        copy = keras.Model.from_config(network.get_config())
        copy.set_weights([np.array(value) for value in network.get_weights()])
        return copy
    finally:
        keras.distribution.set_distribution(before)


def wait(part):
    """Go on when all processes have come here."""
    if part.processes > 1:
        from jax.experimental.multihost_utils import sync_global_devices

        sync_global_devices("training.learning.distribution.wait")


def gather(rows, count, part):
    """What each process computed of its :meth:`Part.indices`, put together in all.

    Args:
        rows: (n, D) float32.
        count: of all rows.
        part: a :class:`ProcessShare`.

    Returns:
        (count, D) float32.
    """
    if part.processes == 1:
        return rows
    from jax.experimental.multihost_utils import process_allgather

    return np.swapaxes(process_allgather(rows), 0, 1).reshape(-1, rows.shape[1])[:count]


def any_process(flag, part):
    """Whether a flag is set in any process; all must ask."""
    if part.processes == 1:
        return flag
    from jax.experimental.multihost_utils import process_allgather

    return bool(np.any(process_allgather(np.array(flag))))
