"""A right program for each generation of TensorRT's API, as short as it can be: it tests the stand-ins."""

import importlib

import numpy as np
import onnxruntime

from tests.descriptor import conftest as onnx_file
from tests.fakes.install import install

SHAPE = (1, onnx_file.HEIGHT, onnx_file.WIDTH, onnx_file.CHANNELS)  # of the input


def make_logger(trt):
    """A logger with the list ``heard`` of (severity, text)."""

    class Logger(trt.ILogger):
        def __init__(self):
            trt.ILogger.__init__(self)
            self.heard = []

        def log(self, severity, msg):
            self.heard.append((severity.name, msg))

        def errors(self):
            return [text for severity, text in self.heard if severity == "ERROR"]

    return Logger()


def build(trt, logger, onnx, half=True, timings=None):
    """The plan, an IHostMemory or None. ``timings``: of an earlier build, or a list that gets this one's."""
    builder = trt.Builder(logger)
    explicit = getattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
    network = builder.create_network(0 if explicit is None else 1 << int(explicit))
    assert trt.OnnxParser(network, logger).parse(onnx), logger.errors()
    config = builder.create_builder_config()
    if half and hasattr(trt.BuilderFlag, "FP16"):
        config.set_flag(trt.BuilderFlag.FP16)
    cache = config.create_timing_cache(timings[-1] if timings else b"")
    assert config.set_timing_cache(cache, ignore_mismatch=False)
    plan = builder.build_serialized_network(network, config)
    if timings is not None:
        timings.append(bytes(cache.serialize()))
    return plan


class Session:
    """A plan of one input and one output, open; in a CUDA context that the caller makes.

    Its parts are attributes, for tests to break.
    """

    def __init__(self, trt, cuda, logger, plan):
        self.trt, self.cuda = trt, cuda
        self.runtime = trt.Runtime(logger)
        self.engine = self.runtime.deserialize_cuda_engine(plan)
        self.context = self.engine.create_execution_context()
        self.stream = cuda.Stream()
        ports = [self._port(number) for number in range(2)]
        self.names = [name for name, _, _ in ports]
        self.input, self.output = [cuda.pagelocked_empty(shape, dtype) for _, shape, dtype in ports]
        self.device = [cuda.mem_alloc(array.nbytes) for array in (self.input, self.output)]

    def _port(self, number):
        engine, nptype = self.engine, self.trt.nptype
        if hasattr(engine, "num_io_tensors"):
            name = engine.get_tensor_name(number)
            return name, tuple(engine.get_tensor_shape(name)), nptype(engine.get_tensor_dtype(name))
        name = engine.get_binding_name(number)
        return name, tuple(engine.get_binding_shape(number)), nptype(engine.get_binding_dtype(number))

    def execute(self, addresses=None):
        """Enqueue the network alone."""
        addresses = [int(memory) for memory in self.device] if addresses is None else addresses
        if hasattr(self.context, "set_tensor_address"):
            for name, address in zip(self.names, addresses):
                assert self.context.set_tensor_address(name, address)
            return self.context.execute_async_v3(self.stream.handle)
        return self.context.execute_async_v2(addresses, self.stream.handle)

    def enqueue(self):
        """Enqueue copy, network, copy."""
        self.cuda.memcpy_htod_async(self.device[0], self.input, self.stream)
        taken = self.execute()
        self.cuda.memcpy_dtoh_async(self.output, self.device[1], self.stream)
        return taken

    def infer(self, tensor):
        np.copyto(self.input, tensor)
        assert self.enqueue()
        self.stream.synchronize()
        return self.output.copy()

    def close(self):
        """Leave nothing, the newest first."""
        self.__dict__.clear()


class Machine:
    """A pretend machine with a current CUDA context, and what a program has on it.

    Args:
        monkeypatch: pytest's.
        version: of TensorRT, or "rtx".
    """

    def __init__(self, monkeypatch, version):
        self.gpu = install(monkeypatch, "1.7.1" if version == "rtx" else version, rtx=version == "rtx")
        self.trt = importlib.import_module("tensorrt_rtx" if version == "rtx" else "tensorrt")
        self.cuda = importlib.import_module("pycuda.driver")
        self.cuda.init()
        self.context = self.cuda.Device(0).make_context(self.cuda.ctx_flags.SCHED_BLOCKING_SYNC)
        self.logger = make_logger(self.trt)
        weights = np.random.default_rng(1).standard_normal((int(np.prod(SHAPE)), onnx_file.SIZE))
        self.onnx = onnx_file.model(weights.astype(np.float32))

    def build(self, **options):
        return build(self.trt, self.logger, self.onnx, **options)

    def open(self, **options):
        return Session(self.trt, self.cuda, self.logger, self.build(**options))

    def expected(self, tensor):
        return onnxruntime.InferenceSession(self.onnx).run(None, {"image": tensor})[0]
