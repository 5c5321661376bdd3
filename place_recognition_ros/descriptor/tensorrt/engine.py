"""The TensorRT engine, for a Jetson and other NVIDIA GPUs."""

import logging
import threading
from typing import Any, Dict, List

import numpy as np

from place_recognition_ros.descriptor.engine import Engine, Port
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.tensorrt.library import Gpu, Library
from place_recognition_ros.errors import EngineError

_log = logging.getLogger(__name__)

_OF_THE_CONTEXT = (
    *("_context", "_device_output", "_device_input", "_output", "input", "_stream"),
    *("_ports", "_engine", "_runtime"),
)


class _Bindings:
    """Ports by number: TensorRT 8.0 to 8.4."""

    def __init__(self, engine: Any, trt: Any) -> None:
        self.inputs: List[Port] = []
        self.outputs: List[Port] = []
        self._names: List[str] = []
        for number in range(engine.num_bindings):
            name, shape = engine.get_binding_name(number), tuple(engine.get_binding_shape(number))
            ports = self.inputs if engine.binding_is_input(number) else self.outputs
            ports.append(Port(name, shape, _dtype_name(engine.get_binding_dtype(number), trt)))
            self._names.append(name)
        self._addresses: List[int] = []

    def bind(self, _: Any, addresses: Dict[str, int]) -> None:
        self._addresses = [addresses[name] for name in self._names]

    def enqueue(self, context: Any, stream: int) -> bool:
        return context.execute_async_v2(self._addresses, stream)


class _NamedTensors:
    """Ports by name: TensorRT 8.5 and newer, TensorRT for RTX."""

    def __init__(self, engine: Any, trt: Any) -> None:
        self.inputs: List[Port] = []
        self.outputs: List[Port] = []
        for number in range(engine.num_io_tensors):
            name = engine.get_tensor_name(number)
            is_input = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
            ports = self.inputs if is_input else self.outputs
            shape = tuple(engine.get_tensor_shape(name))
            ports.append(Port(name, shape, _dtype_name(engine.get_tensor_dtype(name), trt)))

    def bind(self, context: Any, addresses: Dict[str, int]) -> None:
        for name, address in addresses.items():
            context.set_tensor_address(name, address)

    def enqueue(self, context: Any, stream: int) -> bool:
        return context.execute_async_v3(stream)


class TensorRTEngine(Engine):
    """A model on the GPU. Open, infer and close in one thread, because a CUDA context belongs to it.

    Images and descriptors pass through page-locked memory, which the GPU reads and writes by itself; one
    stream keeps the copy, the network and the copy back in order.

    Args:
        library: TensorRT and PyCUDA.
        gpu: its context is current; :meth:`close` closes it too.
        card: the model's card.
        plan: what the builder made for this GPU and this version of TensorRT, unchanged.

    Raises:
        EngineError: if TensorRT refuses the plan, the plan has other ports than the card states, or the GPU
            has too little memory. The GPU's context is still open then.
    """

    def __init__(self, library: Library, gpu: Gpu, card: ModelCard, plan: bytes) -> None:
        self.name = f"{library.version}, {gpu.name}"
        self._library, self._gpu, self._thread = library, gpu, threading.get_ident()
        try:
            self._load(plan, card)
            self.infer(np.zeros_like(self.input))  # the first run loads kernels and takes many times longer
        except EngineError:
            self.release()
            raise

    def _load(self, plan: bytes, card: ModelCard) -> None:
        trt, cuda, logger = self._library
        self._runtime = trt.Runtime(logger)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise EngineError(f"expected a plan that TensorRT can load. Received: {logger.last_error}")
        kind = _NamedTensors if hasattr(self._engine, "num_io_tensors") else _Bindings
        self._ports: Any = kind(self._engine, trt)
        self.check_ports(card, self._ports.inputs, self._ports.outputs)
        (source,), (result,) = self._ports.inputs, self._ports.outputs
        try:
            self._stream = cuda.Stream()
            self.input = cuda.pagelocked_empty(source.shape, np.float32)
            self._output: np.ndarray = cuda.pagelocked_empty(result.shape, np.float32)
            self._device_input = cuda.mem_alloc(self.input.nbytes)
            self._device_output = cuda.mem_alloc(self._output.nbytes)
        except cuda.Error as error:
            raise EngineError(f"expected memory on the GPU. Received: {error}") from error
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineError(f"expected memory on the GPU. Received: {logger.last_error}")
        addresses = {source.name: int(self._device_input), result.name: int(self._device_output)}
        self._ports.bind(self._context, addresses)

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        self._refuse_other_threads()
        if not hasattr(self, "input"):
            raise EngineError("expected an open engine. Received: an image after close()")
        if tensor is not self.input:
            np.copyto(self.input, tensor)
        cuda, stream = self._library.cuda, self._stream
        try:
            cuda.memcpy_htod_async(self._device_input, self.input, stream)
            enqueued = self._ports.enqueue(self._context, stream.handle)
            cuda.memcpy_dtoh_async(self._output, self._device_output, stream)
            stream.synchronize()
        except cuda.Error as error:
            raise EngineError(f"expected a result of the GPU. Received: {error}") from error
        if not enqueued:
            raise EngineError(f"expected a result of TensorRT. Received: {self._library.logger.last_error}")
        return self._output[0].copy()

    def close(self) -> None:
        """Release everything, the CUDA context last."""
        self._refuse_other_threads()
        self.release()
        self._gpu.close()

    def release(self) -> None:
        """Release everything that belongs to the CUDA context, the newest first."""
        for name in _OF_THE_CONTEXT:
            self.__dict__.pop(name, None)

    def _refuse_other_threads(self) -> None:
        if threading.get_ident() != self._thread:
            raise EngineError(
                "expected the thread that opened the engine: a CUDA context belongs to it. "
                f"Received: thread '{threading.current_thread().name}'"
            )


def _dtype_name(dtype: Any, trt: Any) -> str:
    return "float32" if dtype == trt.DataType.FLOAT else str(dtype)
