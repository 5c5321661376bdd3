"""LoopDetector and its map: sessions, kidnaps, restarts, a map that is full or cannot be written."""

import os

import cv2
import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import EngineError, MapMismatch, ModelError, StoreBusy, StoreError
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.thumbnail import LONGER_SIDE, thumbnail
from place_recognition_ros.types import Count, Kind, Reason, TrackingState

SECOND = 10**9


def accepted(results):
    """(kind, match id) of each accepted candidate."""
    return [(each.kind, each.match_id) for result in results for each in result.accepted]


def test_the_map_is_loaded_after_a_restart(make_detector, add_images, places, paint, path):
    first = make_detector(path)
    add_images(first, places)
    first.close()

    second = make_detector(path)
    assert len(second.map) == 8
    results = add_images(second, [paint(3, shift=12), paint(4, shift=12)], start=1)
    assert accepted(results) == [(Kind.INTER_SESSION, 3), (Kind.INTER_SESSION, 4)]
    best = results[0].candidates[0]
    assert (best.query_id, best.query_session, best.match_session) == (9, 2, 1)
    assert (best.query_stamp, best.match_stamp) == (SECOND, 3 * SECOND)


def test_a_match_in_an_earlier_session_is_inter_session(detector, add_images, paint):
    session = detector.map.sessions.present.id
    detector.start_session()
    results = add_images(detector, [paint(3, shift=12)], start=9)
    assert accepted(results) == [(Kind.INTER_SESSION, 3)]
    best = results[0].candidates[0]
    assert (best.match_session, best.query_session) == (session, session + 1)


def test_a_new_session_ends_all_runs(make_detector, add_images, places, paint):
    weak = {"bias": -6.0, "coverage": 12.0, "inliers": 0.0, "aliasing": 0.0, "correlation": 0.2}
    for begin in (False, True):
        detector = make_detector(weights=dict(weak, prior=-2.0), accept_confidence=0.9)
        add_images(detector, [*places, paint(21), paint(22)])
        add_images(detector, [paint(3, shift=12)], start=20)
        if begin:
            detector.start_session()
        (result,) = add_images(detector, [paint(4, shift=12)], start=21)
        assert (result.accepted == []) is begin


def test_a_new_session_is_in_the_next_result(detector, add_images, paint):
    before = detector.status().tracking
    tracking = detector.start_session(9 * SECOND)
    assert tracking[:3] == (TrackingState.TRACKING, 9 * SECOND, before.session + 1)
    (result,) = add_images(detector, [paint(30)], start=10)
    assert result.tracking == tracking
    assert result.query.session == tracking.session


def test_sessions_that_follow_each_other_begin_with_the_newest_image(detector, add_images, paint):
    add_images(detector, [paint(30)], start=10)
    stamp = detector.status().tracking.since
    since = [detector.start_session().since for _ in range(3)]
    detector.upkeep.new_session()
    assert [*since, detector.status().tracking.since] == [10 * SECOND] * 4
    assert stamp == 0


def test_a_result_contains_map_id_and_model_id(detector, add_images, paint):
    (result,) = add_images(detector, [paint(3, shift=12)], start=9)
    status = detector.status()
    assert (result.map_id, result.model_id) == (status.map_id, status.model_id)
    assert len(result.map_id) == 36
    assert result.model_id.startswith("projection-")


def test_candidates_contain_the_robot_names(make_detector, add_images, places, paint, path):
    first = make_detector(path, robot="r1")
    add_images(first, places)
    first.close()
    second = make_detector(path, robot="r2")
    (result,) = add_images(second, [paint(3, shift=12)], start=1)
    assert [(each.query_robot, each.match_robot) for each in result.accepted] == [("r2", "r1")]


