"""The network and the ONNX parser of the stand-ins for TensorRT; sources as in tensorrt_build.py."""

# ruff: noqa: F821  annotations name TensorRT's classes

from tests.fakes import plan
from tests.fakes.pybind import Setting, bare, documented, documented_property

_NEEDS_EXPLICIT = (  # onnx-tensorrt, ModelImporter.cpp
    "This version of the ONNX parser only supports TensorRT INetworkDefinitions with an explicit batch "
    "dimension. Please ensure the network was created using the EXPLICIT_BATCH NetworkDefinitionCreationFlag."
)


class INetworkDefinition:
    name = Setting(str, "Unnamed Network 0")

    @documented_property(rtx=False)
    def has_implicit_batch_dimension(self):
        return not self._state["explicit"]

    @documented_property()
    def num_inputs(self):
        return len(self._tensors("inputs"))

    @documented_property()
    def num_outputs(self):
        return len(self._tensors("outputs"))

    @documented()
    def get_input(self, index: int):
        return self._tensor("inputs", index)

    @documented()
    def get_output(self, index: int):
        return self._tensor("outputs", index)

    def _tensors(self, which):
        return getattr(self._state["network"], which, [])

    def _tensor(self, which, index):
        tensors = self._tensors(which)
        if not 0 <= index < len(tensors):
            logger = self._state["builder"].logger
            self._trt._say(logger, "ERROR", f"API Usage Error (Invalid network {which[:-1]} index: {index}.)")
            return None
        return bare(self._trt.ITensor, tensor=tensors[index])


class ITensor:
    """To look at; the real one can be changed."""

    @documented_property()
    def name(self):
        return self._state["tensor"].name

    @documented_property()
    def shape(self):
        return self._trt.Dims(self._state["tensor"].shape)

    @documented_property()
    def dtype(self):
        return getattr(self._trt.DataType, self._state["tensor"].kind)

    @documented_property()
    def is_network_input(self):
        return self._state["tensor"].is_input

    @documented_property()
    def is_network_output(self):
        return not self._state["tensor"].is_input


class OnnxParser:
    @documented()
    def __init__(self, network: "INetworkDefinition", logger: "ILogger"):
        self._state = {"network": network, "logger": logger, "errors": []}

    @documented()
    def parse(self, model: "buffer", path: "path" = None):
        state, onnx = self._state["network"]._state, bytes(model)
        try:
            network = plan.Network(onnx)
        except Exception as error:
            return self._fail("MODEL_DESERIALIZE_FAILED", f"Failed to parse the ONNX model. {error}")
        kinds = [tensor.kind for tensor in network.inputs + network.outputs]
        unknown = [kind for kind in kinds if not hasattr(self._trt.DataType, kind)]
        if not state["explicit"]:
            return self._fail("INVALID_VALUE", _NEEDS_EXPLICIT)
        if unknown:
            return self._fail("UNSUPPORTED_NODE", f"Unsupported data type: {unknown[0]}")
        state["network"], state["onnx"] = network, onnx
        return True

    @documented()
    def parse_from_file(self, model: str):
        with open(model, "rb") as file:
            return self.parse(file.read())

    @documented_property()
    def num_errors(self):
        return len(self._state["errors"])

    @documented()
    def get_error(self, index: int):
        errors = self._state["errors"]
        if not 0 <= index < len(errors):
            self._trt._say(self._state["logger"], "ERROR", "vector::_M_range_check")
            return None
        return errors[index]

    @documented()
    def clear_errors(self):
        self._state["errors"].clear()

    def _fail(self, code, text):
        error = bare(self._trt.ParserError, code=code, desc=text)
        self._state["errors"].append(error)
        self._trt._say(self._state["logger"], "ERROR", repr(error))
        return False


class ParserError:
    """All of it are methods, not attributes."""

    @documented()
    def code(self):
        return getattr(self._trt.ErrorCode, self._state["code"])

    @documented()
    def desc(self):
        return self._state["desc"]

    @documented()
    def file(self):
        return "ModelImporter.cpp"

    @documented()
    def func(self):
        return "parse"

    @documented()
    def line(self):
        return 1

    @documented()
    def node(self):
        return -1

    @documented(since=(10,))
    def node_name(self):
        return ""

    @documented(since=(10,))
    def node_operator(self):
        return ""

    def __repr__(self):
        return f"In node -1 (parse): {self._state['code']}: {self._state['desc']}"
