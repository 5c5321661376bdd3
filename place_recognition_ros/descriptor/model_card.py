"""The model card: what a network expects, what it answers, how it was made."""

import hashlib
import json
import os
from typing import Any, Dict, NamedTuple, Tuple

from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import ModelError

_CHANNELS = ((1, "GRAY"), (3, "RGB"), (3, "BGR"))


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
            itself, the model's SHA-256 is not the card's, or a tensor of the model lies in another file.
    """
    onnx = _read(onnx_path, "model")
    card = _parse(card_path(onnx_path))
    found = hashlib.sha256(onnx).hexdigest()
    if found != card.sha256:
        raise ModelError(
            f"expected SHA-256 {card.sha256} of '{onnx_path}', as its card says. Received: {found}. "
            "The model was changed or the card is another model's"
        )
    if b"location" in onnx:  # the key that every tensor in another file has (ONNX, external data)
        raise ModelError(f"expected all tensors within '{onnx_path}'. Received: one in a file beside it")
    return card, onnx


def _read(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ModelError(f"expected the {what} as a file. Received: '{path}': {error.strerror}") from error


def _parse(path: str) -> ModelCard:
    try:
        fields = json.loads(_read(path, "model card").decode("utf-8"))
        card = ModelCard(input=InputSpec(**fields.pop("input")), **fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"expected a model card in '{path}'. Received: {error!r}") from error
    spec = card.input
    sizes = (spec.height, spec.width, card.descriptor_size)
    numbers = (spec.scale, spec.offset, card.min_similarity)
    demands = {
        "texts as name and sha256": all(type(text) is str for text in (card.name, card.sha256)),
        "positive integers as sizes": all(type(size) is int and size > 0 for size in sizes),
        "plain numbers": all(type(n) in (int, float) and abs(n) < 1e9 for n in numbers),  # and not NaN
        "1 channel 'GRAY' or 3 channels 'RGB' or 'BGR'": (spec.channels, spec.color_order) in _CHANNELS,
    }
    for demand, met in demands.items():
        if not met:
            raise ModelError(f"expected {demand} in '{path}'. Received: {card}")
    return card
