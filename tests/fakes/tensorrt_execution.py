"""One execution by the stand-ins for TensorRT: checked when it is asked for, done when it is waited for."""

import weakref

import numpy as np


class Execution:
    """What one call of ``execute_*`` asks for.

    Args:
        context: an IExecutionContext; it is not kept alive, TensorRT does not do that either.
        addresses: of device memory, by name of a tensor.
    """

    def __init__(self, context, addresses):
        engine = context._state["engine"]
        self._context, self._gpu = weakref.ref(context), context._trt._gpu
        self._network, self._header = engine._state["network"], engine._state["header"]
        self._addresses, self._blocks = addresses, {}

    def is_ready(self):
        """Whether TensorRT would take it; what it would take and then answer wrongly is a misuse."""
        self._gpu.context_of(self._context())
        engine = self._context()._state["engine"]
        for tensor in engine._tensors:
            address = self._addresses.get(tensor.name, 0)
            if address == 0:
                engine._complain(
                    f"Address is not set for tensor {tensor.name}. Call setTensorAddress before enqueue"
                )
                return False
            block = self._blocks[tensor.name] = self._gpu.block_at(address)
            if block.size != tensor.nbytes:
                raise self._gpu.misuse(
                    f"expected {tensor.nbytes} bytes for tensor '{tensor.name}'. Received: {block.size} bytes"
                )
        if len({block.address for block in self._blocks.values()}) != len(self._blocks):
            raise self._gpu.misuse("expected memory of its own for each tensor. Received: one address twice")
        if self._gpu.fail_execute:
            engine._complain("Error Code 1: Cuda Runtime (unspecified launch failure, stand-in)")
            return False
        return True

    def enqueue(self, stream_handle):
        self._gpu.stream_at(int(stream_handle)).queue.append(self._run)
        return True

    def run_now(self):
        for stream in list(self._gpu.current("cuStreamSynchronize").streams.values()):
            self._gpu.run(stream)
        self._run()
        return True

    def _run(self):
        if self._context() is None:
            raise self._gpu.misuse("an IExecutionContext was destroyed before the stream was done with it")
        network = self._network
        self._gpu.executions += 1
        feeds = {tensor.name: self._read(tensor) for tensor in network.inputs}
        half = self._header["precision"] == "fp16"
        for tensor, answer in zip(network.outputs, network.run(feeds)):
            if half and answer.dtype == np.float32:
                answer = answer.astype(np.float64)
                answer = (answer + self._gpu.noise(answer)).astype(np.float16).astype(np.float32)
            block = self._gpu.still(self._blocks[tensor.name])
            block.memory[:] = np.ascontiguousarray(answer).reshape(-1).view(np.uint8)
            block.dtype = np.dtype(tensor.dtype)

    def _read(self, tensor):
        block = self._gpu.still(self._blocks[tensor.name])
        if block.dtype not in (None, np.dtype(tensor.dtype)):
            raise self._gpu.misuse(
                f"expected {np.dtype(tensor.dtype)} for tensor '{tensor.name}'. Received: {block.dtype}"
            )
        return block.memory.view(tensor.dtype).reshape(tensor.shape).copy()
