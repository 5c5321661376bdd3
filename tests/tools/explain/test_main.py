"""The command, on maps that the package's own networks recorded."""

import os

import cv2
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.map_reader import read_meta
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.tools.explain.__main__ import main
from place_recognition_ros.types import Keyframe

FIRST = [47, 50, 52, 80, 110]  # frames of the demo's drive
SECOND = [319, 322, 325, 200]  # the first three show the street of 47 to 52 again
REVISIT, REJECTED = 8, 9  # ids of 325 and 200
LATER = 60  # seconds between the two sessions


def second_of(number):
    """When a keyframe was taken, whole seconds."""
    return number if number <= len(FIRST) else number + LATER


@pytest.fixture(scope="module", params=["orb", ""], ids=["ORB", "network"])
def recorded(request, tmp_path_factory, root):
    """(path of a map, the results of recording it); the keyframes of a session are 1 s apart."""
    path = str(tmp_path_factory.mktemp("map") / "map.db")
    detector = LoopDetector.open(Config(map_path=path, feature_model=request.param))
    results = []
    for frame in FIRST + SECOND:
        if frame == SECOND[0]:
            detector.start_session()
        image = cv2.imread(os.path.join(root, "demo", "drive", "frames", f"{frame:06d}.webp"))
        results.append(detector.add(Keyframe(image, 10**9 * second_of(len(results) + 1) + 5 * 10**8)))
    detector.close()
    return path, results


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("number", [REVISIT, REJECTED])
def test_a_keyframe_is_explained_as_it_was_decided(recorded, here, capsys, number):
    path, results = recorded
    assert main([path, str(number)]) == 0
    text = capsys.readouterr().out
    result = results[number - 1]
    best = result.candidates[0]
    verb = "matched with" if best.accepted else "not matched:"
    assert f"{number} is understood as id {number}." in text
    assert f"Keyframe {number} (stamp {second_of(number)}.500000000) was {verb}" in text
    for each in result.candidates:
        assert f"{each.similarity:.3f}" in text
    image = cv2.imread(f"explain_{number}.png")
    assert image.shape[1] == 2 * 640 + 8
    assert f"are in explain_{number}.png." in text


def test_the_network_map_has_an_accepted_and_a_rejected_match(recorded):
    path, results = recorded
    assert not results[REJECTED - 1].accepted
    if read_meta(path)["features"] != "orb":
        assert [each.match_id for each in results[REVISIT - 1].accepted] == [3]


def test_the_stamp_and_the_match_and_the_image_can_be_given(recorded, here, capsys):
    path, _ = recorded
    stamp = f"{second_of(REVISIT)}.5"
    assert main([path, stamp, "--match", "5", "--image", "pair.jpg"]) == 0
    text = capsys.readouterr().out
    assert f"{stamp} is understood as stamp {stamp}00000000 s." in text
    assert f"Keyframes {REVISIT} and 5 are in pair.jpg." in text
    assert cv2.imread("pair.jpg") is not None
    assert not os.path.exists(f"explain_{REVISIT}.png")


def test_parameters_of_the_node_are_used(recorded, here, capsys):
    (here / "node.yaml").write_text("min_similarity: 0.99\n", encoding="utf-8")
    assert main([recorded[0], str(REVISIT), "--config", "node.yaml"]) == 0
    assert "is LOW_SIMILARITY: similarity 0." in capsys.readouterr().out


def test_the_first_keyframe_has_no_image(recorded, here, capsys):
    assert main([recorded[0], "1"]) == 0
    assert "was not matched: there was no keyframe" in capsys.readouterr().out
    assert os.listdir(str(here)) == []


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["99"], "KeyframeError: expected the id of a keyframe, 1 to 9, or its stamp"),
        (["99.5"], "the nearest stamps are 69.500000000 (keyframe 9)"),
        (["1", "--match", "99"], "expected the id of a keyframe, 1 to 9. Received: 99"),
        (
            ["1", "--config", "none.yaml"],
            "ConfigError: expected a YAML file of parameters. Received: 'none.yaml'",
        ),
        (["1", "--config", "list.yaml"], "ConfigError: expected names and values in 'list.yaml'"),
        ([str(REVISIT), "--image", "image.unknown"], "StoreError: expected a path ending in .png or .jpg"),
        (
            [str(REVISIT), "--image", "none/image.png"],
            "StoreError: expected a path where an image can be written",
        ),
    ],
)
def test_a_mistake_is_one_line(recorded, here, capsys, arguments, message):
    (here / "list.yaml").write_text("[1, 2]", encoding="utf-8")
    assert main([recorded[0], *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_map_that_a_node_has_open_is_named(recorded, here, capsys):
    path, _ = recorded
    meta = read_meta(path)
    node = KeyframeStore(path, meta["model"], 512, meta["features"])
    assert main([path, "1"]) == 1
    node.close()
    assert "StoreBusy: expected a map that no node has open" in capsys.readouterr().err


def test_a_negative_number_of_queries_is_refused(recorded, here):
    with pytest.raises(SystemExit):
        main([recorded[0], "1", "--queries", "-1"])
