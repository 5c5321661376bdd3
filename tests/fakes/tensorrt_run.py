"""The running half of the stand-ins for TensorRT: runtime, engine, execution context.

Each name says since which version NVIDIA has it, and until which; sources as in tensorrt_build.py. The names
of tensors (``get_tensor_name`` …) came in 8.5, the bindings (``get_binding_name`` …) went in 10.
"""

# ruff: noqa: F821  annotations name TensorRT's classes

from tests.fakes import plan
from tests.fakes.pybind import Setting, bare, documented, documented_property
from tests.fakes.tensorrt_execution import Execution


class Runtime:
    max_threads = Setting(int, 1, since=(8, 5))
    engine_host_code_allowed = Setting(bool, False, since=(8, 6))
    DLA_core = Setting(int, -1)

    @documented()
    def __init__(self, logger: "ILogger"):
        self._state = {"logger": logger}
        self._trt._gpu.adopt(self, "Runtime")

    @documented_property()
    def logger(self):
        return self._state["logger"]

    @documented_property()
    def num_DLA_cores(self):  # noqa: N802
        return 0

    @documented()
    def deserialize_cuda_engine(self, serialized_engine: "buffer"):
        trt, gpu, content = self._trt, self._trt._gpu, bytes(serialized_engine)
        gpu.context_for("deserialize_cuda_engine")
        gpu.note_plan(content)
        found = plan.read_plan(content)
        objection = self._objection(found)
        if objection:
            trt._say(self.logger, "ERROR", f"IRuntime::deserializeCudaEngine: Error Code 1: {objection}")
            return None
        header, onnx = found
        engine = bare(trt.ICudaEngine, runtime=self, plan=content, header=header, network=plan.Network(onnx))
        gpu.adopt(engine, "ICudaEngine", len(content))
        return engine

    def _objection(self, found):
        """Why TensorRT would not load a plan."""
        gpu, identity = self._trt._gpu, self._trt._identity()
        if gpu.refuses_plan():
            return "Internal Error (stand-in)"
        if found is None:
            return "Serialization assertion magicTagRead == kMAGIC_TAG failed. Magic tag does not match"
        version, device = found[0]["tensorrt"], found[0]["device"]
        if version != identity["tensorrt"]:
            return (
                "Serialization assertion stdVersionRead == serializationVersion failed: "
                "serialized engine version mismatch. "
                f"Note: Current Version: {identity['tensorrt']}, Serialized Engine Version: {version}"
            )
        if device != identity["device"]:
            return (
                "The engine plan file is generated on an incompatible device, "
                f"expecting {identity['device']} got {device}, please rebuild."
            )
        return ""


