"""ONNX ► a TensorRT engine for the GPU at hand: built once, proved, kept."""

import logging
import re
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator, NamedTuple, Tuple

import numpy as np

from place_recognition_ros.descriptor.engine_cache import EngineCache
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt_engine import TensorRTEngine
from place_recognition_ros.descriptor.tensorrt_library import Gpu, Library, load_library
from place_recognition_ros.errors import EngineError

MIN_COSINE = 0.999  # to ONNX Runtime's answers; FP16 keeps 0.9999 and more, a broken plan does not
_PROBES = 8  # pictures
_REPORT_PERIOD = 15.0  # seconds

_log = logging.getLogger(__name__)


class BuildSettings(NamedTuple):
    """How engines are built and where they are kept."""

    cache: str = ""  # folder; empty: the user's cache folder
    workspace_mb: int = 256  # memory that the fastest kernels may use
    precision: str = "fp16"  # or "fp32"


class _Proof(NamedTuple):
    """Inputs, and the vectors that are right for them."""

    inputs: np.ndarray  # float32, N input tensors
    vectors: np.ndarray  # (N, D) float32, unit norm

    def smallest_cosine(self, engine: TensorRTEngine) -> float:
        answers = np.stack([engine.infer(each) for each in self.inputs])
        answers = answers / np.linalg.norm(answers, axis=1, keepdims=True)
        return float(np.min(np.sum(answers * self.vectors, axis=1)))


def open_tensorrt(card: ModelCard, onnx: bytes, settings: BuildSettings = BuildSettings()) -> TensorRTEngine:  # noqa: B008
    """The engine of a model: from the cache, or built, which takes minutes on a Jetson.

    What is built must answer as ONNX Runtime does. In half precision a network may not; then it is built in
    single precision, and the log says so.

    Args:
        card, onnx: as :func:`read_model` gives them.
        settings: how to build.

    Raises:
        EngineError: if TensorRT, PyCUDA or a GPU is not there, or no engine of this model passes.
    """
    library = load_library()
    gpu = Gpu(library)
    try:
        return _Opening(library, gpu, card, onnx, settings).open()
    except BaseException:
        gpu.close()
        raise


class _Opening:
    """One way from a model to an engine; the arguments are those of :func:`open_tensorrt`."""

    def __init__(self, library: Library, gpu: Gpu, card: ModelCard, onnx: bytes, settings: BuildSettings):
        self._library, self._gpu, self._card, self._onnx = library, gpu, card, onnx
        self._settings, self._cache = settings, EngineCache(settings.cache)
        self._machine = {
            "TensorRT": library.version,
            "GPU": gpu.name,
            "compute capability": gpu.compute_capability,
        }

    def open(self) -> TensorRTEngine:
        name = re.sub(r"[^\w.-]", "_", self._card.model_id) + ".plan"  # a card may call itself anything
        fingerprint = dict(
            self._machine,
            model=self._card.sha256,
            precision=self._settings.precision,
            workspace_mb=self._settings.workspace_mb,
        )
        with self._cache.locked(name):
            entry = self._cache.read(name, fingerprint)
            if entry is not None:
                try:
                    return TensorRTEngine(self._library, self._gpu, self._card, entry.content)
                except EngineError as error:
                    _log.warning("The engine in '%s' is built anew: %s", self._cache.folder, error)
            engine, plan, facts = self._build_and_prove()
            self._cache.write(name, fingerprint, plan, **facts)
        return engine

    def _build_and_prove(self) -> Tuple[TensorRTEngine, bytes, dict]:
        proof = _make_proof(self._card, self._onnx)
        half = self._settings.precision == "fp16" and self._library.has_half_flag
        for precision in ["fp16"] * half + ["fp32"]:
            plan = self._build(precision)
            engine = TensorRTEngine(self._library, self._gpu, self._card, plan)
            try:
                cosine = proof.smallest_cosine(engine)
            except EngineError:
                engine.release()
                raise
            if cosine >= MIN_COSINE:
                _log.info("The engine agrees with ONNX Runtime: cosine %.6f in %s", cosine, precision)
                return engine, plan, {"precision": precision, "cosine": cosine}
            engine.release()
            _log.warning(
                "expected a cosine to ONNX Runtime of at least %s in %s. Received: %.6f",
                MIN_COSINE,
                precision,
                cosine,
            )
        raise EngineError(
            f"expected an engine that agrees with ONNX Runtime: cosine ≥ {MIN_COSINE}. Received: {cosine:.6f}"
        )

    def _build(self, precision: str) -> bytes:
        timing = self._cache.read("timing.cache", self._machine)
        with _told(f"Building the engine of '{self._card.name}' in {precision}: minutes on a Jetson, once"):
            plan, timings = build_plan(
                self._library,
                self._onnx,
                precision,
                self._settings.workspace_mb,
                timing.content if timing else b"",
            )
        self._cache.write("timing.cache", self._machine, timings)
        return plan


