"""Two robots and the server of their fleet, as nodes."""

import json
import os
import sqlite3

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image

from benchmarks.scenes import Place
from place_recognition_ros.msg import LoopCandidate, LoopCandidates
from place_recognition_ros.srv import KeyframeFeatures, StoredKeyframes
from place_recognition_ros.types import FEATURE
from tests.ros.camera import PARAMETERS, THERE, to_image
from tests.ros.conftest import ROOT
from tests.ros.process import free_port, wait_until

SERVER, LINK = (os.path.join(ROOT, "nodes", name) for name in ("fleet_server", "fleet_link"))
ALIKE = {**PARAMETERS, "accept_confidence": 0.6}  # one image of a place, of a camera that is not calibrated


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def start_robot(ros, start_node, port, tmp_path):
    """``start_robot(name)`` → a publisher of its keyframes, and what its link publishes."""

    def start(name, link=True):
        start_node(
            name=f"{name}_node", remap={"keyframe": f"{name}/keyframe"},
            map_path=str(tmp_path / f"{name}.db"), robot=name, **PARAMETERS,
        )  # fmt: skip
        if link:
            start_node(
                name=f"{name}_link", ready=False, program=LINK, node=f"{name}_node", period_s=0.5,
                server=f"http://127.0.0.1:{port}", remap={"fleet/loop_candidates": f"{name}/loops"},
            )  # fmt: skip
        images = ros.publisher(f"{name}/keyframe", Image)
        loops = ros.subscribe(f"{name}/loops", LoopCandidates, connected=link)
        return images, loops

    return start


def drive(ros, robot, images, places):
    """Publish images, each when the one before is stored."""
    for number, image in enumerate(places, 1):
        images.publish(to_image(image, 1000 + number))

        def is_stored(number=number):
            found = ros.call(f"{robot}_node/stored_keyframes", StoredKeyframes, number - 1, 1)
            return bool(found.keyframes)

        wait_until(is_stored, 10, f"keyframe {number}")


def test_both_robots_get_the_loop_and_the_server_keeps_it(ros, start_node, start_robot, port, tmp_path):
    path = str(tmp_path / "server.db")
    server = start_node(
        name="fleet_server", ready=False, program=SERVER, port=port, map_path=path,
        feature_bytes_per_keyframe=20000, **ALIKE,
    )  # fmt: skip
    reports = ros.subscribe("/diagnostics", DiagnosticArray)
    first, second = start_robot("a"), start_robot("b")
    drive(ros, "a", first[0], THERE)
    drive(ros, "b", second[0], [Place(number).image(right=0.2, forward=0.2) for number in (3, 4, 30, 31)])
    found = [loops.wait_for(lambda message: True, 60).candidates[0] for _, loops in (first, second)]
    for each in found:
        assert {each.query_robot, each.match_robot} == {"a", "b"}
        assert (each.kind, each.status) == (LoopCandidate.KIND_INTER_SESSION, LoopCandidate.STATUS_VERIFIED)
        ids = {each.query_robot: each.query_id, each.match_robot: each.match_id}
        assert ids["a"] - ids["b"] == 3
        assert each.header.stamp.secs == 1000 + each.query_id
        assert each.confidence >= 0.6
    assert str(found[0]) == str(found[1])

    def in_the_map(report):
        for status in report.status:
            values = {pair.key: pair.value for pair in status.values}
            if status.name == "fleet_server: fleet" and values.get("keyframes in the map") == "16":
                return True
        return False

    reports.wait_for(in_the_map)
    assert server.stop() == 0
    with sqlite3.connect(path) as connection:
        robots = connection.execute("SELECT robot, COUNT(*) FROM fleet_members GROUP BY robot").fetchall()
        (text,) = connection.execute("SELECT content FROM fleet_loops").fetchone()
    assert robots == [("a", 1), ("b", 1)]
    assert json.loads(text)["number"] == 1


def test_a_robot_works_alone_and_sends_later_what_was_missed(ros, start_node, start_robot, port, tmp_path):
    images, _ = start_robot("a")
    reports = ros.subscribe("/diagnostics", DiagnosticArray)
    drive(ros, "a", images, THERE[:5])
    reports.wait_for(
        lambda report: any(
            status.name == "a_link: fleet" and "expected a reply" in status.message
            for status in report.status
        )
    )
    path = str(tmp_path / "server.db")
    start_node(name="fleet_server", ready=False, program=SERVER, port=port, map_path=path, **ALIKE)
    reports.wait_for(
        lambda report: any(
            status.name == "a_link: fleet" and {"position": "5"}.items() <= _values(status).items()
            for status in report.status
        ),
        30,
    )


def _values(status):
    return {pair.key: pair.value for pair in status.values}


def test_the_node_returns_its_keyframes_and_their_features(ros, start_robot):
    images, _ = start_robot("a", link=False)
    drive(ros, "a", images, THERE[:3])
    found = ros.call("a_node/stored_keyframes", StoredKeyframes, 1, 60)
    assert [each.keyframe_id for each in found.keyframes] == [2, 3]
    assert found.keyframes[0].robot == "a"
    assert found.session_uuids[0] == found.session_uuids[1] != ""
    assert (found.cameras[0].width, found.cameras[0].height) == THERE[0].shape[1::-1]
    assert found.map_id
    features = ros.call("a_node/keyframe_features", KeyframeFeatures, 2)
    assert len(features.features) % FEATURE.itemsize == 0
    assert len(features.features) > 50 * FEATURE.itemsize
    assert not ros.call("a_node/keyframe_features", KeyframeFeatures, 99).features


def test_the_launch_files_start_server_and_link(ros, roslaunch, start_node, port, tmp_path):
    start_node(map_path=str(tmp_path / "a.db"), robot="anna", **PARAMETERS)
    reports = ros.subscribe("/diagnostics", DiagnosticArray)
    roslaunch("fleet.launch", ready=False, port=port, map_path=tmp_path / "server.db")
    roslaunch("fleet_link.launch", ready=False, server=f"http://127.0.0.1:{port}", loops="/found")
    reports.wait_for(
        lambda report: any(
            status.name == "fleet_server: fleet" and "robot anna" in _values(status)
            for status in report.status
        ),
        30,
    )
    ros.subscribe("/found", LoopCandidates)  # waits for its publisher


@pytest.mark.parametrize(
    ("program", "parameters", "message"),
    [
        (LINK, {"server": "here"}, "http://HOST:PORT"),
        (LINK, {"period_s": 0.0}, "period_s"),
        (LINK, {"peroid": 1.0}, "expected parameters among"),
        (LINK, {}, "the name of this robot"),
        (SERVER, {"port": 70000}, "expected port"),
        (SERVER, {"no_such": 1}, "unknown parameter"),
        (SERVER, {"host": "256.0.0.1"}, "expected to listen"),
    ],
    ids=str,
)
def test_parameters_that_cannot_be_used_end_the_node(ros, start_node, program, parameters, message):
    node = start_node(name="refusing", ready=False, program=program, **parameters)
    assert node.wait(30) == 1
    assert message in node.log
