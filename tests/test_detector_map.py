"""What the detector remembers: sessions, kidnaps, restarts, a map that is full or cannot be written."""

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


@pytest.fixture
def street(paint):
    return [paint(layout) for layout in range(1, 9)]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "map.db")


@pytest.fixture
def known(make_detector, drive, street):
    """A detector that has seen the street."""
    detector = make_detector()
    drive(detector, street)
    return detector


def kinds(results):
    """(kind, match) of each accepted candidate."""
    return [(each.kind, each.match_id) for result in results for each in result.accepted]


def test_the_map_survives_a_restart(make_detector, drive, street, paint, path):
    first = make_detector(path)
    drive(first, street)
    first.close()

    second = make_detector(path)
    assert len(second.map) == 8
    answers = drive(second, [paint(3, shift=12), paint(4, shift=12)], start=1)
    assert kinds(answers) == [(Kind.INTER_SESSION, 3), (Kind.INTER_SESSION, 4)]
    best = answers[0].candidates[0]
    assert (best.query_id, best.query_session, best.match_session) == (9, 2, 1)
    assert (best.query_stamp, best.match_stamp) == (SECOND, 3 * SECOND)


def test_a_new_session_is_another_world(known, drive, paint):
    session = known.map.session.id
    known.start_session()
    answers = drive(known, [paint(3, shift=12)], start=9)
    assert kinds(answers) == [(Kind.INTER_SESSION, 3)]
    assert (answers[0].candidates[0].match_session, answers[0].candidates[0].query_session) == (
        session,
        session + 1,
    )


def test_a_new_session_forgets_the_past_of_the_old(make_detector, drive, street, paint):
    detector = make_detector(sequence_length=3, min_similarity=0.6)
    drive(detector, [*street, paint(21), paint(22)])
    detector.start_session()
    assert kinds(drive(detector, [paint(3, shift=12)], start=20)) == [(Kind.INTER_SESSION, 3)]


def test_kidnapped_and_recovered(known, drive, paint):
    before = known.map.session.id
    lost = known.set_tracking(False, 9 * SECOND)
    assert lost == (TrackingState.LOST, 9 * SECOND, before + 1)

    answers = drive(known, [paint(21), paint(22)], start=9)
    assert kinds(answers) == []
    assert {each.query_id for result in answers for each in result.candidates} == {0}
    assert len(known.map) == 8, "what is seen while lost has no place in a world frame"
    assert {(result.outcome, result.tracking) for result in answers} == {(Count.TRACKING_LOST, lost)}

    found = known.set_tracking(True, 11 * SECOND)
    assert found == (TrackingState.TRACKING, 11 * SECOND, before + 1)
    answers = drive(known, [paint(23), paint(4, shift=12), paint(5, shift=12)], start=12)
    assert kinds(answers) == [(Kind.KIDNAP_RECOVERY, 4), (Kind.INTER_SESSION, 5)]
    recovered = (TrackingState.RECOVERED, 13 * SECOND, before + 1)
    assert [result.tracking for result in answers] == [found, recovered, recovered]
    assert len(known.map) == 11
    assert answers[1].candidates[0].query_session == before + 1


def test_a_kidnap_may_be_recovered_while_still_lost(known, drive, paint):
    known.set_tracking(False, 9 * SECOND)
    answers = drive(known, [paint(4, shift=12)], start=9)
    assert kinds(answers) == [(Kind.KIDNAP_RECOVERY, 4)]
    assert answers[0].candidates[0].query_id == 0
    assert answers[0].tracking.state == TrackingState.RECOVERED
    assert len(known.map) == 8


def test_tracking_that_is_no_news_changes_nothing(known):
    session = known.map.session.id
    assert known.set_tracking(True, SECOND) == (TrackingState.TRACKING, 0, session)
    assert known.map.session.id == session
    lost = known.set_tracking(False, 2 * SECOND)
    assert known.set_tracking(False, 3 * SECOND) == lost == (TrackingState.LOST, 2 * SECOND, session + 1)
    assert known.map.session.id == session + 1


