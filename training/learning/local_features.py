"""What a frozen backbone makes of images, computed once.

Where no layer of the backbone is trained, a step needs the images' local features alone: 300 images
then take a second on two cores, not seven.
"""

import io
from typing import Any

import keras
import numpy as np

from training.files import write_atomically
from training.network.build import first_head_layer
from training.network.prediction import predict


class LocalFeatures:
    """Local features of each image and of altered copies of it, as the head's input.

    Args:
        path: of the file that keeps them, (N, 1 + copies, h, w, C) float16; it is used again if it is there.
        views: a :class:`training.learning.initialization.Views` of all images, with these copies.
        count: N.
        copies: number of altered ones of each image.
    """

    def __init__(self, path, views, count, copies):
        self._path, self._views, self._count, self._copies = path, views, count, copies
        self._features: Any = None  # (N, 1 + copies, h, w, C) float16, once it is open

    def open(self, backbone):
        """Compute them, or read what an earlier call wrote.

        Args:
            backbone: Keras model of :func:`split`.

        Raises:
            ValueError: if the file is of other images or another backbone.
            OSError: naming the file, if it cannot be written; nothing of it is left.
        """
        shape = (self._count, 1 + self._copies, *backbone.output.shape[1:])
        if not self._path.exists():
            print(f"computing the local features of {shape[0]} images, {shape[1]} of each", flush=True)
            write_atomically(self._path, self._compute(backbone, shape))
        self._features = np.load(self._path, mmap_mode="r")
        if self._features.shape != shape:
            raise ValueError(f"expected {shape} in '{self._path}'. Received: {self._features.shape}")

    def __call__(self, indices, seeds):
        """Of n images, each altered as its seed decides or not at all: (n, h, w, C) float32."""
        copies = np.mod(seeds, 1 + self._copies)
        return np.stack([self._features[at] for at in zip(indices, copies)]).astype(np.float32)

    def describe(self, head):
        """Descriptors of all images as they are: (N, D) float32.

        Args:
            head: Keras model of :func:`split`.
        """
        return predict(head, (np.float32(views[:1]) for views in self._features))

    def _compute(self, backbone, shape):
        """The file's bytes, image by image; a memory map would crash on a full disk."""
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f2", "fortran_order": False, "shape": shape})
        yield header.getvalue()
        for batch in self._views:
            yield backbone.predict_on_batch(batch).astype("<f2").tobytes()

    def remove(self):
        """Delete the file, if there is one."""
        self._path.unlink(missing_ok=True)


def split(network):
    """A network as two, which share its weights.

    Args:
        network: Keras model of :func:`training.network.build.build_network`, its backbone frozen.

    Returns:
        backbone, (B, H, W, C) float32 to local features; head, these to (B, D) float32.

    Raises:
        ValueError: if a layer of the backbone is trained.
    """
    start = first_head_layer(network).input
    backbone = keras.Model(network.input, start)
    trained = [layer.name for layer in backbone.layers if layer.trainable_variables]
    if trained:
        raise ValueError(
            "expected an optimizer.frozen that fits every layer of the backbone, whose local features "
            f"batch.copies keeps. Received: one that leaves {', '.join(trained)}"
        )
    return backbone, keras.Model(start, network.output, name="head")
