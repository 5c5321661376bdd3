"""The running half of the fakes of TensorRT: runtime, engine, execution context.

Tensors have numbers (bindings) until TensorRT 9, and names since 8.5. Sources as in tensorrt_build.py.
"""

import weakref

import numpy as np

from tests.fakes import plan
from tests.fakes.tensorrt_build import Closed, require


class Runtime(Closed):
    __slots__ = ("_context", "_logger")

    def __init__(self, trt, logger):
        self._trt, self._logger = trt, require(logger, trt.ILogger)
        self._context = trt.gpu.adopt(self, "Runtime")

    def deserialize_cuda_engine(self, serialized_engine):
        trt, content = self._trt, require(serialized_engine, bytes)
        trt.gpu.context_for_tensorrt("Runtime", self._context)
        trt.gpu.deserialized.append(content)
        found = plan.read_plan(content)
        if trt.gpu.refuses_plan() or found is None:
            return self._refuse("Serialization assertion failed: magic tag does not match")
        header, onnx = found
        precision = header.pop("precision")
        if header != trt.identity():
            return self._refuse(f"engine plan of another version or device: {header}")
        return trt.ICudaEngine(trt, self, plan.Network(onnx), precision)

    def _refuse(self, text):
        self._log(self._logger, "ERROR", f"IRuntime::deserializeCudaEngine: Error Code 1: {text}")


class ICudaEngine(Closed):
    """Without what only some versions have."""

    __slots__ = ("_context", "_network", "_precision", "_runtime")

    def __init__(self, trt, runtime, network, precision):
        self._trt, self._runtime, self._network, self._precision = trt, runtime, network, precision
        self._context = trt.gpu.adopt(self, "ICudaEngine")

    def create_execution_context(self):
        self._trt.gpu.context_for_tensorrt("ICudaEngine", self._context)
        if self._trt.gpu.fail_context:
            return None
        return self._trt.IExecutionContext(self._trt, self)


class NumberedEngine:
    """Until TensorRT 9."""

    __slots__ = ()

    @property
    def num_bindings(self):
        return len(self._network.tensors)

    def get_binding_name(self, index):
        return self._network.tensors[index].name

    def get_binding_shape(self, index):
        return list(self._network.tensors[index].shape)

    def get_binding_dtype(self, index):
        return self._trt.DataType[self._network.tensors[index].kind]

    def binding_is_input(self, index):
        return self._network.tensors[index].is_input


class NamedEngine:
    """Since TensorRT 8.5."""

    __slots__ = ()

    @property
    def num_io_tensors(self):
        return len(self._network.tensors)

    def get_tensor_name(self, index):
        return self._network.tensors[index].name

    def get_tensor_shape(self, name):
        return list(self._named(name).shape)

    def get_tensor_dtype(self, name):
        return self._trt.DataType[self._named(name).kind]

    def get_tensor_mode(self, name):
        return self._trt.TensorIOMode["INPUT" if self._named(name).is_input else "OUTPUT"]

    def _named(self, name):
        return next(tensor for tensor in self._network.tensors if tensor.name == require(name, str))


class IExecutionContext(Closed):
    """Without what only some versions have."""

    __slots__ = ("_addresses", "_context", "_engine")

    def __init__(self, trt, engine):
        self._trt, self._engine, self._addresses = trt, engine, {}
        self._context = trt.gpu.adopt(self, "IExecutionContext")

    def _enqueue(self, addresses, stream_handle):
        """Check the arguments and enqueue the network. As in TensorRT, the queue keeps nothing alive."""
        gpu, network, precision = self._trt.gpu, self._engine._network, self._engine._precision
        gpu.context_for_tensorrt("IExecutionContext", self._context)
        queue, blocks = gpu.queue(require(stream_handle, int)), {}
        for tensor in network.tensors:
            block = blocks[tensor.name] = gpu.device_block(addresses.get(tensor.name))
            if block.size != tensor.nbytes:
                raise gpu.misuse(
                    f"expected {tensor.nbytes} bytes for '{tensor.name}'. Received: {block.size}"
                )
        if gpu.fail_execute:
            self._log(self._engine._runtime._logger, "ERROR", "IExecutionContext::enqueue: Error Code 1")
            return False
        context = weakref.ref(self)

        def run():
            if context() is None:
                raise gpu.misuse("an IExecutionContext was released before the stream had finished with it")
            gpu.executions += 1
            _run(gpu, network, precision, blocks)

        queue.append(run)
        return True


def _run(gpu, network, precision, blocks):
    inputs = [tensor for tensor in network.tensors if tensor.is_input]
    feeds = {
        each.name: gpu.memory_of(blocks[each.name]).view(each.dtype).reshape(each.shape).copy()
        for each in inputs
    }
    for name, result in network.run(feeds).items():
        if precision == "fp16" and result.dtype == np.float32:
            result = gpu.round_to_half(result)
        gpu.memory_of(blocks[name])[:] = np.ascontiguousarray(result).reshape(-1).view(np.uint8)


class NumberedContext:
    """Until TensorRT 9."""

    __slots__ = ()

    def execute_async_v2(self, bindings, stream_handle):
        names = [tensor.name for tensor in self._engine._network.tensors]
        if len(require(bindings, list)) != len(names):
            raise self._trt.gpu.misuse(f"expected {len(names)} bindings. Received: {len(bindings)}")
        return self._enqueue(dict(zip(names, bindings)), stream_handle)


class NamedContext:
    """Since TensorRT 8.5."""

    __slots__ = ()

    def set_tensor_address(self, name, memory):
        if require(name, str) not in [tensor.name for tensor in self._engine._network.tensors]:
            return False
        self._addresses[name] = require(memory, int)
        return True

    def execute_async_v3(self, stream_handle):
        return self._enqueue(self._addresses, stream_handle)
