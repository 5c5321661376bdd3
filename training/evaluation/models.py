"""Opening models of any kind: ONNX with its card, a trained network, or one of cartwheel_train's."""

import time
from pathlib import Path
from typing import Callable, List, NamedTuple

import numpy as np

from place_recognition_ros.descriptor.preprocess import InputSpec, prepare
from training.evaluation.cost import Cost, keras_cost, onnx_cost

_TIMED_RUNS = 50


class Model(NamedTuple):
    """A model as evaluation uses it."""

    name: str
    spec: InputSpec
    describe_many: Callable[[List[np.ndarray]], np.ndarray]  # (H, W, 3) uint8 BGR each → (N, D), unit norm
    run_once: Callable[[np.ndarray], object]  # float32 of spec.shape, one inference
    cost: Cost
    engine: str  # inference engine, for tables


def open_model(path):
    """Open a model.

    Args:
        path: ONNX file with its card beside it; or a trained network (folder of save_network or .keras
            file) or one of cartwheel_train's HDF5 files, which run in Keras.

    Returns:
        a :class:`Model`.

    Raises:
        ValueError, PlaceRecognitionError: if the file is not one of these.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"expected a model. Received: '{path}', missing")
    return _open_onnx(path) if path.suffix == ".onnx" else _open_keras(path)


def milliseconds(model, runs=_TIMED_RUNS):
    """Median time of one inference, without reading and pre-processing of the image.

    Args:
        model: a :class:`Model`.
        runs: number of timed runs.

    Returns:
        float, milliseconds.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (model.spec.height, model.spec.width, 3), np.uint8)
    tensor = prepare(pixels, model.spec)
    times = []
    for _ in range(runs + 3):  # the first runs allocate memory
        start = time.perf_counter()
        model.run_once(tensor)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times[3:]))


def _open_onnx(path):
    from place_recognition_ros.descriptor.model_card import read_model
    from place_recognition_ros.descriptor.onnx_engine import OnnxEngine

    card, content = read_model(str(path))
    engine = OnnxEngine(card, content)

    def describe_many(images):
        return _unit([engine.infer(prepare(image, card.input)) for image in images])

    cost = onnx_cost(content)
    return Model(path.stem, card.input, describe_many, engine.infer, cost, "ONNX Runtime, 1 thread")


def _open_keras(path):
    from training.network.model_files import load_model  # importing Keras takes seconds

    network, spec = load_model(path)

    def describe_many(images):
        batch = np.concatenate([prepare(image, spec) for image in images])
        return _unit(np.asarray(network.predict_on_batch(batch)))

    return Model(path.stem, spec, describe_many, network.predict_on_batch, keras_cost(network), "Keras")


def _unit(vectors):
    vectors = np.asarray(vectors, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
