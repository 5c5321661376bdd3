"""What is done to the map on request: copies, other maps, removal."""

import shutil
import sqlite3

import pytest

from place_recognition_ros.errors import KeyframeError, MapMismatch, StoreBusy, StoreError
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.types import Count, Kind
from tests.test_detector_map import accepted

SECOND = 10**9


@pytest.fixture
def other(tmp_path):
    """Path of another map."""
    return str(tmp_path / "other.db")


@pytest.fixture
def record(make_detector, add_images):
    """``record(path, images, first)`` writes a map of one session; its stamps begin at ``first``, seconds."""

    def record(path, images, first=1):
        detector = make_detector(path)
        add_images(detector, images, start=first)
        detector.close()

    return record


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr("place_recognition_ros.memory.job.SLICE", 0.0)


def done_between(job, act):
    """Do a job, and ``act(step)`` after each of its steps but the last; returns how many these are."""
    steps = 0
    while job.step():
        act(steps)
        steps += 1
    job.finish()
    return steps


def test_a_copy_has_what_the_map_had_when_it_began(
    make_detector, add_images, places, paint, path, other, small_slices
):
    detector = make_detector(path)
    add_images(detector, places)
    job = detector.upkeep.save(other)
    steps = done_between(job, lambda step: add_images(detector, [paint(21 + step)], start=20 + step))
    assert len(detector.map) == 8 + steps > 8
    assert (job.count, job.message) == (8, f"8 keyframes of 1 sessions saved in '{other}'")
    copy = make_detector(other)
    assert list(copy.map.timeline) == list(range(1, 9))
    assert copy.status().map_id == detector.status().map_id
    (result,) = add_images(copy, [paint(3, shift=12)], start=100)
    assert accepted([result]) == [(Kind.INTER_SESSION, 3)]


def test_a_loaded_map_is_found_as_earlier_sessions(detector, add_images, paint, record, other):
    record(other, [paint(layout) for layout in range(11, 19)])
    before = detector.map.sessions.present.id
    message = detector.upkeep.load(other).run()
    session = detector.map.sessions.present.id
    assert message == f"8 keyframes of 1 sessions loaded from '{other}'; session {session} begins"
    (result,) = add_images(detector, [paint(13, shift=12)])
    (found,) = result.accepted
    assert (found.kind, found.match_stamp) == (Kind.INTER_SESSION, 3 * SECOND)
    assert before < found.match_session < found.query_session == session
    detector.start_session()  # else it would compete with the run that has begun
    (result,) = add_images(detector, [paint(3, shift=12)], start=100)
    assert accepted([result]) == [(Kind.INTER_SESSION, 3)]


def test_loading_twice_adds_nothing(detector, paint, record, other):
    record(other, [paint(layout) for layout in range(11, 19)])
    detector.upkeep.load(other).run()
    message = detector.upkeep.load(other).run()
    assert message.startswith("0 keyframes of 0 sessions loaded")
    assert "; 1 sessions are in the map already; " in message
    assert len(detector.map) == 16


def test_a_map_is_restored_from_its_copy(make_detector, add_images, places, paint, path, other):
    detector = make_detector(path)
    add_images(detector, places)
    detector.upkeep.save(other).run()
    detector.upkeep.reset().run()
    assert len(detector.map) == 0
    detector.upkeep.load(other).run()
    (result,) = add_images(detector, [paint(3, shift=12)], start=100)
    assert [each.match_stamp for each in result.accepted] == [3 * SECOND]


def test_keyframes_may_be_added_while_a_map_is_loaded(
    make_detector, add_images, places, paint, record, path, other, small_slices
):
    record(other, [paint(layout) for layout in range(11, 31)])
    detector = make_detector(path)
    add_images(detector, places)
    job = detector.upkeep.load(other)
    steps = done_between(job, lambda step: add_images(detector, [paint(100 + step)], start=1 + step))
    assert steps > 10
    timeline = detector.map.timeline
    sessions = [timeline[number].session for number in timeline]
    assert sessions == sorted(sessions)
    assert (len(set(sessions)), len(sessions)) == (3, 8 + 20 + steps)
    assert list(timeline) == sorted(timeline)
    detector.close()
    again = make_detector(path).map.timeline
    assert [again[number] for number in again] == [timeline[number] for number in timeline]


def test_a_map_that_cannot_be_loaded_changes_nothing(detector, record, paint, path, other, tmp_path):
    session = detector.map.sessions.present.id
    (tmp_path / "text.db").write_text("not a map " * 999)
    KeyframeStore(str(tmp_path / "ancient.db"), "ancient-000000000000", 64, "orb").close()
    for name, error, cause in (
        ("nowhere.db", StoreError, "not a file"),
        ("text.db", StoreError, "not a map"),
        ("ancient.db", MapMismatch, "ancient-000000000000"),
        ("", StoreError, "not a file"),
    ):
        with pytest.raises(error, match=cause):
            detector.upkeep.load(str(tmp_path / name))
    for name in ("other.db", "", "a/b.db"):
        with pytest.raises(StoreError, match="expected an absolute path"):
            detector.upkeep.load(name)
    assert (detector.map.sessions.present.id, len(detector.map)) == (session, 8)