class ICudaEngine:
    @property
    def _tensors(self):
        return self._state["network"].inputs + self._state["network"].outputs

    def _complain(self, text):
        self._trt._say(self._state["runtime"].logger, "ERROR", f"API Usage Error ({text})")

    def _named(self, name):
        for tensor in self._tensors:
            if tensor.name == name:
                return tensor
        return self._complain(f"no input or output tensor is called {name!r}")

    def _numbered(self, index):
        if isinstance(index, str):
            return self._named(index)
        if 0 <= index < len(self._tensors):
            return self._tensors[index]
        return self._complain(f"index {index} is out of range")

    def _dtype(self, tensor):
        return getattr(self._trt.DataType, tensor.kind) if tensor else self._trt.DataType.FLOAT

    def _dims(self, tensor):
        return self._trt.Dims(tensor.shape) if tensor else self._trt.Dims()

    @documented_property()
    def name(self):
        return "Unnamed Network 0"

    @documented_property()
    def num_layers(self):
        return 1

    @documented_property()
    def num_optimization_profiles(self):
        return 1

    @documented_property()
    def refittable(self):
        return False

    @documented_property(until=(11,))
    def device_memory_size(self):
        return self._trt._gpu.activation_bytes

    @documented_property(since=(10, 1))
    def device_memory_size_v2(self):
        return self._trt._gpu.activation_bytes

    @documented_property(until=(11,))
    def has_implicit_batch_dimension(self):
        return False

    @documented()
    def serialize(self):
        return self._trt._host_memory(self._state["plan"])

    @documented(until=(10,))
    def create_execution_context(self):
        return self._create()

    @documented(since=(10,), name="create_execution_context")
    def _create_with(self, strategy: "ExecutionContextAllocationStrategy" = None):
        if strategy not in (None, self._trt.ExecutionContextAllocationStrategy.STATIC):
            raise self._trt._gpu.misuse(f"the stand-in has no {strategy}")
        return self._create()

    def _create(self):
        trt, gpu = self._trt, self._trt._gpu
        gpu.context_of(self)
        if gpu.activation_bytes > gpu.memory_free:
            logger = self._state["runtime"].logger
            trt._say(logger, "ERROR", "Error Code 2: OutOfMemory (no further information)")
            return None
        context = bare(trt.IExecutionContext, engine=self, addresses={})
        gpu.adopt(context, "IExecutionContext", gpu.activation_bytes)
        return context

    # Bindings, until 10.

    @documented_property(until=(10,))
    def num_bindings(self):
        return len(self._tensors)

    @documented_property(until=(10,))
    def max_batch_size(self):
        return 1

    @documented(until=(10,))
    def __len__(self):
        return len(self._tensors)

    @documented(until=(10,))
    def __getitem__(self, index: "int|str"):
        return self.get_binding_index(index) if isinstance(index, str) else self.get_binding_name(index)

    @documented(until=(10,))
    def get_binding_name(self, index: int):
        return getattr(self._numbered(index), "name", None)

    @documented(until=(10,))
    def get_binding_index(self, name: str):
        return next((index for index, tensor in enumerate(self._tensors) if tensor.name == name), -1)

    @documented(until=(10,))
    def get_binding_shape(self, index: "int|str"):
        return self._dims(self._numbered(index))

    @documented(until=(10,))
    def get_binding_dtype(self, index: "int|str"):
        return self._dtype(self._numbered(index))

    @documented(until=(10,))
    def binding_is_input(self, index: "int|str"):
        return getattr(self._numbered(index), "is_input", False)

    # Names, since 8.5.

    @documented_property(since=(8, 5))
    def num_io_tensors(self):
        return len(self._tensors)

    @documented(since=(8, 5))
    def get_tensor_name(self, index: int):
        return getattr(self._numbered(index), "name", None)

    @documented(since=(8, 5))
    def get_tensor_shape(self, name: str):
        return self._dims(self._named(name))

    @documented(since=(8, 5))
    def get_tensor_dtype(self, name: str):
        return self._dtype(self._named(name))

    @documented(since=(8, 5))
    def get_tensor_mode(self, name: str):
        tensor, modes = self._named(name), self._trt.TensorIOMode
        return modes.NONE if tensor is None else modes.INPUT if tensor.is_input else modes.OUTPUT


class IExecutionContext:
    name = Setting(str, "")

    @documented_property()
    def engine(self):
        return self._state["engine"]

    @documented_property()
    def active_optimization_profile(self):
        return 0

    @documented_property()
    def all_binding_shapes_specified(self):
        return True

    @documented()
    def execute_v2(self, bindings: "[int]"):
        execution = Execution(self, self._by_number(bindings))
        return execution.is_ready() and execution.run_now()

    @documented(until=(10,))
    def execute_async_v2(self, bindings: "[int]", stream_handle: "size", input_consumed=None):
        execution = Execution(self, self._by_number(bindings))
        return execution.is_ready() and execution.enqueue(stream_handle)

    @documented(since=(8, 5))
    def execute_async_v3(self, stream_handle: "size"):
        execution = Execution(self, self._state["addresses"])
        return execution.is_ready() and execution.enqueue(stream_handle)

    @documented(since=(8, 5))
    def set_tensor_address(self, name: str, memory: "size"):
        if self._state["engine"]._named(name) is None:
            return False
        self._state["addresses"][name] = int(memory)
        return True

    @documented(since=(8, 5))
    def get_tensor_address(self, name: str):
        return self._state["addresses"].get(name, 0)

    @documented(since=(8, 5))
    def get_tensor_shape(self, name: str):
        return self._state["engine"].get_tensor_shape(name)

    @documented(until=(10,))
    def get_binding_shape(self, binding: int):
        return self._state["engine"].get_binding_shape(binding)

    def _by_number(self, bindings):
        tensors = self._state["engine"]._tensors
        if len(bindings) != len(tensors):
            raise self._trt._gpu.misuse(f"expected {len(tensors)} bindings. Received: {len(bindings)}")
        return {tensor.name: int(address) for tensor, address in zip(tensors, bindings)}
