"""The stand-ins for TensorRT and PyCUDA: right programs run, wrong ones do not."""

import gc
import importlib
import sys
import threading

import numpy as np
import pytest

from tests.fakes.cuda_parts import LaunchError, LogicError, Misuse
from tests.fakes.program import SHAPE, Machine

VERSIONS = ["8.0.1.6", "8.2.1.8", "8.4.1.5", "8.6.1", "10.3.0", "11.0.0", "rtx"]
HALF = [version for version in VERSIONS if version not in ("11.0.0", "rtx")]


@pytest.fixture
def start(monkeypatch):
    return lambda version="8.2.1.8": Machine(monkeypatch, version)


@pytest.fixture
def machine(start):
    return start()


@pytest.fixture
def tensor(rng):
    return rng.random(SHAPE).astype(np.float32)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_right_program_gets_the_answer_of_onnx_runtime(start, version, tensor):
    machine = start(version)
    session = machine.open(half=False)
    for picture in (tensor, 2 * tensor):
        np.testing.assert_allclose(session.infer(picture), machine.expected(picture), rtol=1e-5)
    assert (machine.gpu.builds, machine.gpu.executions, len(machine.gpu.deserialized)) == (1, 2, 1)
    assert machine.gpu.threads == {threading.get_ident()}
    assert machine.gpu.context_flags == [4]
    session.close()
    machine.context.pop()
    machine.context.detach()
    machine.gpu.check_empty()
    assert not machine.logger.errors()


@pytest.mark.parametrize("version", VERSIONS)
def test_half_precision_rounds_where_there_is_a_flag_for_it(start, version, tensor):
    machine = start(version)
    answer, expected = machine.open().infer(tensor), machine.expected(tensor)
    np.testing.assert_allclose(answer, expected, atol=2e-3)
    rounded = answer.astype(np.float16).astype(np.float32)
    assert np.array_equal(answer, rounded) == (version in HALF)
    machine.gpu.half_precision_error = 1.0
    noisy = machine.open().infer(tensor)
    assert (np.abs(noisy - expected).max() > 0.1) == (version in HALF)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_nobody_waited_for_is_not_there(start, version, tensor):
    session = start(version).open()
    session.input[:] = tensor
    session.enqueue()
    assert np.isnan(session.output).all()
    assert not session.stream.is_done()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_read_is_what_is_there_when_the_stream_runs(start, version, tensor):
    machine = start(version)
    session = machine.open(half=False)
    session.input[:] = 0
    session.enqueue()
    session.input[:] = tensor
    session.stream.synchronize()
    np.testing.assert_allclose(session.output, machine.expected(tensor), rtol=1e-5)


def test_without_a_context_cuda_refuses(machine, tensor):
    session = machine.open()
    machine.context.pop()
    for call in (
        session.stream.synchronize,
        machine.cuda.mem_get_info,
        machine.cuda.Stream,
        machine.context.pop,
    ):
        with pytest.raises(LogicError, match="invalid device context"):
            call()
    for call in (lambda: machine.cuda.mem_alloc(4), lambda: session.infer(tensor)):
        with pytest.raises(LogicError, match="invalid device context"):
            call()
    with pytest.raises(Misuse, match="expected a current CUDA context"):
        machine.trt.Runtime(machine.logger)


def test_a_context_belongs_to_a_thread(machine, tensor):
    session, caught = machine.open(), []

    def infer(push):
        try:
            if push:
                machine.context.push()
            session.infer(tensor)
        except LogicError as error:
            caught.append(error)
        if push:
            machine.context.pop()

    for push in (False, True):
        thread = threading.Thread(target=infer, args=[push])
        thread.start()
        thread.join()
        assert len(caught) == 1
    assert machine.gpu.threads > {threading.get_ident()}  # though the second was right: it pushed


def test_objects_of_another_context_are_refused(machine, tensor):
    session = machine.open()
    machine.cuda.Device(0).make_context()
    for call in (session.execute, session.stream.synchronize, session.engine.create_execution_context):
        with pytest.raises(Misuse):
            call()
    with pytest.raises(Misuse):
        machine.cuda.memcpy_htod(session.device[0], tensor)


@pytest.mark.parametrize("direction", ["htod", "dtoh"])
def test_wrong_copies_are_refused(machine, direction):
    session, cuda = machine.open(), machine.cuda
    locked = cuda.pagelocked_empty((2,) + SHAPE, np.float32)

    def copy(array, stream=session.stream, memory=session.device[0]):
        if direction == "htod":
            cuda.memcpy_htod_async(memory, array, stream)
        else:
            cuda.memcpy_dtoh_async(array, memory, stream)

    copy(locked[0])  # a view is right
    with pytest.raises(Misuse, match="page-locked"):
        copy(np.zeros(SHAPE, np.float32))
    for wrong in (locked, locked[0, :, :1], locked[0].astype(np.float64)):
        with pytest.raises(Misuse, match="bytes"):
            copy(wrong)
    with pytest.raises(ValueError, match="contiguous"):
        copy(locked.reshape(2, -1)[:, ::2])
    with pytest.raises(Misuse, match="Fortran"):
        copy(cuda.pagelocked_empty((2, 9), np.float32, "F"))
    with pytest.raises(Misuse, match="expected a stream"):
        copy(locked[0], stream=None)
    with pytest.raises(Misuse, match="expected an address"):
        copy(locked[0], memory=int(session.device[0]) + 4)
    for wrong in ({"stream": session.stream.handle}, {"memory": 1.5}):
        with pytest.raises(TypeError):
            copy(locked[0], **wrong)


