"""The model card: what a network expects, what it answers, how it was made."""

import hashlib
import json
import os
from typing import Any, Dict, NamedTuple, Tuple

from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import ModelError

_COLOR_ORDERS = {1: ("GRAY",), 3: ("RGB", "BGR")}


class ModelCard(NamedTuple):
    """One ONNX file's card: ``name.json`` beside ``name.onnx``."""

    name: str
    sha256: str  # of the ONNX file
    input: InputSpec
    descriptor_size: int
    min_similarity: float  # cosine below which two pictures never show the same place
    made_by: str  # the command that made it
    trained_on: Dict[str, Any]  # data set ► licence and use
    recall_at_1: Dict[str, Any]  # data set ► measured recall@1, 0 to 1

    @property
    def model_id(self) -> str:
        """Name and content in one: two models are the same exactly when their ids are."""
        return f"{self.name}-{self.sha256[:12]}"

    def to_json(self) -> str:
        fields = self._asdict()
        fields["input"] = dict(self.input._asdict())
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def card_path(onnx_path: str) -> str:
    """Where the card of ``onnx_path`` lies."""
    return os.path.splitext(onnx_path)[0] + ".json"


def read_model(onnx_path: str) -> Tuple[ModelCard, bytes]:
    """Read a model and the card beside it, and prove that they belong together.

    Args:
        onnx_path: the ONNX file.

    Returns:
        The card and the bytes of the model that were checked against it.

    Raises:
        ModelError: if one of the two files is missing, the card lacks something or contradicts
            itself, or the model's SHA-256 is not the card's.
    """
    path = card_path(onnx_path)
    for needed, what in ((onnx_path, "model"), (path, "model card")):
        if not os.path.isfile(needed):
            raise ModelError(f"expected the {what} as a file. Received: '{needed}', which is none")
    card = _parse(path)
    with open(onnx_path, "rb") as file:
        onnx = file.read()
    found = hashlib.sha256(onnx).hexdigest()
    if found != card.sha256:
        raise ModelError(
            f"expected SHA-256 {card.sha256} of '{onnx_path}', as its card says. Received: {found}. "
            "The model was changed or the card is another model's"
        )
    return card, onnx


def _parse(path: str) -> ModelCard:
    try:
        with open(path, "r", encoding="utf-8") as file:
            fields = json.load(file)
        spec = InputSpec(**fields.pop("input"))
        card = ModelCard(input=spec, **fields)
        size = int(card.descriptor_size)
        numbers = [spec.height, spec.width, size, spec.scale, spec.offset, card.min_similarity]
        plain = all(isinstance(n, (int, float)) for n in numbers) and isinstance(card.sha256, str)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"expected a model card in '{path}'. Received: {error!r}") from error
    if not plain or min(spec.height, spec.width, size) < 1:
        raise ModelError(f"expected positive sizes and plain numbers in '{path}'. Received: {card}")
    if spec.color_order not in _COLOR_ORDERS.get(spec.channels, ()):
        raise ModelError(
            f"expected 1 channel 'GRAY' or 3 channels 'RGB' or 'BGR' in '{path}'. "
            f"Received: channels={spec.channels}, color_order={spec.color_order!r}"
        )
    return card
