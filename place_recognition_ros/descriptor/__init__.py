"""Image ► global descriptor."""

from place_recognition_ros.descriptor.engine_builder import BuildSettings
from place_recognition_ros.descriptor.extractor import Extractor, open_extractor
from place_recognition_ros.descriptor.model_card import ModelCard

__all__ = ["BuildSettings", "Extractor", "ModelCard", "open_extractor"]
