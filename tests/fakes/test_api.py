"""The names of each version of TensorRT's stand-in, what it refuses, its files and its faults."""

import inspect
import re
import time

import numpy as np
import pytest

from tests.descriptor import conftest as onnx_file
from tests.fakes.cuda_parts import LaunchError
from tests.fakes.gpu import Gpu
from tests.fakes.program import SHAPE, Machine, Session, make_logger
from tests.fakes.tensorrt import make_tensorrt

ALL = ("8.0.1.6", "8.2.1.8", "8.4.1.5", "8.6.1", "10.3.0", "11.0.0", "rtx")
LATER, OLD, TYPED = ALL[3:], ALL[:4], ALL[5:]
PRESENT = {  # where it is: in the versions named
    "IExecutionContext.execute_async_v2": OLD,
    "IExecutionContext.execute_async_v3": LATER,
    "IExecutionContext.set_tensor_address": LATER,
    "IExecutionContext.execute_v2": ALL,
    "IExecutionContext.execute_async": (),
    "ICudaEngine.num_bindings": OLD,
    "ICudaEngine.get_binding_name": OLD,
    "ICudaEngine.binding_is_input": OLD,
    "ICudaEngine.__len__": OLD,
    "ICudaEngine.num_io_tensors": LATER,
    "ICudaEngine.get_tensor_mode": LATER,
    "ICudaEngine.device_memory_size": ALL[:5],
    "TensorIOMode": LATER,
    "IBuilderConfig.max_workspace_size": OLD,
    "IBuilderConfig.set_memory_pool_limit": ALL[2:],
    "MemoryPoolType.WORKSPACE": ALL[2:],
    "IBuilderConfig.builder_optimization_level": LATER,
    "BuilderFlag.FP16": ALL[:5],
    "BuilderFlag.STRICT_TYPES": OLD,
    "BuilderFlag.TF32": ALL,
    "NetworkDefinitionCreationFlag.EXPLICIT_BATCH": ALL[:5],
    "NetworkDefinitionCreationFlag.STRONGLY_TYPED": ALL[4:],
    "Builder.platform_has_fast_fp16": ALL[:5],
    "Builder.build_serialized_network": ALL,
    "Builder.build_engine": (),  # deprecated since 8.0
    "Builder.max_workspace_size": (),  # went in 8.0
    "DataType.INT64": ALL[4:],
    "Runtime.max_threads": LATER,
    "ParserError.node_name": ALL[4:],
}


def make(version):
    return make_tensorrt("1.7.1" if version == "rtx" else version, Gpu(), rtx=version == "rtx")


def has(trt, name):
    for part in name.split("."):
        if not hasattr(trt, part):
            return False
        trt = getattr(trt, part)
    return True


@pytest.fixture
def start(monkeypatch):
    return lambda version="8.2.1.8": Machine(monkeypatch, version)


@pytest.fixture
def machine(start):
    return start()


@pytest.mark.parametrize("version", ALL)
def test_a_version_has_its_names_and_no_others(version):
    trt = make(version)
    assert [name for name in PRESENT if has(trt, name)] == [
        name for name in PRESENT if version in PRESENT[name]
    ]
    assert trt.__name__ == ("tensorrt_rtx" if version == "rtx" else "tensorrt")


def test_other_versions_are_not_invented():
    for version in ("7.2.3", "12.0"):
        with pytest.raises(ValueError, match=r"expected a version from 8.0 to 11"):
            make(version)


def test_names_are_those_of_the_real_tensorrt_rtx():
    real, trt = pytest.importorskip("tensorrt_rtx_bindings", reason="the real thing is not here"), make("rtx")
    ours = {"nptype", "volume", "itemsize"}  # Python's, without a signature in its documentation
    for name in set(public(trt)) - ours:
        kind, its = getattr(trt, name), getattr(real, name)
        if hasattr(kind, "__members__"):
            numbers = {member: int(value) for member, value in its.__members__.items()}
            assert {member: int(value) for member, value in kind.__members__.items()} == numbers, name
        elif isinstance(kind, type):
            assert set(public(kind)) <= set(public(its)), name
            for member in public(kind):
                if inspect.isfunction(getattr(kind, member)):
                    arguments = list(inspect.signature(getattr(kind, member)).parameters)
                    assert arguments in signatures(member, getattr(its, member).__doc__), (name, member)


