"""The services that change or copy the map, of a real node."""

import threading

from std_srvs.srv import SetBool, Trigger

from place_recognition_ros.msg import KidnapState, LoopCandidate
from place_recognition_ros.srv import MapFile, RemoveKeyframes
from tests.ros.camera import BACK, NODE, PARAMETERS, THERE, Camera, Diagnostics, stored


def test_a_map_is_saved_while_images_keep_coming(ros, start_node, tmp_path):
    start_node(map_path=str(tmp_path / "map.db"), **PARAMETERS)
    camera, copy = Camera(ros), str(tmp_path / "a copy.db")
    camera.publish_sequence(THERE)
    responses = []
    call = threading.Thread(
        target=lambda: responses.append(ros.call(NODE + "/save_map", MapFile, copy, timeout=30))
    )
    call.start()
    results = camera.publish_sequence(BACK)
    call.join()
    (response,) = responses
    assert response.success, response.message
    assert copy in response.message
    assert len(THERE) <= response.count == len(stored(copy)) <= len(THERE + BACK)
    assert [result.query_id for result in results] == [13, 14, 15]


def test_a_saved_map_is_loaded_by_another_node(ros, start_node, tmp_path):
    copy = str(tmp_path / "copy.db")
    first = start_node(**PARAMETERS)
    Camera(ros).publish_sequence(THERE)
    ros.call(NODE + "/save_map", MapFile, copy)
    first.stop()
    start_node(map_path=str(tmp_path / "map.db"), **PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    response = ros.call(NODE + "/load_map", MapFile, copy)
    assert (response.success, response.count) == (True, len(THERE)), response.message
    session = states.wait(2)[-1].session
    assert f"session {session} begins" in response.message
    results = Camera(ros, start=2000).publish_sequence(BACK)
    (best,) = (each for each in results[-1].candidates if each.status == LoopCandidate.STATUS_VERIFIED)
    assert (best.kind, best.match_stamp.to_sec()) == (LoopCandidate.KIND_INTER_SESSION, 1003.0)
    assert (best.match_session < best.query_session, best.query_session) == (True, session)
    again = ros.call(NODE + "/load_map", MapFile, copy)
    assert (again.success, again.count) == (True, 0), again.message


def test_wrong_paths_are_refused_with_the_cause(ros, start_node, tmp_path):
    path, notes = str(tmp_path / "map.db"), tmp_path / "notes.txt"
    notes.write_text("mine")
    node = start_node(map_path=path, **PARAMETERS)
    Camera(ros).publish_sequence(THERE[:2])
    for service, wrong, cause in (
        ("/save_map", path, "another file than that of the map in use"),
        ("/save_map", "copy.db", "expected an absolute path"),
        ("/save_map", str(tmp_path / "nowhere" / "copy.db"), "existing folder"),
        ("/save_map", str(notes), "not a map"),
        ("/load_map", path, "another file than that of the map in use"),
        ("/load_map", str(notes), "not a map"),
        ("/load_map", str(tmp_path / "nowhere.db"), "not a file"),
    ):
        response = ros.call(NODE + service, MapFile, wrong)
        assert (response.success, response.count) == (False, 0)
        assert cause in response.message
    assert notes.read_text() == "mine"
    node.stop()
    assert len(stored(path)) == 2


def test_a_node_that_only_localizes_stores_nothing(ros, start_node):
    start_node(**PARAMETERS)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    assert ros.call(NODE + "/set_mapping", SetBool, False).success
    results = camera.publish_sequence(BACK)
    assert {result.query_id for result in results} == {0}
    assert results[-1].candidates[0].status == LoopCandidate.STATUS_VERIFIED
    report = Diagnostics(ros).next()
    assert report["keyframes in the map"] == str(len(THERE))
    assert report["not stored: mapping is off"] == str(len(BACK))
    assert ros.call(NODE + "/set_mapping", SetBool, True).success
    assert camera.publish_and_wait(THERE[0]).query_id == len(THERE) + 1


def test_removed_keyframes_are_not_candidates(ros, start_node):
    start_node(**PARAMETERS)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    response = ros.call(NODE + "/remove_keyframes", RemoveKeyframes, [1, 2, 3, 999])
    assert (response.success, response.count) == (True, 3)
    assert "1 ids are not in the map" in response.message
    results = camera.publish_sequence(BACK)
    assert not {each.match_id for result in results for each in result.candidates} & {1, 2, 3}
    response = ros.call(NODE + "/remove_keyframes", RemoveKeyframes, [1, 2, 3, 999])
    assert (response.success, response.count) == (False, 0)


def test_a_reset_empties_the_map_and_begins_a_session(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    assert ros.call(NODE + "/reset", Trigger).success
    assert states.wait_for(lambda each: each.session == 2)
    result = camera.publish_and_wait(BACK[0])
    assert (result.query_id, result.candidates) == (len(THERE) + 1, [])


def test_a_new_session_is_reported_at_once(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    response = ros.call(NODE + "/new_session", Trigger)
    assert (response.success, response.message) == (True, "session 2 begins")
    assert states.wait_for(lambda each: each.session == 2).since.to_sec() == camera.now
    (best, *_) = camera.publish_sequence(BACK)[-1].candidates
    assert (best.match_session, best.query_session) == (1, 2)
