"""Pictures in, candidates out: the real node over real topics."""

import math
import threading

import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.msg import Descriptor, LoopCandidate, LoopCandidates
from place_recognition_ros.types import Kind, Reason, Status
from tests.ros.camera import (
    BACK,
    FRAME,
    NODE,
    PARAMETERS,
    THERE,
    Camera,
    Diagnostics,
    to_compressed,
    to_image,
)

FORMATS = (
    (to_image, {"encoding": "bgr8"}),
    (to_image, {"encoding": "mono8"}),
    (to_image, {"encoding": "8UC3"}),
    (to_compressed, {"extension": "png"}),
    (to_compressed, {"extension": "jpg"}),
)


@pytest.fixture
def camera(ros, start_node):
    start_node(**PARAMETERS)
    return Camera(ros)


def test_a_return_is_found(ros, camera):
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    there = camera.walk(THERE)
    assert [answer.query_id for answer in there] == list(range(1, len(THERE) + 1))
    assert not loops.messages
    back = camera.walk(BACK)
    assert [answer.candidates[0].match_id for answer in back] == [1, 2, 3]
    assert [(each.query_id, each.candidates[0].match_id) for each in loops.wait(3)] == [
        (13, 1),
        (14, 2),
        (15, 3),
    ]


def test_fields_of_candidates(ros, camera):
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    camera.walk(THERE)
    answer = camera.show(BACK[0])
    (message,) = loops.wait(1)
    assert message.header.stamp.to_sec() == answer.header.stamp.to_sec() == camera.now
    assert message.header.frame_id == answer.header.frame_id == FRAME
    assert message.query_id == answer.query_id == 13
    assert [each.status for each in message.candidates] == [LoopCandidate.STATUS_VERIFIED]

    found = message.candidates[0]
    assert (found.header.stamp, found.header.frame_id) == (message.header.stamp, FRAME)
    assert (found.kind, found.status, found.reason) == (Kind.LOOP_CLOSURE, Status.VERIFIED, Reason.NONE)
    assert (found.query_id, found.match_id) == (13, 1)
    assert found.match_stamp.to_sec() == camera.now - len(THERE)
    assert found.query_session == found.match_session == 1
    assert PARAMETERS["min_similarity"] < found.similarity <= 1
    assert math.isnan(found.confidence)
    assert 20 <= found.inliers <= found.matches
    assert not found.pose_valid and not found.scale_known
    assert found.model_id == open_extractor().card.model_id


def test_rejected_candidates_say_why(camera):
    camera.walk(THERE)
    stranger = camera.show(THERE[5][::-1])
    assert stranger.candidates
    for each in stranger.candidates:
        assert each.status in (Status.RETRIEVED, Status.REJECTED)
        assert (each.reason != Reason.NONE) == (each.status == Status.REJECTED)


def test_every_format_is_described_as_the_picture_that_it_holds(ros, camera):
    descriptors = ros.subscribe(NODE + "/descriptor", Descriptor)
    extractor = open_extractor()
    for number, (make, how) in enumerate(FORMATS, 1):
        answer = camera.show(THERE[0], make, **how)
        message = descriptors.wait(number)[-1]
        assert (message.header.stamp, message.header.frame_id) == (answer.header.stamp, FRAME)
        assert (message.keyframe_id, message.session, message.model_id) == (
            number,
            1,
            extractor.card.model_id,
        )
        assert np.linalg.norm(message.descriptor) == pytest.approx(1, abs=1e-3)
        gray = cv2.cvtColor(THERE[0], cv2.COLOR_BGR2GRAY)
        expected = extractor.describe(gray if how.get("encoding") == "mono8" else THERE[0])
        assert expected @ message.descriptor > (0.98 if how.get("extension") == "jpg" else 0.9999), how


def test_descriptors_come_to_those_who_listen(ros, camera):
    camera.show(THERE[0])
    descriptors = ros.subscribe(NODE + "/descriptor", Descriptor)
    camera.show(THERE[1])
    assert [each.keyframe_id for each in descriptors.wait(1)] == [2]


def test_a_picture_that_shows_nothing_is_answered_and_not_stored(camera):
    answer = camera.show(np.zeros_like(THERE[0]))
    assert answer.query_id == 0
    assert answer.candidates == []


def test_diagnostics(ros, camera):
    diagnostics = Diagnostics(ros)
    camera.walk(THERE + BACK)
    level, _, said = diagnostics.wait({"keyframes": 15, "stored": 15})
    assert level == 0
    assert said["model"] == open_extractor().card.model_id
    assert said["engine"].startswith("onnxruntime")
    assert said["keyframes in the map"] == "15"
    assert said["tracking"] == "TRACKING"
    assert said["dropped"] == "0"
    assert float(said["keyframes per second"]) > 0
    assert 20 < float(said["memory [MB]"]) < 1000
    for stage in ("describe", "local features", "search", "checks", "store"):
        median, high = (float(each) for each in said[f"{stage} [ms], median and 95 %"].split(","))
        assert 0 <= median <= high


def test_a_subscriber_that_comes_late_hears_what_comes_then(ros, camera):
    camera.walk(THERE)
    camera.show(BACK[0])
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    answer = camera.show(BACK[1])
    assert [each.header.stamp for each in loops.wait(1)] == [answer.header.stamp]


def test_several_publishers_at_once(ros, start_node):
    node = start_node(**PARAMETERS)
    diagnostics = Diagnostics(ros)
    cameras = [Camera(ros) for _ in range(4)]

    def publish(first):
        for stamp in range(first, 1100, len(cameras)):
            cameras[first % len(cameras)].send(to_image(THERE[stamp % 12], stamp))

    threads = [threading.Thread(target=publish, args=(1000 + row,)) for row in range(len(cameras))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cameras[0].now = 2000.0
    assert cameras[0].show(THERE[0]).query_id > 0
    said = diagnostics.next()
    assert int(said["keyframes"]) == int(said["stored"]) == len(cameras[0].queries.messages)
    assert "failed" not in said
    assert node.running