def public(thing):
    return [name for name in dir(thing) if not name.startswith("_")]


def signatures(name, documentation):
    """The names of the arguments of each overload that pybind11 documents."""
    found = re.findall(rf"(?:^|\. ){name}\((.*)\) -> ", documentation, re.M)
    return [re.findall(r"(?:^|, )(\w+): ", each) for each in found]


@pytest.mark.parametrize("version", ALL)
def test_wrong_arguments_are_refused(start, version):
    machine = start(version)
    trt, builder = machine.trt, machine.trt.Builder(machine.logger)
    config, network = builder.create_builder_config(), builder.create_network(1)
    for call in [
        trt.Builder,
        lambda: trt.Builder(None),
        lambda: trt.Builder("logger"),
        lambda: trt.Builder(log=machine.logger),
        trt.IBuilderConfig,
        trt.ICudaEngine,
        trt.IExecutionContext,
        trt.IHostMemory,
        lambda: builder.create_network(-1),
        lambda: builder.create_network(1.5),
        lambda: builder.create_network(flag=1),
        lambda: builder.build_serialized_network(network),
        lambda: builder.build_serialized_network(config, network),
        lambda: config.set_flag(0),
        lambda: config.set_timing_cache(None, False),
        lambda: config.set_timing_cache(config.create_timing_cache(b"")),
        lambda: config.create_timing_cache("text"),
        lambda: trt.OnnxParser(network, machine.logger).parse("text"),
        lambda: trt.Runtime(machine.logger).deserialize_cuda_engine("text"),
        lambda: 1 << trt.BuilderFlag.TF32,
        machine.logger.log,
        lambda: trt.Logger().log("ERROR", "text"),
        lambda: trt.Dims([1]) == trt.Dims([1]),
    ]:
        with pytest.raises(TypeError):
            call()
    for thing in (config, builder, trt.Logger(), trt.BuilderFlag.TF32):
        with pytest.raises(AttributeError):
            thing.anything = 1
        with pytest.raises(AttributeError):
            print(thing.anything)


def test_a_logger_must_make_its_base(machine):
    class Silent(machine.trt.ILogger):
        def __init__(self):
            self.heard = []

    with pytest.raises(TypeError, match="must be called when overriding"):
        Silent()
    assert machine.trt.ILogger.ERROR < machine.trt.ILogger.Severity.WARNING
    assert machine.trt.BuilderFlag.FP16 != 0


@pytest.mark.parametrize("version", OLD)
def test_a_network_without_explicit_batch_is_not_parsed(start, version):
    machine = start(version)
    network = machine.trt.Builder(machine.logger).create_network()
    parser = machine.trt.OnnxParser(network, machine.logger)
    assert not parser.parse(machine.onnx)
    assert "EXPLICIT_BATCH" in parser.get_error(0).desc()
    assert parser.get_error(0).code() == machine.trt.ErrorCode.INVALID_VALUE


@pytest.mark.parametrize("version", ALL)
def test_what_is_no_network_is_not_parsed_nor_built(start, version):
    machine = start(version)
    builder = machine.trt.Builder(machine.logger)
    network = builder.create_network(1)
    parser = machine.trt.OnnxParser(network, machine.logger)
    assert not parser.parse(b"no network")
    assert parser.num_errors == 1
    assert parser.get_error(0).node() == -1
    assert "Failed to parse" in parser.get_error(0).desc()
    assert parser.get_error(1) is None
    assert builder.build_serialized_network(network, builder.create_builder_config()) is None
    assert "at least one output" in machine.logger.errors()[-1]
    weights = np.ones((18, 4), np.float32)
    ports = {
        "inputs": [onnx_file.port("image", (0, 2, 3, 3))],
        "outputs": [onnx_file.port("descriptor", (0, 4))],
    }
    machine.onnx = onnx_file.model(weights, **ports)
    assert machine.build() is None
    assert "no optimization profile" in machine.logger.errors()[-1]


def test_a_plan_is_memory(machine, tmp_path):
    plan = machine.build()
    content = bytes(plan)
    assert plan.nbytes == len(content) == memoryview(plan).nbytes
    (tmp_path / "plan").write_bytes(plan)
    assert (tmp_path / "plan").read_bytes() == content
    assert not hasattr(plan, "__len__")
    assert machine.onnx in content


