"""How the server compares keyframes: with the models and thresholds of the robots, without their engines."""

from typing import NamedTuple

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, default_model_path, read_model
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.fleet.messages import Models
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.package_models import FEATURES
from place_recognition_ros.types import FeatureKind


class Matching(NamedTuple):
    """Models and thresholds."""

    config: Config
    models: Models
    card_similarity: float  # the model card's lowest cosine of one place
    weights: Coefficients  # of the evidence

    @classmethod
    def of(cls, config: Config) -> "Matching":
        """Those of a robot with this configuration.

        Raises:
            ModelError: if a model or its card is missing or damaged.
        """
        card, _ = read_model(config.model or default_model_path())
        if config.feature_model == OrbFinder.model_id:
            feature_model, kind, decision = OrbFinder.model_id, FeatureKind.ORB, OrbFinder.decision
        else:
            found, _ = read_model(config.feature_model or default_model_path(FEATURES), LOCAL_FEATURES)
            feature_model, kind, decision = found.model_id, FeatureKind.NETWORK, found.decision or {}
        models = Models(card.model_id, card.descriptor_size, feature_model, kind)
        return cls(config, models, card.min_similarity, Coefficients(**decision))