def test_a_map_in_use_is_not_loaded(make_detector, path, other):
    first, second = make_detector(path), make_detector(other)
    with pytest.raises(StoreBusy, match="no node has open"):
        second.upkeep.load(path)
    with pytest.raises(StoreError, match="another file"):
        first.upkeep.load(path)
    with pytest.raises(StoreBusy, match="no node has open"):
        second.upkeep.save(path)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_a_copy_never_replaces_the_map_itself(make_detector, path, suffix, tmp_path):
    detector = make_detector(path)
    with pytest.raises(StoreError, match="another file"):
        detector.upkeep.save(path + suffix)
    (tmp_path / "link").symlink_to(path + suffix)
    with pytest.raises(StoreError, match="another file"):
        detector.upkeep.save(str(tmp_path / "link"))


def test_wrong_paths_of_copies_are_refused(detector, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for path, cause in (
        ("copy.db", "absolute"),
        ("", "absolute"),
        (str(tmp_path), "existing folder"),
        (str(tmp_path / "nowhere" / "copy.db"), "existing folder"),
        (str(tmp_path / "notes.txt"), "not a map"),
        (str(tmp_path / "copy\0.db"), "null"),
    ):
        with pytest.raises(StoreError, match=cause):
            detector.upkeep.save(path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


def test_a_tilde_is_the_home_folder(detector, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    detector.upkeep.save("~/copy.db").run()
    assert (tmp_path / "copy.db").is_file()
    detector.upkeep.load("~/copy.db").run()


def test_removed_keyframes_are_not_found_again(make_detector, add_images, places, paint, path):
    detector = make_detector(path)
    add_images(detector, places)
    job = detector.upkeep.remove([3, 3, 99, 2**64 - 1])
    assert job.run() == "1 keyframes removed; 2 ids are not in the map"
    assert job.count == 1
    (result,) = add_images(detector, [paint(3, shift=12)], start=20)
    assert accepted([result]) == []
    assert result.query.id == 9
    detector.close()
    assert list(make_detector(path).map.timeline) == [1, 2, 4, 5, 6, 7, 8, 9]


def test_ids_that_are_not_in_the_map_are_refused(detector):
    for ids in ([], [0, 99]):
        with pytest.raises(KeyframeError, match=f"Received: {len(ids)} ids"):
            detector.upkeep.remove(ids)


def test_a_reset_map_is_empty_and_uses_no_id_again(make_detector, add_images, places, path):
    detector = make_detector(path)
    add_images(detector, places)
    detector.map.store.file.connection.execute("UPDATE keyframes SET crc = crc + 1 WHERE id = 8")
    detector.map.store.learned.set_note("decision", "of this map")
    session = detector.map.sessions.present.id
    message = detector.upkeep.reset().run()
    assert message == f"8 keyframes removed; session {session + 1} begins"
    run = detector.map.store.file.connection.execute
    for table in ("keyframes", "views", "links", "ties", "sessions", "cameras"):
        assert run(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)
    assert detector.map.store.learned.note("decision") == ""
    assert detector.relocalize().candidates == []
    detector.close()
    detector = make_detector(path)
    assert detector.map.sessions.present.id == session + 1
    (result, *_) = add_images(detector, places)
    assert (result.query.id, result.candidates) == (9, [])


def test_a_reset_gives_the_space_back(make_detector, add_images, paint, path, tmp_path):
    detector = make_detector(path)
    add_images(detector, [paint(layout) for layout in range(1, 60)])
    detector.map.store.file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    before = (tmp_path / "map.db").stat().st_size
    detector.upkeep.reset().run()
    assert (tmp_path / "map.db").stat().st_size < before / 10


def test_a_map_that_is_localized_in_does_not_grow(detector, add_images, paint):
    detector.upkeep.set_mapping(False)
    (result,) = add_images(detector, [paint(3, shift=12)], start=20)
    assert (result.outcome, accepted([result])) == (Count.MAPPING_OFF, [(Kind.LOOP_CLOSURE, 3)])
    detector.upkeep.set_mapping(True)
    (result,) = add_images(detector, [paint(50)], start=21)
    assert result.outcome == Count.STORED


def test_a_new_session_begins_at_the_newest_keyframe(detector):
    session = detector.upkeep.new_session()
    tracking = detector.status().tracking
    assert (tracking.session, tracking.since) == (session, 8 * SECOND)


def test_a_copy_of_a_temporary_map_becomes_a_map(make_detector, add_images, places, other):
    detector = make_detector()
    add_images(detector, places)
    detector.upkeep.save(other).run()
    assert make_detector(other).status().keyframes == 8


def test_a_map_that_was_killed_is_replaced_without_its_log(
    make_detector, add_images, places, path, other, tmp_path
):
    """SQLite would take the log beside it for that of the copy."""
    old = make_detector(path)
    add_images(old, places)
    for suffix in ("", "-wal"):
        shutil.copy(path + suffix, other + suffix)
    detector = make_detector()
    add_images(detector, places[:2])
    detector.upkeep.save(other).run()
    connection = sqlite3.connect(other)
    assert connection.execute("SELECT COUNT(*) FROM keyframes").fetchone() == (2,)
    connection.close()


def test_a_log_without_a_map_is_not_used_with_the_copy(make_detector, add_images, places, path, other):
    old = make_detector(path)
    add_images(old, places)
    shutil.copy(path + "-wal", other + "-wal")
    detector = make_detector()
    add_images(detector, places[:2])
    detector.upkeep.save(other).run()
    assert make_detector(other).status().keyframes == 2
