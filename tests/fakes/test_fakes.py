"""The fakes of TensorRT and PyCUDA accept a correct program and refuse an incorrect one."""

import inspect
import re
import threading

import numpy as np
import pytest

from tests.descriptor import conftest as onnx_file
from tests.fakes.gpu import Gpu, LogicError, Misuse
from tests.fakes.install import install
from tests.fakes.tensorrt import TensorRT
from tests.fakes.tensorrt_build import Builder, ITimingCache, OnnxParser, ParserError
from tests.fakes.tensorrt_run import Runtime

VERSIONS = ("8.2.1.8", "8.6.1", "10.3.0", "11.0.0", "rtx")
PRESENT = {  # name → the versions that have it
    "IBuilderConfig.max_workspace_size": VERSIONS[:2],
    "IBuilderConfig.set_memory_pool_limit": VERSIONS[1:],
    "MemoryPoolType.WORKSPACE": VERSIONS[1:],
    "BuilderFlag.FP16": VERSIONS[:3],
    "NetworkDefinitionCreationFlag.EXPLICIT_BATCH": VERSIONS[:3],
    "ICudaEngine.num_bindings": VERSIONS[:2],
    "ICudaEngine.num_io_tensors": VERSIONS[1:],
    "IExecutionContext.execute_async_v2": VERSIONS[:2],
    "IExecutionContext.execute_async_v3": VERSIONS[1:],
    "TensorIOMode.INPUT": VERSIONS[1:],
}
MADE_BY_FUNCTIONS = (Builder, OnnxParser, ParserError, Runtime, ITimingCache)
SHAPE = (1, onnx_file.HEIGHT, onnx_file.WIDTH, onnx_file.CHANNELS)


def make(version):
    return TensorRT("1.7.1" if version == "rtx" else version, Gpu(), is_rtx=version == "rtx")


class Program:
    """A correct program for TensorRT 8.2, step by step."""

    def __init__(self, monkeypatch):
        self.gpu = install(monkeypatch, "8.2.1.8")
        import pycuda.driver as cuda
        import tensorrt as trt

        self.cuda, self.trt = cuda, trt
        cuda.init()
        self.cuda_context = cuda.Device(0).make_context(cuda.ctx_flags.SCHED_BLOCKING_SYNC)

        class Logger(trt.ILogger):
            def log(self, severity, msg):
                pass

        self.logger = Logger()
        builder = trt.Builder(self.logger)
        network, config = builder.create_network(1), builder.create_builder_config()
        weights = np.eye(int(np.prod(SHAPE)), onnx_file.SIZE, dtype=np.float32)
        assert trt.OnnxParser(network, self.logger).parse(onnx_file.model(weights))
        self.plan = bytes(builder.build_serialized_network(network, config))
        self.runtime = trt.Runtime(self.logger)
        self.engine = self.runtime.deserialize_cuda_engine(self.plan)
        self.context = self.engine.create_execution_context()
        self.stream = cuda.Stream()
        self.input = cuda.pagelocked_empty(SHAPE, np.float32)
        self.output = cuda.pagelocked_empty((1, onnx_file.SIZE), np.float32)
        self.device = [cuda.mem_alloc(array.nbytes) for array in (self.input, self.output)]

    def enqueue(self):
        self.cuda.memcpy_htod_async(self.device[0], self.input, self.stream)
        self.execute([int(memory) for memory in self.device])
        self.cuda.memcpy_dtoh_async(self.output, self.device[1], self.stream)

    def execute(self, addresses):
        assert self.context.execute_async_v2(addresses, self.stream.handle)


@pytest.fixture
def program(monkeypatch):
    return Program(monkeypatch)


def test_a_correct_program_gets_the_result_when_it_has_waited(program):
    program.input[:] = np.arange(18).reshape(SHAPE)
    program.enqueue()
    assert np.isnan(program.output).all()
    program.stream.synchronize()
    np.testing.assert_array_equal(program.output, [[0, 1, 2, 3]])
    for name in ("context", "engine", "runtime", "stream", "input", "output", "device"):
        delattr(program, name)
    program.cuda_context.pop()
    program.cuda_context.detach()
    program.gpu.check_empty()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_its_names_and_no_others(version):
    trt = make(version)
    for name, versions in PRESENT.items():
        kind, member = name.split(".")
        assert hasattr(getattr(trt, kind, None), member) == (version in versions), name