def test_a_new_session_is_in_every_result_that_follows(known, drive, paint):
    before = known.tracking
    begun = known.start_session(9 * SECOND)
    assert begun == (TrackingState.TRACKING, 9 * SECOND, before.session + 1)
    (result,) = drive(known, [paint(30)], start=10)
    assert result.tracking == begun
    assert result.query.session == begun.session


def test_a_result_names_its_map_and_model(known, drive, paint):
    (result,) = drive(known, [paint(3, shift=12)], start=9)
    status = known.status()
    assert (result.map_id, result.model_id) == (status.map_id, status.model_id)
    assert len(result.map_id) == 36
    assert result.model_id.startswith("projection-")


def test_candidates_name_the_robots(make_detector, drive, street, paint, path):
    first = make_detector(path, robot="r1")
    drive(first, street)
    first.close()
    second = make_detector(path, robot="r2")
    (result,) = drive(second, [paint(3, shift=12)], start=1)
    assert [(each.query_robot, each.match_robot) for each in result.accepted] == [("r2", "r1")]


def test_a_query_is_not_stored(known, paint):
    newest = known.relocalize().query
    result = known.query(paint(2, shift=12), 3, 77 * SECOND, "left_camera")
    assert (result.query.stamp, result.query.frame_id) == (77 * SECOND, "left_camera")
    assert {each.query_stamp for each in result.candidates} == {77 * SECOND}
    assert result.outcome == Count.QUERY
    answer = result.candidates
    assert len(answer) <= 3
    assert kinds([result]) == [(Kind.RELOCALIZATION, 2)]
    assert {each.kind for each in answer} == {Kind.RELOCALIZATION}
    assert answer[0].query_id == 0
    assert len(known.map) == 8
    assert known.relocalize().query is newest
    assert known.query(paint(2), 0).candidates == []


def test_relocalize_asks_with_the_newest_keyframe(known, drive, paint):
    drive(known, [paint(2, shift=12)], start=30)
    result = known.relocalize()
    assert kinds([result]) == [(Kind.RELOCALIZATION, 2)]
    answer = result.candidates
    assert (answer[0].query_id, answer[0].query_stamp) == (9, 30 * SECOND)
    assert len(known.map) == 9


def test_relocalization_may_find_a_place_that_was_never_left(make_detector, drive, paint):
    """The view has changed slowly: no loop closure, but the camera is where the match was taken."""
    detector = make_detector()
    blends = [cv2.addWeighted(paint(1), s, paint(2), 1 - s, 0) for s in np.linspace(1.0, 0.45, 20)]
    *_, last = drive(detector, blends)
    assert last.candidates[0].reason == Reason.TOO_RECENT
    assert detector.relocalize().candidates[0].reason != Reason.TOO_RECENT


def test_relocalize_without_keyframes_knows_nothing(make_detector, drive, paint):
    detector = make_detector()
    nothing = detector.relocalize()
    assert (nothing.query, nothing.candidates) == (None, [])
    assert detector.query(paint(1), 5).candidates == []
    drive(detector, [paint(1)])
    detector.start_session()
    assert detector.relocalize().query is None


def test_a_full_map_still_answers(make_detector, drive, street, paint):
    detector = make_detector(max_keyframes=6)
    drive(detector, street)
    answers = drive(detector, [paint(2, shift=12)], start=20)
    assert kinds(answers) == [(Kind.LOOP_CLOSURE, 2)]
    assert answers[0].candidates[0].query_id == 0
    assert len(detector.map) == 6
    assert {each.outcome for each in answers} == {Count.MAP_FULL}


def test_a_full_map_knows_its_last_place_again(make_detector, drive, street, paint):
    """What it saw since was not stored, but seen."""
    detector = make_detector(max_keyframes=6)
    drive(detector, street)
    answers = drive(detector, [paint(6, shift=12)], start=40)
    assert kinds(answers) == [(Kind.LOOP_CLOSURE, 6)]


