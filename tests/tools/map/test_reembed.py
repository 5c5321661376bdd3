import pathlib

import cv2
import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.tools.map.__main__ import main
from place_recognition_ros.types import FEATURE, Keyframe
from tests.memory.files import alter


def test_a_map_becomes_that_of_another_model(recorded, tmp_path, paint, capsys):
    output = str(tmp_path / "new.db")
    before = pathlib.Path(recorded).read_bytes()
    assert main(["reembed", recorded, output]) == 0
    assert f"6 keyframes of 2 sessions saved in '{output}'" in capsys.readouterr().out
    assert pathlib.Path(recorded).read_bytes() == before
    detector = LoopDetector.open(Config(), output)  # of the shipped models
    assert list(detector.map.timeline) == list(range(1, 7))
    result = detector.query(cv2.resize(paint(2), (640, 480)), k=2)
    assert (result.candidates[0].match_id, result.candidates[0].similarity > 0.95) == (2, True)
    assert detector.map.store.learned.links() == {4: 1}
    assert [detector.map.timeline[number].session for number in (3, 4)] == [1, 2]
    detector.close()


@pytest.mark.parametrize("rotated", [0, 90, 180, 270])
def test_features_are_in_pixels_of_the_image(recorded, tmp_path, rotated, paint):
    """The thumbnail is 320 pixels wide, the image 640."""
    output = str(tmp_path / "new.db")
    alter(recorded, "UPDATE meta SET value = 'other features' WHERE key = 'features'")
    assert main(["reembed", recorded, output, "--feature-model", "orb", "--rotate-image", str(rotated)]) == 0
    with MapReader(recorded) as old, MapReader(output) as new:
        assert new.meta["features"] == "orb"
        small = cv2.imdecode(np.frombuffer(old.view(5)[2], np.uint8), cv2.IMREAD_UNCHANGED)
        expected = OrbFinder(Config().local_features).find(small)
        found = np.frombuffer(new.view(5)[1], FEATURE)
        assert (found["descriptor"] == expected["descriptor"]).all()
        x, y = (2 * expected[axis] + 0.5 for axis in "xy")
        if rotated == 0:
            assert np.allclose((found["x"], found["y"]), (x, y), atol=1e-3)
        if rotated == 180:
            assert np.allclose((found["x"], found["y"]), (639 - x, 479 - y), atol=1e-3)
        assert found["x"].max() < 640
        assert found["y"].max() < 480


def test_features_of_the_same_model_stay(recorded, tmp_path):
    output = str(tmp_path / "new.db")
    assert main(["reembed", recorded, output, "--feature-model", "orb"]) == 0
    with MapReader(recorded) as old, MapReader(output) as new:
        assert [new.view(number)[1:] for number in range(1, 7)] == [
            old.view(number)[1:] for number in range(1, 7)
        ]
        assert new.meta["model"] != old.meta["model"]
        assert new.meta["map"] != old.meta["map"]


def test_keyframes_without_a_thumbnail_are_left_out(recorded, tmp_path, capsys):
    alter(recorded, "UPDATE views SET thumbnail = x'00' WHERE id = 5")
    output = str(tmp_path / "new.db")
    assert main(["reembed", recorded, output]) == 0
    assert "1 damaged keyframes left out" in capsys.readouterr().out
    detector = LoopDetector.open(Config(), output)
    assert list(detector.map.timeline) == [1, 2, 3, 4, 6]
    result = detector.add(Keyframe(np.random.default_rng(1).integers(0, 255, (480, 640), np.uint8), 1))
    assert result.query.id in (0, 7)
    detector.close()


def test_the_map_itself_is_not_replaced(recorded, capsys):
    assert main(["reembed", recorded, recorded]) == 1
    assert "another file" in capsys.readouterr().err
