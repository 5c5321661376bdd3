"""The model card: what a network expects, what it returns, how it was made."""

import hashlib
import json
import os
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from place_recognition_ros.descriptor.onnx_file import has_external_data
from place_recognition_ros.descriptor.preprocess import InputSpec
from place_recognition_ros.errors import ModelError
from place_recognition_ros.package_models import DEFAULT, FEATURES, model_folders

GLOBAL_DESCRIPTOR, LOCAL_FEATURES = "global_descriptor", "local_features"
CELL = 4  # pixels; a network of local features returns one descriptor for a square of this side

_KINDS = (GLOBAL_DESCRIPTOR, LOCAL_FEATURES)
_CHANNELS = ((1, "GRAY"), (3, "RGB"), (3, "BGR"))
_LAYOUTS = ("NHWC", "NCHW")


class ModelCard(NamedTuple):
    """The card of one ONNX file: ``name.json`` beside ``name.onnx``."""

    name: str
    sha256: str  # of the ONNX file
    input: InputSpec
    descriptor_size: int  # of the image, or of each local feature
    min_similarity: float  # cosine below which two images never show the same place
    made_by: str  # the command that made it
    trained_on: Dict[str, Any]  # data set → licence and use
    recall_at_1: Dict[str, Any]  # data set → measured recall@1, 0 to 1
    kind: str = GLOBAL_DESCRIPTOR  # what the network computes; or LOCAL_FEATURES
    measured: Optional[Dict[str, Any]] = None  # other figures: what was measured → the figure
    decision: Optional[Dict[str, float]] = None  # coefficients of the evidence that local features give

    @property
    def model_id(self) -> str:
        """Name and content in one: two models are the same exactly when their ids are."""
        return f"{self.name}-{self.sha256[:12]}"

    @property
    def output_shape(self) -> Tuple[int, ...]:
        """Shape of the output tensor, for one image.

        A network of local features returns the descriptor of each cell of CELL × CELL pixels and, behind it,
        the score of each of its pixels, row by row.
        """
        if self.kind == GLOBAL_DESCRIPTOR:
            return (1, self.descriptor_size)
        return (1, self.input.height // CELL, self.input.width // CELL, self.descriptor_size + CELL * CELL)

    def to_json(self) -> str:
        """The text of the card's file."""
        fields: Dict[str, Any] = {"name": self.name, "kind": self.kind}
        fields.update(self._asdict(), input=dict(self.input._asdict()))
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def card_path(onnx_path: str) -> str:
    """Path of the card of ``onnx_path``."""
    return os.path.splitext(onnx_path)[0] + ".json"


def default_model_path(name: str = DEFAULT) -> str:
    """Path of a model that the package brings, in the source tree or in the install space.

    Raises:
        ModelError: if it is in neither.
    """
    places = [os.path.join(folder, name) for folder in model_folders()]
    for path in places:
        if os.path.isfile(path):
            return path
    raise ModelError(f"expected the package's model in {' or '.join(places)}. Received: no such file")


def package_models() -> List[str]:
    """Paths of all models that the package brings.

    Raises:
        ModelError: if one is missing.
    """
    return [default_model_path(name) for name in (DEFAULT, FEATURES)]


def read_model(onnx_path: str, kind: Optional[str] = GLOBAL_DESCRIPTOR) -> Tuple[ModelCard, bytes]:
    """Read a model and the card beside it, and verify that they belong together.

    Args:
        onnx_path: the ONNX file.
        kind: what the network must compute; None: anything.

    Returns:
        The card, and the bytes of the model that were checked against it.

    Raises:
        ModelError: if one of the two files is missing, the card is incomplete, inconsistent or of another
            kind, the SHA-256 of the model is not the card's, the ONNX file is malformed, or a tensor of it
            is in another file.
    """
    onnx = _read(onnx_path, "model")
    path = card_path(onnx_path)
    card = _parse(path)
    if kind is not None and card.kind != kind:
        raise ModelError(f"expected a model of kind '{kind}' in '{onnx_path}'. Received: kind '{card.kind}'")
    found = hashlib.sha256(onnx).hexdigest()
    if found != card.sha256:
        raise ModelError(
            f"expected SHA-256 {card.sha256} of '{onnx_path}', as its card says. Received: {found}. "
            "The model was changed, or the card belongs to another model"
        )
    try:
        external = has_external_data(onnx)
    except ModelError as error:
        raise ModelError(f"'{onnx_path}': {error}") from error
    if external:
        raise ModelError(f"expected all tensors within '{onnx_path}'. Received: a tensor in another file")
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
        card = ModelCard(input=_parse_input(fields.pop("input")), **fields)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ModelError(f"expected a model card in '{path}'. Received: {error!r}") from error
    spec = card.input
    sizes = (spec.height, spec.width, card.descriptor_size)
    numbers = (*spec.mean, *spec.std, card.min_similarity, *(card.decision or {}).values())
    demands = {
        "strings as name and sha256": all(type(text) is str for text in (card.name, card.sha256)),
        f"a kind among {', '.join(_KINDS)}": card.kind in _KINDS,
        "positive integers as sizes": all(type(size) is int and size > 0 for size in sizes),
        "finite numbers below 1e9": all(type(n) in (int, float) and abs(n) < 1e9 for n in numbers),
        "1 channel 'GRAY' or 3 channels 'RGB' or 'BGR'": (spec.channels, spec.color_order) in _CHANNELS,
        f"a layout among {', '.join(_LAYOUTS)}": spec.layout in _LAYOUTS,
        "one mean and one std for each channel": len(spec.mean) == len(spec.std) == spec.channels,
    }
    for demand, met in demands.items():
        if not met:
            raise ModelError(f"expected {demand} in '{path}'. Received: {card}")
    if min(spec.std) < 1e-6:
        raise ModelError(f"expected a positive std in '{path}'. Received: {card}")
    return card


def _parse_input(fields: Dict[str, Any]) -> InputSpec:
    if "scale" in fields:  # an older card: input = pixel · scale + offset for all channels
        fields = dict(fields)
        scale, offset = fields.pop("scale"), fields.pop("offset")
        if not all(type(number) in (int, float) for number in (scale, offset)):
            raise ValueError(f"scale={scale!r}, offset={offset!r}")
        channels = 3 if fields["channels"] == 3 else 1
        fields.update(layout="NHWC", mean=[(0 - offset) / scale] * channels, std=[1 / scale] * channels)
    for name in ("mean", "std"):
        if type(fields[name]) is not list:
            raise ValueError(f"{name}={fields[name]!r}, which is not a list")
        fields = dict(fields, **{name: tuple(fields[name])})
    return InputSpec(**fields)
