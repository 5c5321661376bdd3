import json
import shutil

from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.descriptor.model_card import (
    LOCAL_FEATURES,
    card_path,
    default_model_path,
    read_model,
)
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.package_models import FEATURES
from training.calibrate.card import write_decision
from training.calibrate.collect import Collection


def test_coefficients_are_read_back_from_the_card(tmp_path):
    model = tmp_path / "features.onnx"
    for source in (default_model_path(FEATURES), card_path(default_model_path(FEATURES))):
        shutil.copy(source, tmp_path)
    before, _ = read_model(str(model), LOCAL_FEATURES)
    weights = Coefficients()._replace(bias=-3.25)
    write_decision(model, weights, [Collection("a", "a", [], [], ())], [], "the command")
    after, _ = read_model(str(model), LOCAL_FEATURES)
    assert Coefficients(**after.decision) == weights
    assert after.measured["decision"]["made_by"] == "the command"
    assert after.measured["decision"]["pairs, right and wrong"] == {"a": [0, 0]}
    assert after._replace(decision=before.decision, measured=before.measured) == before
    assert json.loads((tmp_path / "features.json").read_text())["name"] == before.name
    finder = open_feature_finder(str(model), 100)
    assert Coefficients(**finder.decision) == weights
    finder.close()
