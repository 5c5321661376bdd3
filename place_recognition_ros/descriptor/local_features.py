"""Which local features are used: those of the package's network, of another one, or ORB."""

from place_recognition_ros.descriptor.backends import open_engine
from place_recognition_ros.descriptor.feature_finder import FeatureFinder
from place_recognition_ros.descriptor.feature_network import NetworkFinder
from place_recognition_ros.descriptor.model_card import CELL, LOCAL_FEATURES, default_model_path, read_model
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings
from place_recognition_ros.errors import ModelError
from place_recognition_ros.package_models import FEATURES
from place_recognition_ros.types import FEATURE

DESCRIPTOR_SIZE = FEATURE["descriptor"].shape[0]  # bytes


def open_feature_finder(
    model: str = "",
    count: int = 360,
    backend: str = "auto",
    threads: int = 1,
    build: BuildSettings = BuildSettings(),  # noqa: B008  a NamedTuple does not change
) -> FeatureFinder:
    """Open what finds local features.

    Args:
        model: path of an ONNX file with its card beside it; empty: the package's own network; "orb": ORB.
        count: how many features an image has at most.
        backend, threads, build: as for ``open_extractor``.

    Raises:
        ModelError: if the model or its card is missing or damaged, or it does not find local features.
        EngineError: if the engine cannot open it.
    """
    if model == OrbFinder.model_id:
        return OrbFinder(count)
    path = model or default_model_path(FEATURES)
    card, onnx = read_model(path, LOCAL_FEATURES)
    if card.descriptor_size != DESCRIPTOR_SIZE or card.input.channels != 1:
        raise ModelError(
            f"expected a network of gray images and descriptors of {DESCRIPTOR_SIZE} numbers in '{path}'. "
            f"Received: {card.input.channels} channels and {card.descriptor_size} numbers"
        )
    if card.input.height % CELL or card.input.width % CELL:
        raise ModelError(
            f"expected a height and a width that are multiples of {CELL} in '{path}'. "
            f"Received: {card.input.height} × {card.input.width}"
        )
    engine, fallback = open_engine(card, onnx, backend, threads, build)
    return NetworkFinder(card, engine, count, fallback)
