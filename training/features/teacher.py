"""The teacher: an ONNX network with the interface of EdgePoint2 (Yao et al., arXiv 2504.17280)."""

from pathlib import Path

import numpy as np
import onnxruntime

from place_recognition_ros.descriptor.model_card import CELL


class Teacher:
    """Computes what the trained network shall imitate.

    Args:
        path: ONNX file with the input "image", (1, 1, H, W) float32 gray 0 to 255, H and W multiples of 32,
            and the outputs "features", (1, 32, H/4, W/4), and "score", (1, 1, H, W) logits.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no network with these names.
    """

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        content = Path(path).read_bytes()
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own have no other common base
            raise ValueError(
                f"expected the teacher as an ONNX file in '{path}'. Received: {error}"
            ) from error
        ports = [port.name for port in (*self._session.get_inputs(), *self._session.get_outputs())]
        if ports[0] != "image" or not {"features", "score"} <= set(ports[1:]):
            raise ValueError(
                f"expected the input image and the outputs features and score in '{path}'. Received: {ports}"
            )

    def __call__(self, image):
        """Descriptors and scores of an image.

        Args:
            image: (H, W) uint8 gray, H and W multiples of 32.

        Returns:
            (H/4, W/4, 32) float32, unit norm; (H, W) float32 score logits.
        """
        tensor = image[None, None].astype(np.float32)
        features, scores = self._session.run(["features", "score"], {"image": tensor})
        features = np.moveaxis(features[0], 0, -1)
        return features / np.linalg.norm(features, axis=-1, keepdims=True).clip(1e-6), scores[0, 0]


def to_cells(scores):
    """(H, W) scores of pixels → (H/4, W/4, 16), the pixels of each cell row by row."""
    height, width = scores.shape
    cells = scores.reshape(height // CELL, CELL, width // CELL, CELL).transpose(0, 2, 1, 3)
    return cells.reshape(height // CELL, width // CELL, CELL * CELL)
