"""ONNX Runtime, the engine on a PC."""

import numpy as np

from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.errors import EngineError


class OnnxEngine:
    """Open, infer, close.

    Args:
        card: what the model expects and answers; checked once, here.
        onnx: the model's bytes. The file is not read a second time, so that what was verified is
            what runs.
        threads: CPU threads of one inference.

    Raises:
        EngineError: if ONNX Runtime cannot load the model or it has another input or output than
            its card.
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
            self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base but this
            raise EngineError(f"expected a model that ONNX Runtime loads. Received: {error}") from error
        spec = card.input
        sizes = ([1, spec.height, spec.width, spec.channels], [1, card.descriptor_size])
        expected = [("tensor(float)", size) for size in sizes]
        ports = self._session.get_inputs() + self._session.get_outputs()
        found = [(port.type, port.shape) for port in ports]
        if found != expected:
            raise EngineError(
                f"expected one input and one output {expected}, as the card says. Received: {found}"
            )
        self._name_of_input = ports[0].name
        self.input = np.zeros(sizes[0], np.float32)
        """(1, H, W, C) float32: write the picture here and nothing is allocated."""
        self.name = f"onnxruntime {onnxruntime.__version__}, CPU, {threads} thread{'s' * (threads > 1)}"
        self.infer(self.input)  # the first run allocates and is ten times slower

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        """(1, H, W, C) float32 ► (D,) float32; ``tensor`` may be :attr:`input` itself."""
        try:
            return self._session.run(None, {self._name_of_input: tensor})[0][0]
        except Exception as error:
            raise EngineError(f"expected an answer of ONNX Runtime. Received: {error}") from error

    def close(self) -> None:
        del self._session