def test_a_query_returns_relocalization_candidates_and_is_not_stored(detector, paint):
    newest = detector.relocalize().query
    result = detector.query(paint(2, shift=12), 3, 77 * SECOND, "left_camera")
    assert (result.query.stamp, result.query.frame_id) == (77 * SECOND, "left_camera")
    assert {each.query_stamp for each in result.candidates} == {77 * SECOND}
    assert result.outcome == Count.QUERY
    candidates = result.candidates
    assert len(candidates) <= 3
    assert accepted([result]) == [(Kind.RELOCALIZATION, 2)]
    assert {each.kind for each in candidates} == {Kind.RELOCALIZATION}
    assert candidates[0].query_id == 0
    assert len(detector.map) == 8
    assert detector.relocalize().query is newest
    assert detector.query(paint(2), 0).candidates == []


def test_relocalize_uses_the_newest_keyframe(detector, add_images, paint):
    add_images(detector, [paint(2, shift=12)], start=30)
    result = detector.relocalize()
    assert accepted([result]) == [(Kind.RELOCALIZATION, 2)]
    candidates = result.candidates
    assert (candidates[0].query_id, candidates[0].query_stamp) == (9, 30 * SECOND)
    assert len(detector.map) == 9


def test_relocalization_may_find_a_place_that_was_never_left(make_detector, add_images, paint):
    """The view has changed slowly: no loop closure, but the camera is where the match was taken."""
    detector = make_detector()
    blends = [cv2.addWeighted(paint(1), s, paint(2), 1 - s, 0) for s in np.linspace(1.0, 0.37, 24)]
    *_, last = add_images(detector, blends)
    assert last.candidates == []
    assert detector.relocalize().candidates[0].similarity > 0.5


def test_relocalize_without_keyframes_returns_no_candidates(make_detector, add_images, paint):
    detector = make_detector()
    result = detector.relocalize()
    assert (result.query, result.candidates) == (None, [])
    assert detector.query(paint(1), 5).candidates == []
    add_images(detector, [paint(1)])
    detector.start_session()
    assert detector.relocalize().query.stamp == SECOND, "nothing newer has been seen"


def test_a_full_map_makes_room_and_is_searched(make_detector, add_images, places, paint):
    detector = make_detector(max_keyframes=6)
    results = add_images(detector, places)
    assert {each.outcome for each in results} == {Count.STORED}
    assert len(detector.map) == 6
    assert detector.map.timeline.get(1) is not None, "the first keyframe of a session stays"
    results = add_images(detector, [paint(1, shift=12)], start=20)
    assert accepted(results) == [(Kind.LOOP_CLOSURE, 1)]


def test_a_map_file_that_is_full_makes_room(make_detector, add_images, paint):
    detector = make_detector(max_map_mb=1)
    add_images(detector, [paint(layout) for layout in range(1, 61)])
    keyframes, most = len(detector.map), detector.map.store.file.used_bytes
    assert 1 < keyframes < 60
    assert 0.9e6 < most < 1.1e6
    results = add_images(detector, [paint(layout) for layout in range(61, 81)], start=100)
    assert {each.outcome for each in results} == {Count.STORED}
    assert detector.map.store.file.used_bytes < 1.1e6


def test_a_map_that_cannot_make_room_is_searched(make_detector, add_images, places, paint):
    detector = make_detector(max_keyframes=1)
    add_images(detector, places)
    results = add_images(detector, [paint(1, shift=12)], start=20)
    assert accepted(results) == [(Kind.LOOP_CLOSURE, 1)]
    assert results[0].candidates[0].query_id == 0
    assert len(detector.map) == 1
    assert {each.outcome for each in results} == {Count.MAP_FULL}


def test_the_last_place_that_was_stored_is_matched(make_detector, add_images, places, paint, monkeypatch):
    """Images that could not be stored count as evidence that the camera left the place."""

    def fail(*_):
        raise StoreError("the disk is full")

    detector = make_detector()
    add_images(detector, places)
    monkeypatch.setattr(KeyframeStore, "add", fail)
    results = add_images(detector, [paint(21), paint(22), paint(23), paint(8, shift=12)], start=20)
    assert accepted(results) == [(Kind.LOOP_CLOSURE, 8)]


