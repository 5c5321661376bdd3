"""The ONNX Runtime engine, for the CPU."""

from typing import Any, List

import numpy as np

from place_recognition_ros.descriptor.engine import Engine, Port
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.errors import EngineError


class OnnxEngine(Engine):
    """A model on the CPU.

    Args:
        card: the model's card.
        onnx: the model's bytes. The file is not read a second time, so that what runs is what was verified.
        threads: CPU threads of one inference.

    Raises:
        EngineError: if ONNX Runtime cannot load the model, or the model has other ports than its card states.
    """

    def __init__(self, card: ModelCard, onnx: bytes, threads: int = 1) -> None:
        try:
            import onnxruntime  # only where this engine is chosen
        except ImportError as error:
            raise EngineError(
                f"expected ONNX Runtime (requirements/runtime.txt). Received: {error}"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the cores to SLAM
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                onnx, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no other common base
            raise EngineError(f"expected a model that ONNX Runtime can load. Received: {error}") from error
        inputs = _ports(self._session.get_inputs())
        self.check_ports(card, inputs, _ports(self._session.get_outputs()))
        self._input_name = inputs[0].name
        self.input = np.zeros(card.input.shape, np.float32)
        self.name = f"onnxruntime {onnxruntime.__version__}, CPU, {threads} thread{'s' * (threads > 1)}"
        self.infer(self.input)  # the first run allocates and takes ten times longer

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        if self._session is None:
            raise EngineError("expected an open engine. Received: an image after close()")
        try:
            return self._session.run(None, {self._input_name: tensor})[0][0]
        except Exception as error:
            raise EngineError(f"expected a result of ONNX Runtime. Received: {error}") from error

    def close(self) -> None:
        self._session = None


def _ports(nodes: List[Any]) -> List[Port]:
    types = {"tensor(float)": "float32"}
    return [Port(node.name, tuple(node.shape), types.get(node.type, node.type)) for node in nodes]
