"""Any model, opened: ONNX with its card, a network of ours, or one of the original's."""

import time
from pathlib import Path
from typing import Callable, List, NamedTuple

import numpy as np

from place_recognition_ros.descriptor.preprocess import InputSpec, prepare
from training.evaluation.cost import Cost, keras_cost, onnx_cost

_TIMED_RUNS = 50


class Model(NamedTuple):
    """What evaluation needs to know of a model."""

    name: str
    spec: InputSpec
    describe_many: Callable[[List[np.ndarray]], np.ndarray]  # (H, W, 3) uint8 BGR each ► (N, D)
    run_once: Callable[[np.ndarray], object]  # (1, H, W, C) float32, one inference
    cost: Cost
    engine: str  # that runs it


def open_model(path):
    """Open a model.

    Args:
        path: ONNX file with its card beside it; or a network of ours (folder of save_network or .keras
            file), or one of the original's HDF5 files, which run in Keras.

    Returns:
        a :class:`Model`.

    Raises:
        ValueError, PlaceRecognitionError: if it is none of these.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"expected a model. Received: '{path}', missing")
    return _open_onnx(path) if path.suffix == ".onnx" else _open_keras(path)


def milliseconds(model, runs=_TIMED_RUNS):
    """Median time of one inference, without reading and preparing the image.

    Args:
        model: a :class:`Model`.
        runs: how many are timed.

    Returns:
        float, milliseconds.
    """
    spec = model.spec
    pixels = np.random.default_rng(0).uniform(0, 255, (1, spec.height, spec.width, spec.channels))
    tensor = (pixels * spec.scale + spec.offset).astype(np.float32)
    times = []
    for _ in range(runs + 3):  # the first ones allocate
        start = time.perf_counter()
        model.run_once(tensor)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times[3:]))


def _open_onnx(path):
    import onnx

    from place_recognition_ros.descriptor.model_card import read_model
    from place_recognition_ros.descriptor.onnx_engine import OnnxEngine

    card, content = read_model(str(path))
    engine = OnnxEngine(card, content)

    def describe_many(images):
        return _unit([engine.infer(prepare(image, card.input)) for image in images])

    cost = onnx_cost(onnx.load_from_string(content))
    return Model(path.stem, card.input, describe_many, engine.infer, cost, "ONNX Runtime, 1 thread")


def _open_keras(path):
    from training.network.model_files import load_model  # Keras takes seconds

    network, spec = load_model(path)

    def describe_many(images):
        batch = np.concatenate([prepare(image, spec) for image in images])
        return _unit(np.asarray(network.predict_on_batch(batch)))

    return Model(path.stem, spec, describe_many, network.predict_on_batch, keras_cost(network), "Keras")


def _unit(vectors):
    vectors = np.asarray(vectors, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
