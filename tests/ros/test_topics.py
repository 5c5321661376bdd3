"""Topics: images are published, candidates, descriptors and diagnostics received."""

import os

import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.msg import Descriptor, LoopCandidate, LoopCandidates, LoopRetraction
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


def test_a_revisit_is_published(ros, camera):
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    first_visit = camera.publish_sequence(THERE)
    assert [result.query_id for result in first_visit] == list(range(1, len(THERE) + 1))
    assert not loops.messages
    revisit = camera.publish_sequence(BACK)
    assert [result.candidates[0].match_id for result in revisit] == [1, 2, 3]
    assert [(each.query_id, each.candidates[0].match_id) for each in loops.wait(3)] == [
        (13, 1),
        (14, 2),
        (15, 3),
    ]


def test_all_fields_of_a_candidate_are_set(ros, camera):
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    camera.publish_sequence(THERE)
    result = camera.publish_and_wait(BACK[0])
    (message,) = loops.wait(1)
    assert message.header.stamp.to_sec() == result.header.stamp.to_sec() == camera.now
    assert message.header.frame_id == result.header.frame_id == FRAME
    assert message.query_id == result.query_id == 13
    assert [each.status for each in message.candidates] == [LoopCandidate.STATUS_VERIFIED]

    found = message.candidates[0]
    assert (found.header.stamp, found.header.frame_id) == (message.header.stamp, FRAME)
    assert (found.kind, found.status, found.reason) == (Kind.LOOP_CLOSURE, Status.VERIFIED, Reason.NONE)
    assert (found.query_id, found.match_id) == (13, 1)
    assert found.match_stamp.to_sec() == camera.now - len(THERE)
    assert found.query_session == found.match_session == 1
    assert PARAMETERS["min_similarity"] < found.similarity <= 1
    assert 0.99 <= found.confidence <= 1
    assert 20 <= found.inliers <= found.matches
    assert not found.pose_valid and not found.scale_known
    assert found.model_id == open_extractor().card.model_id


def test_confirmed_and_retracted_candidates_are_published_once(ros, start_node, root):
    start_node(program=os.path.join(root, "tests", "ros", "retracting_node.py"), **PARAMETERS)
    camera, diagnostics = Camera(ros), Diagnostics(ros)
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    retractions = ros.subscribe(NODE + "/retractions", LoopRetraction)
    camera.publish_sequence(THERE)
    revisit = camera.publish_sequence([*BACK, *THERE[6:9]])
    accepted = [each for result in revisit for each in result.candidates if each.status == Status.VERIFIED]
    assert len(accepted) >= 2
    _, _, values = diagnostics.wait({"keyframes": 18})
    counted = [int(values[name]) for name in ("candidates accepted", "candidates retracted")]
    names = [(each.query_stamp, each.match_stamp, each.query_id) for each in retractions.messages]
    expected = [(each.header.stamp, each.match_stamp, each.query_id) for each in accepted]
    assert names == expected[: len(names)]
    assert counted == [len(accepted), len(names)]
    assert len(names) >= 1
    stamps = [message.header.stamp for message in loops.messages]
    assert {stamp: stamps.count(stamp) for stamp in stamps}[accepted[0].header.stamp] == 2


def test_rejected_candidates_have_a_reason(camera):
    camera.publish_sequence(THERE)
    result = camera.publish_and_wait(THERE[5][::-1])
    assert result.candidates
    for each in result.candidates:
        assert each.status in (Status.RETRIEVED, Status.REJECTED)
        assert (each.reason != Reason.NONE) == (each.status == Status.REJECTED)


def test_every_format_gives_the_descriptor_of_its_image(ros, camera):
    descriptors = ros.subscribe(NODE + "/descriptor", Descriptor)
    extractor = open_extractor()
    for number, (to_message, options) in enumerate(FORMATS, 1):
        result = camera.publish_and_wait(THERE[0], to_message, **options)
        message = descriptors.wait(number)[-1]
        assert (message.header.stamp, message.header.frame_id) == (result.header.stamp, FRAME)
        assert (message.keyframe_id, message.session, message.model_id) == (
            result.query_id,
            1,
            extractor.card.model_id,
        )
        assert np.linalg.norm(message.descriptor) == pytest.approx(1, abs=1e-3)
        gray = cv2.cvtColor(THERE[0], cv2.COLOR_BGR2GRAY)
        expected = extractor.describe(gray if options.get("encoding") == "mono8" else THERE[0])
        assert expected @ message.descriptor > (0.98 if options.get("extension") == "jpg" else 0.9999), (
            options
        )


def test_descriptors_are_published_to_a_late_subscriber(ros, camera):
    camera.publish_and_wait(THERE[0])
    descriptors = ros.subscribe(NODE + "/descriptor", Descriptor)
    for image in THERE[1:4]:  # the node may notice the subscriber only after the first of them
        camera.publish_and_wait(image)
    descriptors.wait_for(lambda message: message.keyframe_id == 4)
    assert descriptors.messages[0].keyframe_id >= 2


def test_the_descriptor_of_an_image_without_features_is_not_published(ros, camera):
    descriptors = ros.subscribe(NODE + "/descriptor", Descriptor)
    camera.publish_and_wait(np.zeros_like(THERE[0]))
    camera.publish_and_wait(THERE[1])
    assert [each.keyframe_id for each in descriptors.wait(1)] == [1]


def test_an_image_without_features_has_a_result_and_is_not_stored(camera):
    result = camera.publish_and_wait(np.zeros_like(THERE[0]))
    assert result.query_id == 0
    assert result.candidates == []


def test_diagnostics_contain_counts_and_durations(ros, camera):
    diagnostics = Diagnostics(ros)
    camera.publish_sequence(THERE + BACK)
    level, _, values = diagnostics.wait({"keyframes": 15, "stored": 15})
    assert level == 0
    assert values["model"] == open_extractor().card.model_id
    assert values["engine"].startswith("onnxruntime")
    assert values["keyframes in the map"] == "15"
    assert values["tracking"] == "TRACKING"
    assert values["dropped"] == "0"
    assert float(values["keyframes per second"]) > 0
    assert 20 < float(values["memory [MB]"]) < 1000
    for stage in ("describe", "local features", "search", "decide", "store"):
        median, high = (float(each) for each in values[f"{stage} [ms], median and 95 %"].split(","))
        assert 0 <= median <= high


def test_a_late_subscriber_receives_the_next_candidates(ros, camera):
    camera.publish_sequence(THERE)
    camera.publish_and_wait(BACK[0])
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    result = camera.publish_and_wait(BACK[1])
    assert [each.header.stamp for each in loops.wait(1)] == [result.header.stamp]
