"""The inference engines, and which of them runs a model."""

import logging
from typing import Callable, Dict, List, NamedTuple, Tuple

from place_recognition_ros.descriptor.engine import Engine
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings, open_tensorrt
from place_recognition_ros.descriptor.tensorrt.library import is_installed
from place_recognition_ros.errors import EngineError


class _Backend(NamedTuple):
    """A way to open a model."""

    is_installed: Callable[[], bool]  # imports nothing
    open: Callable[[ModelCard, bytes, int, BuildSettings], Engine]


# "auto" takes the first one that is installed and works.
_BACKENDS: Dict[str, _Backend] = {
    "tensorrt": _Backend(is_installed, lambda card, onnx, threads, build: open_tensorrt(card, onnx, build)),
    "onnx": _Backend(lambda: True, lambda card, onnx, threads, build: OnnxEngine(card, onnx, threads)),
}
BACKENDS = ("auto", *_BACKENDS)

_log = logging.getLogger(__name__)


def open_engine(
    card: ModelCard, onnx: bytes, backend: str, threads: int, build: BuildSettings
) -> Tuple[Engine, str]:
    """Open a model on an inference engine.

    Args:
        card: the model's card.
        onnx: the model's bytes.
        backend: one of ``BACKENDS``; "auto": TensorRT where it works, otherwise ONNX Runtime.
        threads: CPU threads of one inference by ONNX Runtime.
        build: how TensorRT builds the model's engine, and where the engine is cached.

    Returns:
        The engine, and why it is not the preferred one; empty if it is.

    Raises:
        EngineError: if the engine cannot open the model.
    """
    if backend not in BACKENDS:
        raise EngineError(f"expected a backend among {', '.join(BACKENDS)}. Received: {backend!r}")
    names = [backend]
    if backend == "auto":
        names = [name for name in _BACKENDS if _BACKENDS[name].is_installed()]
    engine, fallback = _open_first(names, card, onnx, threads, build)
    _log.info("'%s' runs on %s", card.name, engine.name)
    return engine, fallback


def _open_first(
    names: List[str], card: ModelCard, onnx: bytes, threads: int, build: BuildSettings
) -> Tuple[Engine, str]:
    fallback = ""
    for name, next_name in zip(names, names[1:]):
        try:
            return _BACKENDS[name].open(card, onnx, threads, build), fallback
        except EngineError as error:  # noqa: PERF203
            fallback = f"{name} cannot be used, {next_name} is used instead: {error}"
            _log.warning("%s", fallback)
    return _BACKENDS[names[-1]].open(card, onnx, threads, build), fallback
