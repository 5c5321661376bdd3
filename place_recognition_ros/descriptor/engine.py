"""The interface of an inference engine.

A new backend is one file with a class derived from :class:`Engine`, a line in the table of
:mod:`place_recognition_ros.descriptor.backends`, and its name among ``config.BACKENDS``.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple, Sequence, Tuple

import numpy as np

from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.errors import EngineError


class Port(NamedTuple):
    """An input or output of a network, as the engine reports it."""

    name: str
    shape: Tuple[int, ...]
    dtype: str  # "float32"; anything else is refused


class Engine(ABC):
    """One network, opened. Open it, call it and close it in the same thread.

    Attributes:
        name: library, version and device, for logs and diagnostics.
        input: float32 of shape ``card.input.shape``: an image that is written here needs no further copy.
    """

    name: str
    input: np.ndarray

    @abstractmethod
    def infer(self, tensor: np.ndarray) -> np.ndarray:
        """Run the network.

        Args:
            tensor: float32 of shape ``card.input.shape``; may be :attr:`input` itself.

        Returns:
            float32 of shape ``card.output_shape[1:]``, as the network computes it; it belongs to the caller.

        Raises:
            EngineError: if the engine fails or is closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Release everything that the engine holds."""

    @staticmethod
    def check_ports(card: ModelCard, inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
        """Compare the ports of a network with its card.

        Raises:
            EngineError: if the network does not have exactly the input and the output that the card states.
        """
        expected = [(card.input.shape, "float32"), (card.output_shape, "float32")]
        found = [(port.shape, port.dtype) for port in (*inputs, *outputs)]
        if len(inputs) != 1 or found != expected:
            raise EngineError(
                f"expected one input {expected[0]} and one output {expected[1]}, as the card says. "
                f"Received: {[*inputs]} and {[*outputs]}"
            )