def test_a_map_that_cannot_be_written_still_answers(known, drive, paint, monkeypatch):
    """FAULTS 3."""

    def fail(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(KeyframeStore, "add", fail)
        answers = drive(known, [paint(2, shift=12)], start=20)
    assert kinds(answers) == [(Kind.LOOP_CLOSURE, 2)]
    assert answers[0].candidates[0].query_id == 0
    assert answers[0].outcome == Count.STORE_FAILED
    answers = drive(known, [paint(3, shift=12)], start=21)
    assert answers[0].candidates[0].query_id == 9, "there is room again"


def test_a_lost_view_is_not_verified(known, drive, paint):
    """The row of the local features is damaged."""
    known.map._store._connection.execute("UPDATE views SET crc = crc + 1 WHERE id = 2")
    answer = drive(known, [paint(2, shift=12)], start=20)[0].candidates
    assert (answer[0].match_id, answer[0].reason, answer[0].matches) == (2, Reason.FEW_MATCHES, 0)


def test_stages_are_timed(known):
    assert set(known.status().durations) == {"describe", "local features", "store", "search", "checks"}


@pytest.mark.parametrize(
    "shape", [(240, 320), (480, 640, 3), (1080, 1920, 3), (1, 5000), (5000, 2, 3), (3, 2)]
)
def test_a_thumbnail_keeps_the_ratio(shape):
    small = cv2.imdecode(np.frombuffer(thumbnail(np.zeros(shape, np.uint8)), np.uint8), cv2.IMREAD_UNCHANGED)
    assert small.ndim == len(shape)
    assert max(small.shape[:2]) == min(max(shape[:2]), LONGER_SIDE)
    scale = min(1, LONGER_SIDE / max(shape[:2]))
    assert min(small.shape[:2]) == max(1, round(scale * min(shape[:2])))


class TestOpen:
    """The real model, nothing but the door."""

    def test_the_map_is_where_it_is_told(self, path):
        for config, map_path in ((Config(map_path=path), ""), (Config(map_path="/nowhere/map.db"), path)):
            detector = LoopDetector.open(config, map_path)
            assert "onnxruntime" in detector.status().engine
            detector.close()
            assert os.path.isfile(path)
            os.remove(path)

    def test_a_tilde_is_home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        LoopDetector.open(Config(map_path="~/map.db")).close()
        assert (tmp_path / "map.db").is_file()

    def test_a_map_of_another_model_is_refused(self, path):
        KeyframeStore(path, "ancient-000000000000", 512).close()
        with pytest.raises(MapMismatch, match="ancient-000000000000"):
            LoopDetector.open(Config(), path)

    def test_a_map_is_for_one(self, path):
        first = LoopDetector.open(Config(), path)
        with pytest.raises(StoreBusy):
            LoopDetector.open(Config(), path)
        first.close()
        LoopDetector.open(Config(), path).close()

    @pytest.mark.parametrize("model, error", [("/nowhere/other.onnx", ModelError), ("/dev/null", ModelError)])
    def test_a_model_that_is_none_is_named(self, model, error, path):
        with pytest.raises(error, match=model.split("/")[-1]):
            LoopDetector.open(Config(model=model), path)
        assert not os.path.exists(path)

    def test_an_unreadable_map_closes_what_was_opened(self, path, monkeypatch):
        def fail(_):
            raise StoreError("rows cannot be read")

        with monkeypatch.context() as patch:
            patch.setattr(KeyframeStore, "keyframes", fail)
            with pytest.raises(StoreError, match="rows cannot be read"):
                LoopDetector.open(Config(), path)
        LoopDetector.open(Config(), path).close()


def test_an_engine_that_fails_in_between_does_not_harm_the_map(known, drive, street, engine):
    engine.broken = True
    for _ in range(5):
        with pytest.raises(EngineError):
            drive(known, street[:1], start=9)
    engine.broken = False
    drive(known, street[:1], start=9)
    assert len(known.map) == 9
