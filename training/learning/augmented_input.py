"""Images to train on, and what augmentation makes of them, in this process or in others."""

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
    """Decoded images at the network's size, the newest kept in memory.

    Args:
        records: list of :class:`training.data.Record`.
        spec: the network's InputSpec.
        kept: how many stay in memory.
    """

    def __init__(self, records, spec, kept):
        self._records, self._spec, self._kept = records, spec, kept
        self._cache, self._lock = OrderedDict(), threading.Lock()

    def __reduce__(self):  # another process decodes its own
        return ImageCache, (self._records, self._spec, self._kept)

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
            while len(self._cache) > self._kept:
                self._cache.popitem(last=False)
        return image


class AugmentedInput:
    """Network input from images, each time altered anew.

    Much of an augmentation holds Python's lock, so threads would not make it faster: 160 images a second
    are all that one process alters, which is enough beside a CPU that trains, and not beside a GPU.

    Args:
        images: by index, (H, W, 3) uint8 BGR each.
        augment: (image, seed) ► image.
        spec: the network's InputSpec.
        processes: how many others do it; 0: this one. They get copies of the images and the augmentation,
            and end when this is no longer used.
    """

    def __init__(self, images, augment, spec, processes=0):
        self._images, self._augment, self._spec = images, augment, spec
        self._processes, self._others = processes, None
        if processes:
            context = multiprocessing.get_context("spawn")  # a fork would copy the locks of our threads
            self._others = ProcessPoolExecutor(processes, context, _prepare_process, (images, augment))

    def __call__(self, indices, seeds):
        """Of n images, each with a seed.

        Returns:
            (n, H, W, C) float32.

        Raises:
            ValueError: if another process was ended from outside, or a image does not decode.
        """
        try:
            return np.concatenate([prepare(image, self._spec) for image in self._alter(indices, seeds)])
        except BrokenProcessPool as error:
            raise ValueError(
                "expected loader_processes that live as long as the training. Received: one that was ended, "
                "perhaps for want of memory; each keeps data.cached_images"
            ) from error

    def _alter(self, indices, seeds):
        """The altered images one after the other, (H, W, 3) uint8 BGR."""
        if self._others:
            each = -(-len(indices) // self._processes)
            return self._others.map(_alter, indices, seeds, chunksize=each)
        return (self._augment(self._images[index], seed) for index, seed in zip(indices, seeds))


_ours: Any = None  # images and augmentation of a process of the pool


def _prepare_process(images, augment):
    """In a new process: what it alters, and how it ends, which is not by Ctrl-C but with the first one."""
    global _ours  # noqa: PLW0603  a function of a pool has nothing else to remember by
    _ours = images, augment
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(process):
    process.join()
    os._exit(1)


def _alter(index, seed):
    images, augment = _ours
    return augment(images[index], seed)
