"""The coefficients of the decision as they are without one building: nothing is judged by its own measure."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from place_recognition_ros.descriptor.model_card import (
    LOCAL_FEATURES,
    card_path,
    default_model_path,
    read_model,
)
from place_recognition_ros.package_models import FEATURES
from training.calibrate.card import coefficients_without


@contextmanager
def features_without(building: str) -> Iterator[str]:
    """Path of the model of local features whose coefficients were fitted without a building.

    Args:
        building: of a recording; one that no coefficients were fitted on gets the shipped model.
    """
    shipped = default_model_path(FEATURES)
    card, _ = read_model(shipped, LOCAL_FEATURES)
    weights = coefficients_without(card, building)
    if weights is None:
        yield shipped
        return
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / FEATURES
        os.symlink(os.path.abspath(shipped), model)
        Path(card_path(str(model))).write_text(card._replace(decision=weights).to_json(), encoding="utf-8")
        yield str(model)
