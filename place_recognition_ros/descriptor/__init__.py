"""Image → global descriptor."""

from place_recognition_ros.descriptor.extractor import Extractor, open_extractor
from place_recognition_ros.descriptor.model_card import ModelCard
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings

__all__ = ["BuildSettings", "Extractor", "ModelCard", "open_extractor"]
