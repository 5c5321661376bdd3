"""The MCAP file for Foxglove."""

import json

import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.errors import InputError
from place_recognition_ros.tools.replay.foxglove import write_mcap
from place_recognition_ros.tools.replay.run import run
from tests.tools.replay.test_run import SECOND, Camera

reader = pytest.importorskip("mcap.reader", reason="needs requirements/replay.txt")

PLACES = [*range(1, 13), 2, 3]


@pytest.fixture
def messages(make_detector, paint, tmp_path):
    """Topic → messages of a drive of which the last two images are revisits, with odometry."""
    images = [paint(place, shift=12 * (row > 11)) for row, place in enumerate(PLACES)]
    camera = Camera(images, range(1, 15), PLACES)
    done = run(camera.source, Config(), make_detector(), camera.watch)
    path = str(tmp_path / "x.mcap")
    write_mcap(path, done)
    found = {}
    with open(path, "rb") as stream:
        for schema, channel, message in reader.make_reader(stream).iter_messages():
            assert schema.encoding == "jsonschema"
            assert json.loads(schema.data)["title"] == schema.name
            found.setdefault((channel.topic, schema.name), []).append(
                (message.log_time, json.loads(message.data))
            )
    return found


def test_the_topics_have_the_schemas_that_foxglove_knows(messages):
    assert {(topic, name): len(found) for (topic, name), found in messages.items()} == {
        ("/image", "foxglove.CompressedImage"): 14,
        ("/loop_candidates", "place_recognition_ros.LoopCandidates"): 14,
        ("/loops", "foxglove.SceneUpdate"): 14,
    }
    assert [stamp for stamp, _ in messages["/image", "foxglove.CompressedImage"]] == [
        number * SECOND for number in range(1, 15)
    ]


def test_accepted_candidates_are_written_with_their_evidence(messages):
    _, found = messages["/loop_candidates", "place_recognition_ros.LoopCandidates"][-1]
    (accepted,) = [each for each in found["candidates"] if each["status"] == "VERIFIED"]
    assert (accepted["query_id"], accepted["match_id"], accepted["kind"]) == (14, 3, "LOOP_CLOSURE")
    assert accepted["query_stamp"] == {"sec": 14, "nsec": 0}
    assert accepted["confidence"] > 0.9


def test_loops_are_lines_between_the_positions_of_odometry(messages):
    entities = messages["/loops", "foxglove.SceneUpdate"][-1][1]["entities"]
    path, loop = (each["lines"][0]["points"] for each in entities)
    assert path == [{"x": 2.0, "y": 0.0, "z": 0.0}, {"x": 3.0, "y": 0.0, "z": 0.0}]
    assert loop == [{"x": 3.0, "y": 0.0, "z": 0.0}, {"x": 3.0, "y": 0.0, "z": 0.0}]
    assert {each["frame_id"] for each in entities} == {"odom"}


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(InputError, match="a path where a file can be written"):
        write_mcap(str(tmp_path / "none" / "x.mcap"), None)
