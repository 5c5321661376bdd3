"""TensorRT, the engine on a Jetson and on other GPUs of NVIDIA."""

import logging
import threading
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.tensorrt_library import Gpu, Library
from place_recognition_ros.errors import EngineError

_log = logging.getLogger(__name__)

_OF_THE_CONTEXT = (
    *("_context", "_device_output", "_device_input", "_output", "input", "_stream"),
    *("_ports", "_engine", "_runtime"),
)


class Port(NamedTuple):
    """An input or output of a plan."""

    name: str
    is_input: bool
    shape: Tuple[int, ...]
    dtype: Any  # trt.DataType


class _Bindings:
    """Ports by number: TensorRT 8.0 to 8.4."""

    def __init__(self, engine: Any, _: Any) -> None:
        self.ports = [
            Port(
                engine.get_binding_name(number),
                engine.binding_is_input(number),
                tuple(engine.get_binding_shape(number)),
                engine.get_binding_dtype(number),
            )
            for number in range(engine.num_bindings)
        ]
        self._addresses: List[int] = []

    def bind(self, _: Any, addresses: Dict[str, int]) -> None:
        self._addresses = [addresses[port.name] for port in self.ports]

    def enqueue(self, context: Any, stream: int) -> bool:
        return context.execute_async_v2(self._addresses, stream)


class _NamedTensors:
    """Ports by name: TensorRT 8.5 and newer, TensorRT for RTX."""

    def __init__(self, engine: Any, trt: Any) -> None:
        names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
        self.ports = [
            Port(
                name,
                engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT,
                tuple(engine.get_tensor_shape(name)),
                engine.get_tensor_dtype(name),
            )
            for name in names
        ]

    def bind(self, context: Any, addresses: Dict[str, int]) -> None:
        for name, address in addresses.items():
            context.set_tensor_address(name, address)

    def enqueue(self, context: Any, stream: int) -> bool:
        return context.execute_async_v3(stream)


class TensorRTEngine:
    """Open, infer, close; all in one thread, for a CUDA context belongs to it.

    Pictures and vectors pass through page-locked memory, which the GPU reads and writes by itself; one
    stream keeps copy, network and copy in order.

    Args:
        library: TensorRT and PyCUDA.
        gpu: whose context is current; the engine closes it with itself.
        card: what the model expects and answers; checked once, here.
        plan: what the builder made, for this GPU and this version of TensorRT, and nobody changed since.

    Raises:
        EngineError: if TensorRT refuses the plan, or it has another input or output than the card, or the
            GPU's memory does not suffice. The GPU's context is still open then.
    """

    def __init__(self, library: Library, gpu: Gpu, card: ModelCard, plan: bytes) -> None:
        self.name = f"{library.version}, {gpu.name}"
        self._library, self._gpu, self._thread = library, gpu, threading.get_ident()
        try:
            self._load(plan, card)
            self.infer(np.zeros_like(self.input))  # the first run loads kernels and is many times slower
        except EngineError:
            self.release()
            raise

    def _load(self, plan: bytes, card: ModelCard) -> None:
        trt, cuda, logger = self._library
        self._runtime = trt.Runtime(logger)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise EngineError(f"expected a plan that TensorRT loads. Received: {logger.last_error}")
        kind = _NamedTensors if hasattr(self._engine, "num_io_tensors") else _Bindings
        self._ports: Any = kind(self._engine, trt)
        entrance, exit_ = _check_ports(self._ports.ports, card, trt.DataType.FLOAT)
        try:
            self._stream = cuda.Stream()
            self.input: np.ndarray = cuda.pagelocked_empty(entrance.shape, np.float32)
            """(1, H, W, C) float32: write the picture here and no copy is needed."""
            self._output: np.ndarray = cuda.pagelocked_empty(exit_.shape, np.float32)
            self._device_input = cuda.mem_alloc(self.input.nbytes)
            self._device_output = cuda.mem_alloc(self._output.nbytes)
        except cuda.Error as error:
            raise EngineError(f"expected memory on the GPU. Received: {error}") from error
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineError(f"expected memory on the GPU. Received: {logger.last_error}")
        addresses = {entrance.name: int(self._device_input), exit_.name: int(self._device_output)}
        self._ports.bind(self._context, addresses)

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        """(1, H, W, C) float32 ► (D,) float32; ``tensor`` may be :attr:`input` itself."""
        self._refuse_other_threads()
        if not hasattr(self, "input"):
            raise EngineError("expected an open engine. Received: a picture after it was closed")
        if tensor is not self.input:
            np.copyto(self.input, tensor)
        cuda, stream = self._library.cuda, self._stream
        try:
            cuda.memcpy_htod_async(self._device_input, self.input, stream)
            enqueued = self._ports.enqueue(self._context, stream.handle)
            cuda.memcpy_dtoh_async(self._output, self._device_output, stream)
            stream.synchronize()
        except cuda.Error as error:
            raise EngineError(f"expected an answer of the GPU. Received: {error}") from error
        if not enqueued:
            raise EngineError(f"expected an answer of TensorRT. Received: {self._library.logger.last_error}")
        return self._output[0].copy()

    def close(self) -> None:
        """Give everything back, the CUDA context last."""
        self._refuse_other_threads()
        self.release()
        self._gpu.close()

    def release(self) -> None:
        """Let go of all that lives in the CUDA context, the newest first."""
        for name in _OF_THE_CONTEXT:
            self.__dict__.pop(name, None)

    def _refuse_other_threads(self) -> None:
        if threading.get_ident() != self._thread:
            raise EngineError(
                "expected the thread that opened the engine: a CUDA context belongs to it. "
                f"Received: thread '{threading.current_thread().name}'"
            )


def _check_ports(ports: List[Port], card: ModelCard, float32: Any) -> Tuple[Port, Port]:
    """The input and the output, if they are what the card says."""
    spec = card.input
    inputs = [port for port in ports if port.is_input]
    outputs = [port for port in ports if not port.is_input]
    found = [(port.shape, port.dtype) for port in inputs + outputs]
    sizes = [(1, spec.height, spec.width, spec.channels), (1, card.descriptor_size)]
    if len(inputs) != 1 or found != [(size, float32) for size in sizes]:
        raise EngineError(
            f"expected one input and one output, float32 of {sizes}, as the card says. Received: {ports}"
        )
    return inputs[0], outputs[0]
