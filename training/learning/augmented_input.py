"""Training images, and network input made of augmented copies of them, in this process or in several."""

import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2
import numpy as np

from place_recognition_ros.descriptor.preprocess import prepare
from training.data import read_image


class ImageCache:
    """Decoded images at the network's size; the most recently used are kept in memory.

    Args:
        records: list of :class:`training.data.Record`.
        spec: the network's InputSpec.
        capacity: number of images kept in memory.
    """

    def __init__(self, records, spec, capacity):
        self._records, self._spec, self._capacity = records, spec, capacity
        self._cache, self._lock = OrderedDict(), threading.Lock()

    def __reduce__(self):  # each process has a cache of its own
        return ImageCache, (self._records, self._spec, self._capacity)

    def __getitem__(self, index):
        """(H, W, 3) uint8 BGR."""
        with self._lock:
            image = self._cache.pop(index, None)
        if image is None:
            image = read_image(self._records[index].image)
            size = (self._spec.width, self._spec.height)
            shrinks = image.shape[1] > size[0] or image.shape[0] > size[1]
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        with self._lock:
            self._cache[index] = image
            while len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
        return image


class AugmentedInput:
    """Network input from images, augmented again each time.

    Much of the augmentation holds Python's global lock, so threads do not make it faster: one process
    augments 160 images per second, which is enough for training on a CPU, but not on a GPU.

    Args:
        images: sequence of (H, W, 3) uint8 BGR.
        augment: callable (image, seed) → image.
        spec: the network's InputSpec.
        processes: number of worker processes; 0: augment in this process. Workers get copies of the images
            and the augmentation, and end when this object is deleted.
    """

    def __init__(self, images, augment, spec, processes=0):
        self._images, self._augment, self._spec = images, augment, spec
        self._processes, self._pool = processes, None
        if processes:
            context = multiprocessing.get_context("spawn")  # a fork would copy the locks of our threads
            self._pool = ProcessPoolExecutor(processes, context, _start_worker, (images, augment))

    def __call__(self, indices, seeds):
        """Network input of n images.

        Args:
            indices: n ints.
            seeds: n ints, one for the augmentation of each image.

        Returns:
            (n, H, W, C) float32.

        Raises:
            ValueError: if a worker process was killed, or an image cannot be decoded.
        """
        try:
            return np.concatenate([prepare(image, self._spec) for image in self._augmented(indices, seeds)])
        except BrokenProcessPool as error:
            raise ValueError(
                "expected loader_processes that run until the training ends. Received: a killed process, "
                "possibly out of memory; each process keeps data.cached_images images"
            ) from error

    def _augmented(self, indices, seeds):
        """Iterable of the augmented images, (H, W, 3) uint8 BGR each."""
        if self._pool:
            chunk = -(-len(indices) // self._processes)
            return self._pool.map(_augment, indices, seeds, chunksize=chunk)
        return (self._augment(self._images[index], seed) for index, seed in zip(indices, seeds))


_worker: Any = None  # images and augmentation, in a process of the pool


def _start_worker(images, augment):
    """Initialize a worker process. It ignores Ctrl-C and ends together with its parent process."""
    global _worker  # noqa: PLW0603  functions of a process pool can keep state only here
    _worker = images, augment
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after, args=(multiprocessing.parent_process(),), daemon=True).start()


def _exit_after(process):
    process.join()
    os._exit(1)


def _augment(index, seed):
    images, augment = _worker
    return augment(images[index], seed)
