"""Image → global descriptor."""

from typing import Optional

import numpy as np

from place_recognition_ros.descriptor.backends import open_engine
from place_recognition_ros.descriptor.engine import Engine
from place_recognition_ros.descriptor.model_card import ModelCard, default_model_path, read_model
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings
from place_recognition_ros.errors import EngineError


class Extractor:
    """Describes images with one model on one engine. Use it in the thread that opened it.

    Args:
        card: the model's card.
        engine: an open engine with this model.
        fallback: why it is not the preferred engine; empty if it is.
    """

    def __init__(self, card: ModelCard, engine: Engine, fallback: str = "") -> None:
        self.card = card
        self.engine_name = engine.name
        self.fallback = fallback
        self._engine: Optional[Engine] = engine

    @property
    def engine(self) -> Engine:
        """The engine alone, for measurements without the pre-processing.

        Raises:
            EngineError: if the extractor is closed.
        """
        if self._engine is None:
            raise EngineError("expected an open extractor. Received: a call after close()")
        return self._engine

    def describe(self, image: np.ndarray) -> np.ndarray:
        """The global descriptor of an image.

        Args:
            image: (H, W, 3) uint8 BGR or (H, W) uint8 gray, any size.

        Returns:
            (D,) float32, unit norm.

        Raises:
            ImageError: if ``image`` has another type or shape.
            EngineError: if the engine fails or is closed, or its result is not a unit vector of D numbers,
                which would corrupt the index.
        """
        engine = self.engine
        vector = engine.infer(prepare(image, self.card.input, out=engine.input))
        if vector.shape != (self.card.descriptor_size,) or vector.dtype != np.float32:
            expected = f"expected a descriptor of {self.card.descriptor_size} float32 numbers"
            raise EngineError(f"{expected}. Received: {vector.dtype} {vector.shape}")
        norm = float(np.linalg.norm(vector))
        if not abs(norm - 1.0) < 1e-2:  # false for NaN too
            raise EngineError(f"expected a descriptor of unit norm. Received: norm {norm}")
        return vector / np.float32(norm)

    def close(self) -> None:
        """Close the engine; a second call does nothing."""
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
        model: path of an ONNX file with its card beside it; empty: the package's own model.
        backend: "onnx"; "tensorrt"; "auto": TensorRT where it works, otherwise ONNX Runtime.
        threads: CPU threads of one inference by ONNX Runtime.
        build: how TensorRT builds the model's engine, and where the engine is cached.

    Raises:
        ModelError: if the model or its card is missing or damaged, or it computes no global descriptors.
        EngineError: if the engine cannot open it.
    """
    card, onnx = read_model(model or default_model_path())
    return Extractor(card, *open_engine(card, onnx, backend, threads, build))
