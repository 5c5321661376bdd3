"""Coefficients in the card of a model of local features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, ModelCard, card_path, read_model
from place_recognition_ros.loops.evidence import Coefficients
from training.calibrate.collect import Collection
from training.calibrate.validation import Held, overall
from training.data.recordings.recording import Verdict
from training.files import write_atomically

KEY = "decision"  # of the provenance, among the measured figures
WITHOUT = "coefficients without"  # each building


def write_decision(
    onnx: Path, weights: Coefficients, collections: Sequence[Collection], held: Sequence[Held], command: str
) -> None:
    """Write coefficients and their provenance into the card of a model.

    Args:
        onnx: the model; its card is beside it.
        weights: the coefficients.
        collections: what they were fitted on.
        held: the validation.
        command: that made them.

    Raises:
        ModelError: if the model or its card cannot be used.
    """
    card, _ = read_model(str(onnx), LOCAL_FEATURES)
    figures: dict[str, Any] = {
        "made_by": command,
        "pairs, right and wrong": {
            each.name: [each.count(Verdict.RIGHT), each.count(Verdict.WRONG)] for each in collections
        },
        "left out: recognised of revisits, wrong": {
            each.name: [each.recognised, each.revisits, each.wrong] for each in held
        },
        "left out: calibration error": round(overall(held).error, 4) if held else None,
        WITHOUT: {each.building: dict(each.weights._asdict()) for each in held},
    }
    card = card._replace(decision=dict(weights._asdict()), measured={**(card.measured or {}), KEY: figures})
    write_atomically(card_path(str(onnx)), card.to_json().encode("utf-8"))


def coefficients_without(card: ModelCard, building: str) -> dict[str, float] | None:
    """The coefficients that were fitted on all buildings but one; None: it was not among them."""
    figures = (card.measured or {}).get(KEY, {})
    weights: dict[str, float] | None = figures.get(WITHOUT, {}).get(building)
    return weights