def build_plan(
    library: Library, onnx: bytes, precision: str, workspace_mb: int, timings: bytes = b""
) -> Tuple[bytes, bytes]:
    """Have TensorRT build a plan.

    Args:
        library: TensorRT.
        onnx: the model's bytes.
        precision: "fp16" or "fp32"; where the ONNX file alone decides (TensorRT 11), it decides.
        workspace_mb: memory that the fastest kernels may use.
        timings: what an earlier build on this machine measured, which makes this one faster.

    Returns:
        The plan; the timings, old and new.

    Raises:
        EngineError: if TensorRT cannot parse the model or build it.
    """
    trt, _, logger = library
    builder = trt.Builder(logger)
    explicit = getattr(
        trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None
    )  # 10: the only way, 11: gone
    network = builder.create_network(0 if explicit is None else 1 << int(explicit))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(onnx):
        errors = [parser.get_error(number).desc() for number in range(parser.num_errors)]
        raise EngineError(f"expected a model that TensorRT's parser knows. Received: {'; '.join(errors)}")
    config = builder.create_builder_config()
    if hasattr(config, "set_memory_pool_limit"):  # since TensorRT 8.4
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace_mb << 20)
    else:
        config.max_workspace_size = workspace_mb << 20
    if precision == "fp16" and library.has_half_flag:
        config.set_flag(trt.BuilderFlag.FP16)
    cache = config.create_timing_cache(timings)
    config.set_timing_cache(cache, False)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"expected an engine of TensorRT's builder. Received: {logger.last_error}")
    return bytes(plan), bytes(cache.serialize())


def _make_proof(card: ModelCard, onnx: bytes) -> _Proof:
    """Soft and hard-edged patterns, and what ONNX Runtime answers to them."""
    spec = card.input
    random = np.random.default_rng(0)
    inputs = []
    for number in range(_PROBES):
        cells = 4 << number % 4  # as many across the picture
        coarse = random.integers(0, 256, (cells, cells, spec.channels)).astype(np.uint8)
        rows = np.arange(spec.height) * cells // spec.height
        columns = np.arange(spec.width) * cells // spec.width
        image = coarse[rows[:, None], columns]
        inputs.append(prepare(image if spec.channels == 3 else image[..., 0], spec))
    engine = OnnxEngine(card, onnx)
    vectors = np.stack([engine.infer(each) for each in inputs])
    engine.close()
    return _Proof(np.stack(inputs), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell the log of something long: that it begins, that it goes on, that it is done."""
    began, ended = time.monotonic(), threading.Event()

    def tell() -> None:
        while not ended.wait(_REPORT_PERIOD):
            _log.info("… %.0f s", time.monotonic() - began)

    _log.info("%s …", what)
    teller: Any = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
    _log.info("Done in %.0f s", time.monotonic() - began)
