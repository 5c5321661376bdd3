"""Whether a map file can be used: its schema, and the models that made it."""

from typing import Mapping

from place_recognition_ros.errors import MapMismatch
from place_recognition_ros.memory.migrations import OLDEST
from place_recognition_ros.memory.schema import SCHEMA
from place_recognition_ros.types import FeatureKind

FIRST_WITH_FEATURES = 3  # the first schema whose maps name their local features


def checked_schema(meta: Mapping[str, str], path: str, model_id: str, feature_model: str) -> int:
    """The schema of a map that can be used, ``OLDEST`` to ``SCHEMA``.

    Args:
        meta: the table of that name.
        path: of the map.
        model_id: the model of the global descriptors.
        feature_model: the model of the local features, or "orb".

    Raises:
        MapMismatch: if the schema is unknown or one of the models is another one.
    """
    found = meta.get("schema") or ""
    if found not in map(str, range(OLDEST, SCHEMA + 1)):
        raise MapMismatch(
            f"expected a map of schema {OLDEST} to {SCHEMA}. Received: '{path}' of schema {found}"
        )
    if meta.get("model") != model_id:
        raise MapMismatch(
            f"expected a map of the model {model_id}. Received: '{path}' of {meta.get('model')}; "
            "descriptors of two models cannot be compared; use its own model, or another map (map_path:=)"
        )
    features = meta.get("features") if int(found) >= FIRST_WITH_FEATURES else FeatureKind.ORB.value
    if features != feature_model:
        remedy = "orb" if features == FeatureKind.ORB.value else "the file of that model"
        raise MapMismatch(
            f"expected a map with local features of {feature_model}. Received: '{path}', which has local "
            f"features of {features}; set feature_model to {remedy}, or start a new map"
        )
    return int(found)