def test_a_map_that_cannot_be_written_is_searched(detector, add_images, paint, monkeypatch):
    def fail(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(KeyframeStore, "add", fail)
        results = add_images(detector, [paint(2, shift=12)], start=20)
    assert accepted(results) == [(Kind.LOOP_CLOSURE, 2)]
    assert results[0].candidates[0].query_id == 0
    assert results[0].outcome == Count.STORE_FAILED
    results = add_images(detector, [paint(3, shift=12)], start=21)
    assert results[0].candidates[0].query_id == 9, "not stored after the write error was over"


def test_a_match_with_damaged_features_is_not_verified(detector, add_images, paint):
    detector.map.store.file.connection.execute("UPDATE views SET crc = crc + 1 WHERE id = 2")
    candidates = add_images(detector, [paint(2, shift=12)], start=20)[0].candidates
    assert (candidates[0].match_id, candidates[0].reason, candidates[0].matches) == (2, Reason.FEW_MATCHES, 0)


def test_the_status_contains_the_duration_of_each_stage(detector):
    stages = {"overlay", "describe", "local features", "stay", "store", "search", "decide"}
    assert set(detector.status().durations) == stages


@pytest.mark.parametrize(
    "shape", [(240, 320), (480, 640, 3), (1080, 1920, 3), (1, 5000), (5000, 2, 3), (3, 2)]
)
def test_a_thumbnail_keeps_the_aspect_ratio(shape):
    small = cv2.imdecode(np.frombuffer(thumbnail(np.zeros(shape, np.uint8)), np.uint8), cv2.IMREAD_UNCHANGED)
    assert small.ndim == len(shape)
    assert max(small.shape[:2]) == min(max(shape[:2]), LONGER_SIDE)
    scale = min(1, LONGER_SIDE / max(shape[:2]))
    assert min(small.shape[:2]) == max(1, round(scale * min(shape[:2])))


class TestOpen:
    """``LoopDetector.open`` with the real model."""

    def test_the_map_path_argument_takes_precedence(self, path):
        for config, map_path in ((Config(map_path=path), ""), (Config(map_path="/nowhere/map.db"), path)):
            detector = LoopDetector.open(config, map_path)
            assert "onnxruntime" in detector.status().engine
            detector.close()
            assert os.path.isfile(path)
            os.remove(path)

    def test_a_tilde_is_the_home_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        LoopDetector.open(Config(map_path="~/map.db")).close()
        assert (tmp_path / "map.db").is_file()

    def test_a_map_of_another_model_is_refused(self, path):
        KeyframeStore(path, "ancient-000000000000", 512, "orb").close()
        with pytest.raises(MapMismatch, match="ancient-000000000000"):
            LoopDetector.open(Config(), path)

    def test_a_map_that_is_already_open_is_refused(self, path):
        first = LoopDetector.open(Config(), path)
        with pytest.raises(StoreBusy):
            LoopDetector.open(Config(), path)
        first.close()
        LoopDetector.open(Config(), path).close()

    @pytest.mark.parametrize("model", ["/nowhere/other.onnx", "/dev/null"])
    def test_an_invalid_model_raises_with_its_name(self, model, path):
        with pytest.raises(ModelError, match=model.split("/")[-1]):
            LoopDetector.open(Config(model=model), path)
        assert not os.path.exists(path)

    def test_an_unreadable_map_is_closed(self, path, monkeypatch):
        def fail(*_):
            raise StoreError("rows cannot be read")

        with monkeypatch.context() as patch:
            patch.setattr(KeyframeStore, "keyframes", fail)
            with pytest.raises(StoreError, match="rows cannot be read"):
                LoopDetector.open(Config(), path)
        LoopDetector.open(Config(), path).close()


def test_keyframes_are_stored_again_after_engine_errors(detector, add_images, places, engine):
    engine.broken = True
    for _ in range(5):
        with pytest.raises(EngineError):
            add_images(detector, places[:1], start=9)
    engine.broken = False
    add_images(detector, places[:1], start=9)
    assert len(detector.map) == 9
