"""The services, called from Python and from the command line."""

import re
import subprocess
import threading
import time

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from place_recognition_ros.msg import Descriptor, LoopCandidate
from place_recognition_ros.srv import QueryImage, Relocalize
from tests.ros.camera import BACK, FRAME, NODE, PARAMETERS, THERE, Camera, Diagnostics, changed, to_image


def rosservice_call_relocalize():
    return subprocess.run(
        ["rosservice", "call", "/relocalize"], stdout=subprocess.PIPE, check=True, timeout=20
    ).stdout.decode()


def test_relocalize_works_from_the_command_line(ros, start_node):
    start_node(**PARAMETERS)
    empty = rosservice_call_relocalize()
    assert "success: False" in empty
    assert "no usable keyframe has arrived" in empty
    assert "candidates: []" in empty
    Camera(ros).publish_sequence(THERE + BACK)
    found = rosservice_call_relocalize()
    assert "success: True" in found
    assert "keyframe 3 of session 1" in found


@pytest.fixture
def _restarted(ros, start_node, tmp_path):
    """A node that was started again, with the map of its first run, and has seen the way back."""
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    Camera(ros).publish_sequence(THERE)
    node.stop()
    start_node(map_path=path, **PARAMETERS)
    Camera(ros, start=2000).publish_sequence(BACK)


@pytest.mark.usefixtures("_restarted")
def test_relocalize_searches_all_sessions(ros):
    response = ros.call("relocalize", Relocalize)
    assert response.success
    best = response.candidates[0]
    assert (best.kind, best.status) == (LoopCandidate.KIND_RELOCALIZATION, LoopCandidate.STATUS_VERIFIED)
    assert (best.match_id, best.match_session, best.query_session) == (3, 1, 2)
    assert best.header.frame_id == FRAME
    assert best.header.stamp.to_sec() == 2003


@pytest.mark.usefixtures("_restarted")
def test_relocalize_answers_many_at_once_with_a_stopped_camera(ros):
    time.sleep(2)
    responses = []
    clients = [
        threading.Thread(target=lambda: responses.append(ros.call("relocalize", Relocalize, timeout=30)))
        for _ in range(24)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert [each.success for each in responses] == [True] * 24, [each.message for each in responses]
    assert {each.candidates[0].match_id for each in responses} == {3}
    assert re.search(r"keyframe 3 of session 1.*; the newest usable image is \d+ s old", responses[0].message)


def test_relocalize_with_an_empty_map_has_no_candidates(ros, start_node):
    start_node(**PARAMETERS)
    response = ros.call("relocalize", Relocalize)
    assert (response.success, response.candidates) == (False, [])
    assert "no usable keyframe has arrived" in response.message


def test_query_image_finds_the_place_and_stores_nothing(ros, start_node):
    start_node(**PARAMETERS)
    camera = Camera(ros)
    results = camera.publish_sequence(THERE + THERE[6:])
    response = ros.call(NODE + "/query_image", QueryImage, to_image(BACK[0], 0), 2)
    assert response.success
    assert [each.query_id for each in response.candidates] == [0, 0]
    best = response.candidates[0]
    assert (best.kind, best.status) == (LoopCandidate.KIND_RELOCALIZATION, LoopCandidate.STATUS_VERIFIED)
    assert best.match_id == 1
    assert Diagnostics(ros).next()["keyframes in the map"] == str(len(results))


def test_candidates_of_query_image_have_the_stamp_and_frame_of_the_request(ros, start_node):
    start_node(**PARAMETERS)
    Camera(ros).publish_sequence(THERE + THERE[6:])
    request = to_image(BACK[0], 77, frame_id="another_camera")
    response = ros.call(NODE + "/query_image", QueryImage, request, 2)
    assert {(each.header.stamp.to_sec(), each.header.frame_id) for each in response.candidates} == {
        (77.0, "another_camera")
    }


def test_query_image_without_k_returns_top_k_candidates(ros, start_node):
    start_node(top_k=2, **PARAMETERS)
    Camera(ros).publish_sequence(THERE + BACK)
    response = ros.call(NODE + "/query_image", QueryImage, to_image(BACK[0], 0), 0)
    assert len(response.candidates) == 2


def test_query_image_refuses_invalid_images_with_the_cause(ros, start_node):
    start_node(**PARAMETERS)
    for change, cause in (
        ({"encoding": "rgb16be"}, "'rgb16be'"),
        ({"step": 3}, "step=3"),
        ({"data": b""}, "0 bytes"),
        ({"height": 2**32 - 1}, f"height={2**32 - 1}"),
    ):
        response = ros.call(NODE + "/query_image", QueryImage, changed(to_image(THERE[0], 0), **change), 1)
        assert not response.success
        assert "expected" in response.message and cause in response.message
    assert not ros.call(NODE + "/query_image", QueryImage, Image(), 1).success


def test_query_image_does_not_change_the_16_bit_range_of_the_stream(ros, start_node):
    """The camera fills 12 bits, the images of the requests all 16."""
    start_node(**PARAMETERS)
    camera = Camera(ros)
    descriptors = ros.subscribe(NODE + "/descriptor", Descriptor)

    def to_mono16(image, stamp, factor=16):
        gray = to_image(image, stamp, encoding="mono8")
        pixels = np.frombuffer(gray.data, np.uint8).astype(np.uint16) * factor
        return changed(gray, encoding="mono16", step=2 * gray.width, data=pixels.tobytes())

    for _ in range(6):
        camera.publish_and_wait(THERE[0], to_mono16)
    for _ in range(6):
        assert ros.call(NODE + "/query_image", QueryImage, to_mono16(THERE[1], 0, 257), 1).message
    camera.publish_and_wait(THERE[0], to_mono16)
    before, after = (np.array(each.descriptor) for each in descriptors.wait(7)[-2:])
    assert before @ after > 0.9999


def test_calibration_without_odometry_is_refused(ros, start_node):
    start_node(**PARAMETERS)
    Camera(ros).publish_sequence(THERE)
    response = ros.call(NODE + "/calibrate", Trigger)
    assert not response.success
    assert "expected keyframes with poses: odometry. Received: a map without poses" in response.message