def test_another_type_of_the_same_size_is_refused(machine):
    session = machine.open()
    session.input = machine.cuda.pagelocked_zeros(SHAPE, np.int32)
    session.enqueue()
    with pytest.raises(Misuse, match=r"expected float32 for tensor 'image'. Received: int32"):
        session.stream.synchronize()
    session.input, session.output = (
        machine.cuda.pagelocked_zeros(SHAPE, np.float32),
        session.output.view(np.int32),
    )
    session.enqueue()
    with pytest.raises(Misuse, match=r"expected an array of float32, as was written. Received: int32"):
        session.stream.synchronize()


@pytest.mark.parametrize("version", VERSIONS)
def test_wrong_addresses_are_refused(start, version):
    machine = start(version)
    session = machine.open()
    image, vector = (int(memory) for memory in session.device)
    small = machine.cuda.mem_alloc(4)
    for wrong in ([vector, image], [image, image], [image, int(small)], [image, vector + 1], [image, 77]):
        with pytest.raises(Misuse):
            session.execute(wrong)
    assert not session.execute([0, vector])
    assert "Address is not set" in machine.logger.errors()[-1]
    small.free()
    with pytest.raises(Misuse, match="expected an address of live device memory"):
        session.execute([image, int(small)])
    if version in ("8.0.1.6", "8.2.1.8", "8.4.1.5"):
        with pytest.raises(Misuse, match=r"expected 2 bindings. Received: 1"):
            session.execute([image])
    else:
        assert not session.context.set_tensor_address("picture", image)
        session.execute()
        with pytest.raises(Misuse, match="expected the handle of a live stream"):
            session.context.execute_async_v3(0)


def test_what_is_freed_is_not_used_again(machine, tensor):
    session = machine.open()
    session.enqueue()
    session.output = None  # PyCUDA does not keep it alive, the stream still writes to it
    with pytest.raises(Misuse, match="host memory was freed before the stream was done with it"):
        session.stream.synchronize()
    session.execute()
    session.context = None
    with pytest.raises(Misuse, match="IExecutionContext was destroyed before the stream was done with it"):
        session.stream.synchronize()
    session.device[0].free()
    with pytest.raises(LogicError, match="invalid resource handle"):
        session.device[0].free()
    with pytest.raises(Misuse):
        machine.cuda.memcpy_htod(session.device[0], tensor)


def test_nothing_is_used_after_the_context(machine, tensor):
    stream, memory = machine.cuda.Stream(), machine.cuda.mem_alloc(tensor.nbytes)
    array = machine.cuda.pagelocked_zeros(SHAPE, np.float32)
    machine.context.detach()
    assert np.isnan(array).all()
    with pytest.raises(LogicError):
        machine.context.detach()
    machine.cuda.Device(0).make_context()
    with pytest.raises(Misuse):
        stream.synchronize()
    with pytest.raises(Misuse):
        machine.cuda.memcpy_htod(memory, tensor)


def test_tensorrt_must_not_outlive_its_context(machine):
    session = machine.open()
    with pytest.raises(Misuse, match="1 ICudaEngine, 1 IExecutionContext, 1 Runtime"):
        machine.context.detach()
    machine.context.pop()
    session.close()
    gc.collect()
    assert "TensorRT's Runtime was destroyed where its context is not current" in machine.gpu.misuses


def test_a_misuse_is_not_lost(machine):
    try:
        machine.cuda.memcpy_htod(1, np.zeros(1))
    except Exception as error:
        print(error)
    with pytest.raises(AssertionError, match="expected an address of live device memory"):
        machine.gpu.check()


def test_autoinit_is_refused(machine):
    with pytest.raises(Misuse, match="do not use it"):
        importlib.import_module("pycuda.autoinit")
    assert "pycuda.autoinit" not in sys.modules


def test_memory_is_counted(machine):
    cuda, gpu = machine.cuda, machine.gpu
    free, total = cuda.mem_get_info()
    memory, array = cuda.mem_alloc(1000), cuda.pagelocked_empty(10, np.float64)
    assert (gpu.bytes["device"], gpu.bytes["host"]) == (1000, 80)
    assert cuda.mem_get_info() == (free - 1080, total)
    view = array[2:].reshape(2, 4)
    del array
    assert gpu.bytes["host"] == 80  # the view keeps it
    del memory, view
    assert gpu.bytes["device"] == gpu.bytes["host"] == 0
    gpu.memory_free = 99
    for call in (lambda: cuda.mem_alloc(100), lambda: cuda.pagelocked_empty(100, np.uint8)):
        with pytest.raises(cuda.MemoryError, match="out of memory"):
            call()
    for wrong in (np.int64(4), 4.0, True):
        with pytest.raises(TypeError):
            cuda.mem_alloc(wrong)
    assert issubclass(cuda.MemoryError, cuda.Error)
    assert LaunchError is cuda.LaunchError
