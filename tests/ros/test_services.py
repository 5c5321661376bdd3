"""The services, as a program and as a person at a terminal call them."""

import subprocess

from sensor_msgs.msg import Image

from place_recognition_ros.msg import LoopCandidate
from place_recognition_ros.srv import QueryImage, Relocalize
from tests.ros.camera import BACK, FRAME, NODE, PARAMETERS, THERE, Camera, Diagnostics, changed, to_image


def rosservice_call_relocalize():
    return subprocess.run(
        ["rosservice", "call", "/relocalize"], stdout=subprocess.PIPE, check=True, timeout=20
    ).stdout.decode()


def test_relocalize_from_the_command_line(ros, start_node):
    start_node(**PARAMETERS)
    empty = rosservice_call_relocalize()
    assert "success: False" in empty
    assert "no keyframe has arrived yet" in empty
    assert "candidates: []" in empty
    Camera(ros).walk(THERE + BACK)
    found = rosservice_call_relocalize()
    assert "success: True" in found
    assert "keyframe 3 of session 1" in found


def test_relocalize_asks_over_all_sessions(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    Camera(ros).walk(THERE)
    node.stop()
    start_node(map_path=path, **PARAMETERS)
    Camera(ros, start=2000).walk(BACK)
    answer = ros.call("relocalize", Relocalize)
    assert answer.success
    best = answer.candidates[0]
    assert (best.kind, best.status) == (LoopCandidate.KIND_RELOCALIZATION, LoopCandidate.STATUS_VERIFIED)
    assert (best.match_id, best.match_session, best.query_session) == (3, 1, 2)
    assert best.header.frame_id == FRAME
    assert best.header.stamp.to_sec() == 2003


def test_relocalize_with_an_empty_map_has_no_candidates(ros, start_node):
    start_node(**PARAMETERS)
    answer = ros.call("relocalize", Relocalize)
    assert (answer.success, answer.candidates) == (False, [])
    assert "no keyframe has arrived yet" in answer.message


def test_query_image_finds_its_place_and_stores_nothing(ros, start_node):
    start_node(**PARAMETERS)
    camera = Camera(ros)
    walked = camera.walk(THERE + THERE[6:])
    answer = ros.call(NODE + "/query_image", QueryImage, to_image(BACK[0], 0), 2)
    assert answer.success
    assert [each.query_id for each in answer.candidates] == [0, 0]
    best = answer.candidates[0]
    assert (best.kind, best.status) == (LoopCandidate.KIND_RELOCALIZATION, LoopCandidate.STATUS_VERIFIED)
    assert best.match_id == 1
    assert Diagnostics(ros).next()["keyframes in the map"] == str(len(walked))


def test_candidates_of_query_image_have_the_stamp_and_frame_of_the_request(ros, start_node):
    start_node(**PARAMETERS)
    Camera(ros).walk(THERE + THERE[6:])
    request = to_image(BACK[0], 77, frame_id="another_camera")
    answer = ros.call(NODE + "/query_image", QueryImage, request, 2)
    assert {(each.header.stamp.to_sec(), each.header.frame_id) for each in answer.candidates} == {
        (77.0, "another_camera")
    }


def test_query_image_without_k_answers_as_many_as_the_node_searches_for(ros, start_node):
    start_node(top_k=2, **PARAMETERS)
    Camera(ros).walk(THERE + BACK)
    answer = ros.call(NODE + "/query_image", QueryImage, to_image(BACK[0], 0), 0)
    assert len(answer.candidates) == 2


def test_query_image_says_what_is_wrong_with_a_picture(ros, start_node):
    start_node(**PARAMETERS)
    for change, said in (
        ({"encoding": "rgb16be"}, "'rgb16be'"),
        ({"step": 3}, "step=3"),
        ({"data": b""}, "0 bytes"),
        ({"height": 2**32 - 1}, f"height={2**32 - 1}"),
    ):
        answer = ros.call(NODE + "/query_image", QueryImage, changed(to_image(THERE[0], 0), **change), 1)
        assert not answer.success
        assert "expected" in answer.message and said in answer.message
    assert not ros.call(NODE + "/query_image", QueryImage, Image(), 1).success
