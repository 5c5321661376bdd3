"""ONNX → a TensorRT engine for this GPU: built once, verified, stored."""

import logging
import re
import threading
import time
from contextlib import contextmanager
from typing import Iterable, Iterator, NamedTuple, Tuple

import numpy as np

from place_recognition_ros.descriptor.engine import Engine
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.descriptor.onnx_file import with_float32_weights
from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.descriptor.tensorrt.cache import EngineCache
from place_recognition_ros.descriptor.tensorrt.engine import TensorRTEngine
from place_recognition_ros.descriptor.tensorrt.library import Gpu, Library, load_library
from place_recognition_ros.errors import EngineError

MIN_COSINE = 0.999  # to ONNX Runtime's outputs; a correct FP16 engine has 0.9999 or more
_TEST_IMAGES = 8
_REPORT_PERIOD = 15.0  # seconds

_log = logging.getLogger(__name__)


class BuildSettings(NamedTuple):
    """How engines are built and where they are stored."""

    cache: str = ""  # folder; empty: the user's cache folder
    workspace_mb: int = 256  # memory that the fastest kernels may use
    precision: str = "fp16"  # or "fp32"


class _Reference(NamedTuple):
    """Input tensors and what ONNX Runtime computes for them."""

    inputs: np.ndarray  # (N, 1, H, W, C) or (N, 1, C, H, W) float32
    vectors: np.ndarray  # (N, D) float32, unit norm: the descriptors, or maps of local features as vectors

    def smallest_cosine(self, engine: TensorRTEngine) -> float:
        vectors = _unit_outputs(engine, self.inputs)
        return float(np.min(np.sum(vectors * self.vectors, axis=1)))


def open_tensorrt(card: ModelCard, onnx: bytes, settings: BuildSettings = BuildSettings()) -> TensorRTEngine:  # noqa: B008
    """Load the engine of a model from the cache, or build it, which takes minutes on a Jetson.

    A new engine must agree with ONNX Runtime. If it does not in half precision, it is built in single
    precision, and the log says so.

    Args:
        card, onnx: as :func:`read_model` returns them.
        settings: how to build.

    Raises:
        EngineError: if TensorRT, PyCUDA or a GPU is missing, or no engine agrees with ONNX Runtime.
        ModelError: if the model's bytes are malformed.
    """
    library = load_library()
    gpu = Gpu(library)
    try:
        return _Opening(library, gpu, card, onnx, settings).open()
    except BaseException:
        gpu.close()
        raise


class _Opening:
    """The steps of :func:`open_tensorrt`, on one GPU."""

    def __init__(self, library: Library, gpu: Gpu, card: ModelCard, onnx: bytes, settings: BuildSettings):
        self._library, self._gpu, self._card, self._onnx = library, gpu, card, onnx
        self._settings, self._cache = settings, EngineCache(settings.cache)
        self._machine = {
            "TensorRT": library.version,
            "GPU": gpu.name,
            "compute capability": gpu.compute_capability,
        }

    def open(self) -> TensorRTEngine:
        # The name in a card may contain anything.
        name = re.sub(r"[^\w.-]", "_", self._card.model_id) + ".plan"
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
                    _log.warning("The engine in '%s' is built again: %s", self._cache.folder, error)
            engine, plan, facts = self._build_and_verify()
            self._cache.write(name, fingerprint, plan, **facts)
        return engine

    def _build_and_verify(self) -> Tuple[TensorRTEngine, bytes, dict]:
        reference = _make_reference(self._card, self._onnx)
        half = self._settings.precision == "fp16" and self._library.has_half_flag
        for precision in ["fp16"] * half + ["fp32"]:
            plan = self._build(precision)
            engine = TensorRTEngine(self._library, self._gpu, self._card, plan)
            try:
                cosine = reference.smallest_cosine(engine)
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
        with _progress(
            f"Building the engine of '{self._card.name}' in {precision} (minutes on a Jetson, once)"
        ):
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
    """Build a plan with TensorRT.

    Args:
        library: TensorRT.
        onnx: the model's bytes.
        precision: "fp32"; or "fp16", if ``library.has_half_flag``.
        workspace_mb: memory that the fastest kernels may use.
        timings: kernel timings of an earlier build on this machine, which make this one faster.

    Returns:
        The plan; the kernel timings, old and new.

    Raises:
        EngineError: if TensorRT cannot parse the model or build it.
        ModelError: if the model's bytes are malformed.
    """
    trt, _, logger = library
    builder = trt.Builder(logger)
    explicit = getattr(
        trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None
    )  # TensorRT 10 has no other mode, 11 has no flag
    network = builder.create_network(0 if explicit is None else 1 << int(explicit))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(with_float32_weights(onnx)):
        errors = [parser.get_error(number).desc() for number in range(parser.num_errors)]
        raise EngineError(f"expected a model that TensorRT's parser supports. Received: {'; '.join(errors)}")
    config = builder.create_builder_config()
    if hasattr(config, "set_memory_pool_limit"):  # since TensorRT 8.4
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace_mb << 20)
    else:
        config.max_workspace_size = workspace_mb << 20
    if precision == "fp16":
        config.set_flag(trt.BuilderFlag.FP16)
    cache = config.create_timing_cache(timings)
    config.set_timing_cache(cache, False)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"expected an engine from TensorRT's builder. Received: {logger.last_error}")
    return bytes(plan), bytes(cache.serialize())


def _make_reference(card: ModelCard, onnx: bytes) -> _Reference:
    """Random images with coarse and fine patterns, and their descriptors."""
    spec = card.input
    random = np.random.default_rng(0)
    inputs = []
    for number in range(_TEST_IMAGES):
        cells = 4 << number % 4  # across the image
        coarse = random.integers(0, 256, (cells, cells, spec.channels)).astype(np.uint8)
        rows = np.arange(spec.height) * cells // spec.height
        columns = np.arange(spec.width) * cells // spec.width
        image = coarse[rows[:, None], columns]
        inputs.append(prepare(image if spec.channels == 3 else image[..., 0], spec))
    engine = OnnxEngine(card, onnx)
    vectors = _unit_outputs(engine, inputs)
    engine.close()
    return _Reference(np.stack(inputs), vectors)


def _unit_outputs(engine: Engine, inputs: Iterable[np.ndarray]) -> np.ndarray:
    """(N, D) float32: each output as one vector of unit norm."""
    outputs = np.stack([engine.infer(each).ravel() for each in inputs])
    return np.asarray(outputs / np.linalg.norm(outputs, axis=1, keepdims=True))


@contextmanager
def _progress(task: str) -> Iterator[None]:
    """Log the start of a long task, that it is still running, and its end."""
    began, ended = time.monotonic(), threading.Event()

    def report() -> None:
        while not ended.wait(_REPORT_PERIOD):
            _log.info("%s: %.0f s", task, time.monotonic() - began)

    _log.info("%s", task)
    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()
    _log.info("Done in %.0f s", time.monotonic() - began)