def test_names_numbers_and_arguments_are_those_of_tensorrt_rtx():
    real = pytest.importorskip("tensorrt_rtx_bindings", reason="requirements/tensorrt.txt is not installed")
    trt = make("rtx")
    for name in ("DataType", "BuilderFlag", "MemoryPoolType", "TensorIOMode"):
        for member in getattr(trt, name):
            assert int(getattr(getattr(real, name), member.name)) == member.value
    for absent in (version for version in PRESENT if "rtx" not in PRESENT[version]):
        kind, member = absent.split(".")
        assert not hasattr(getattr(real, kind), member), absent
    for kind in (*MADE_BY_FUNCTIONS, trt.IBuilderConfig, trt.ICudaEngine, trt.IExecutionContext):
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                documentation = getattr(getattr(real, kind.__name__), name).__doc__
                overloads = re.findall(rf"(?:^|\. ){name}\((.*)\) -> ", documentation, re.MULTILINE)
                documented = [re.findall(r"(?:^|, )(\w+): ", overload) for overload in overloads]
                arguments = list(inspect.signature(function).parameters)
                assert any(arguments == each[: len(arguments)] for each in documented), (name, documented)


def test_unknown_attributes_and_wrong_types_are_refused(program):
    config = make("10.3.0").IBuilderConfig
    with pytest.raises(AttributeError):
        config(program.trt, program.logger).max_workspace_size = 1
    for call in (
        lambda: program.trt.Runtime("logger"),
        lambda: program.runtime.deserialize_cuda_engine("text"),
        lambda: program.context.execute_async_v2(program.device, program.stream),
        lambda: program.cuda.mem_alloc(np.int64(4)),
        lambda: program.cuda.memcpy_htod_async(1, program.input, program.stream),
    ):
        with pytest.raises(TypeError):
            call()


def test_another_thread_and_a_missing_context_are_refused(program):
    caught = []

    def run():
        for call in (program.enqueue, program.stream.synchronize, program.cuda.Stream):
            with pytest.raises(LogicError, match="invalid device context"):
                call()
            caught.append(call)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(caught) == 3
    assert len(program.gpu.threads) == 2
    program.cuda_context.pop()
    with pytest.raises(Misuse):
        program.trt.Runtime(program.logger)


@pytest.mark.parametrize("name", ["input", "output", "device", "context"])
def test_memory_that_is_freed_too_early_is_found(program, name):
    program.enqueue()
    setattr(program, name, None)
    with pytest.raises(Misuse, match="before the stream had finished"):
        program.stream.synchronize()


def test_wrong_memory_is_refused(program):
    image, vector = (int(memory) for memory in program.device)
    for addresses in ([vector, image], [image], [image, vector + 1], [image, 0]):
        with pytest.raises(Misuse):
            program.execute(addresses)
    with pytest.raises(Misuse, match="page-locked"):
        program.cuda.memcpy_htod_async(program.device[0], np.zeros(SHAPE, np.float32), program.stream)
    with pytest.raises(Misuse, match="bytes"):
        program.cuda.memcpy_htod_async(program.device[1], program.input, program.stream)


def test_objects_that_outlive_their_context_are_found(program):
    with pytest.raises(Misuse, match="alive when their context ended"):
        program.cuda_context.detach()
    program.cuda_context.pop()
    del program.context
    with pytest.raises(AssertionError, match="IExecutionContext was released"):
        program.gpu.check_empty()


def test_damaged_and_foreign_plans_are_refused(program):
    damaged = bytearray(program.plan)
    damaged[len(damaged) // 2] ^= 1
    for plan in (bytes(damaged), program.plan[:-1], b""):
        assert program.runtime.deserialize_cuda_engine(plan) is None
    program.gpu.name = "another GPU"
    assert program.runtime.deserialize_cuda_engine(program.plan) is None