def test_only_sound_plans_of_this_machine_are_loaded(machine, rng):
    trt, logger, plan = machine.trt, machine.logger, bytes(machine.build())
    runtime = trt.Runtime(logger)
    damaged = bytearray(plan)
    damaged[rng.integers(len(plan))] ^= 1
    machine.gpu.compute_capability = (7, 2)
    other_gpu = bytes(machine.build())
    machine.gpu.compute_capability = (6, 2)
    trt.__version__ = "8.2.1.9"
    other_version = bytes(machine.build())
    trt.__version__ = "8.2.1.8"
    for wrong, words in [
        (damaged, "Magic tag"),
        (plan[:-1], "Magic tag"),
        (b"", "Magic tag"),
        (other_gpu, "incompatible device, expecting .* 6.2 got .* 7.2"),
        (other_version, "serialized engine version mismatch"),
    ]:
        assert runtime.deserialize_cuda_engine(wrong) is None
        assert re.search(words, logger.errors()[-1])
    assert runtime.deserialize_cuda_engine(plan) is not None
    assert len(machine.gpu.deserialized) == 6
    assert len(set(machine.gpu.deserialized)) == 6


@pytest.mark.parametrize("version", ALL)
def test_the_timing_cache_grows_and_is_for_one_device(start, version):
    machine = start(version)
    timings = []
    for half in (True, False, False):
        machine.build(half=half, timings=timings)
    sizes = [len(each) for each in timings]
    if version == "rtx":  # it does nothing there
        assert sizes[0] == sizes[2] and machine.gpu.known_timings == 0
    else:
        assert sizes[0] <= sizes[1] == sizes[2]
        assert machine.gpu.known_timings == (2 if version in TYPED else 1)
    config = machine.trt.Builder(machine.logger).create_builder_config()
    config.create_timing_cache(b"rubbish")
    assert machine.logger.heard[-1][0] == "WARNING"
    machine.gpu.name = "another GPU"
    cache = config.create_timing_cache(timings[0])
    assert not config.set_timing_cache(cache, False)
    assert "mismatch" in machine.logger.errors()[-1]
    assert config.set_timing_cache(cache, True)
    assert config.get_timing_cache() is cache


def test_faults_that_tests_ask_for(machine):
    gpu, cuda, plan = machine.gpu, machine.cuda, machine.build()
    gpu.fail_build = gpu.fail_deserialize = True
    assert machine.build() is None
    assert machine.trt.Runtime(machine.logger).deserialize_cuda_engine(plan) is None
    assert len(machine.logger.errors()) == 2
    gpu.fail_build, gpu.fail_deserialize = False, 1
    assert machine.trt.Runtime(machine.logger).deserialize_cuda_engine(plan) is None
    assert machine.trt.Runtime(machine.logger).deserialize_cuda_engine(plan) is not None

    session = machine.open()
    gpu.fail_execute = True
    assert not session.enqueue()
    gpu.fail_execute, gpu.fail_synchronize = False, True
    session.enqueue()
    with pytest.raises(LaunchError, match="cuStreamSynchronize failed: unspecified launch failure"):
        session.stream.synchronize()
    gpu.fail_synchronize, gpu.hang = False, 0.05
    began = time.monotonic()
    session.infer(np.zeros(SHAPE, np.float32))
    assert time.monotonic() - began >= 0.05

    gpu.memory_free = 1000
    assert session.engine.create_execution_context() is None
    assert "OutOfMemory" in machine.logger.errors()[-1]
    gpu.present = False
    with pytest.raises(cuda.Error, match="invalid device ordinal"):
        cuda.Device(0)
    gpu.check()


def test_it_does_not_grow(machine, rng):
    session = Session(machine.trt, machine.cuda, make_logger(machine.trt), machine.build())
    before = dict(machine.gpu.objects), dict(machine.gpu.bytes)
    for _ in range(1000):
        session.infer(rng.random(SHAPE).astype(np.float32))
    assert (dict(machine.gpu.objects), dict(machine.gpu.bytes)) == before
    assert machine.gpu.executions == 1000
