"""A picture ► its global descriptor."""

import logging
import os
from typing import Any

import numpy as np

from place_recognition_ros.descriptor.engine_builder import BuildSettings, open_tensorrt
from place_recognition_ros.descriptor.model_card import ModelCard, read_model
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt_library import is_installed
from place_recognition_ros.errors import EngineError, ModelError

BACKENDS = ("auto", "onnx", "tensorrt")

_log = logging.getLogger(__name__)


class Extractor:
    """Describes pictures with one model on one engine. Use it in the thread that opened it.

    Args:
        card: the model's card.
        engine: anything with a ``name``, an ``input`` array (1, H, W, C) float32, ``infer(input) -> (D,)``
            and ``close()``.
        fallback: why it is not the engine that was meant; empty if it is.
    """

    def __init__(self, card: ModelCard, engine: Any, fallback: str = "") -> None:
        self.card = card
        self.engine_name = engine.name
        self.fallback = fallback
        self._engine = engine

    def describe(self, image: np.ndarray) -> np.ndarray:
        """The global descriptor of a picture.

        Args:
            image: (H, W, 3) uint8 BGR or (H, W) uint8 gray, any size.

        Returns:
            (D,) float32, unit norm.

        Raises:
            ImageError: if ``image`` has another type or shape.
            EngineError: if the engine fails, is closed, or its answer is no unit vector; such a vector
                would poison the index.
        """
        if self._engine is None:
            raise EngineError("expected an open extractor. Received: a picture after its close()")
        vector = self._engine.infer(prepare(image, self.card.input, out=self._engine.input))
        norm = float(np.linalg.norm(vector))
        if not abs(norm - 1.0) < 1e-2:  # false for NaN too
            raise EngineError(f"expected a descriptor of unit norm. Received: norm {norm}")
        return vector / np.float32(norm)

    def close(self) -> None:
        """Give back what the engine holds; a second time does nothing."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()


def open_extractor(
    model: str = "",
    backend: str = "auto",
    threads: int = 1,
    build: BuildSettings = BuildSettings(),  # noqa: B008  a NamedTuple does not change
) -> Extractor:
    """Open a model on an inference engine.

    Args:
        model: path of an ONNX file with its card beside it; empty: the package's own.
        backend: "onnx"; "tensorrt"; "auto": TensorRT where it works, else ONNX Runtime.
        threads: CPU threads of one inference by ONNX Runtime.
        build: how TensorRT builds the model's engine, and where that is kept.

    Raises:
        ModelError: if the model or its card is missing or damaged.
        EngineError: if the engine cannot open it.
    """
    if backend not in BACKENDS:
        raise EngineError(f"expected a backend among {', '.join(BACKENDS)}. Received: {backend!r}")
    card, onnx = read_model(model or default_model_path())
    fallback = ""
    if backend == "tensorrt" or (backend == "auto" and is_installed()):
        try:
            return Extractor(card, open_tensorrt(card, onnx, build))
        except EngineError as error:
            if backend == "tensorrt":
                raise
            fallback = f"the CPU does the work of the GPU: {error}"
            _log.warning("%s", fallback)
    return Extractor(card, OnnxEngine(card, onnx, threads), fallback)


def default_model_path() -> str:
    """``models/default.onnx`` of the source tree or of the install space.

    Raises:
        ModelError: if it is in neither.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    prefix = os.path.normpath(os.path.join(package, "..", "..", "..", ".."))  # of lib/python3/dist-packages/
    places = [
        os.path.join(os.path.dirname(package), "models", "default.onnx"),
        os.path.join(prefix, "share", "place_recognition_ros", "models", "default.onnx"),
    ]
    for path in places:
        if os.path.isfile(path):
            return path
    raise ModelError(f"expected the package's model at {' or '.join(places)}. Received: no file there")
