"""The index without Milvus: a collection in memory that can be away, late to show a write, or another's."""

import time

import numpy as np
import pytest

from place_recognition_ros.errors import MapMismatch
from place_recognition_ros.memory import index_uri
from place_recognition_ros.memory import milvus_index as module
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.milvus_index import MilvusIndex
from tests.fakes.milvus import FakeMilvus

HALF = 1e-3  # error of a cosine of half-precision vectors
SIZE = 16


@pytest.fixture
def milvus(monkeypatch):
    fake = FakeMilvus()
    monkeypatch.setattr(module, "MilvusCollection", fake.open)
    for name in ("WRITE_EVERY_S", "RETRY_S", "SETTLED_S"):
        monkeypatch.setattr(module, name, 0.005)
    return fake


@pytest.fixture
def open_index(milvus):
    """``open_index(**arguments)`` → an index of vectors of SIZE numbers, closed at the end."""
    opened = []

    def open_index(**arguments):
        opened.append(MilvusIndex("http://x", "k", SIZE, {"model": "a"}, **arguments))
        return opened[-1]

    yield open_index
    milvus.writing.set()
    for index in opened:
        index.close()


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def settle(index):
    until(lambda: not index.waiting and not index._settling)


def numbers(found):
    return [number for number, _ in found]


def test_search_returns_the_same_as_brute_force_before_and_after_it_is_written(open_index, milvus, unit):
    stored, index = unit(60, SIZE), open_index()
    milvus.writing.clear()
    for number in range(30):
        index.add(number, stored[number])
    index.extend(range(30, 60), stored[30:])
    index.complete()

    def check():
        for query in unit(20, SIZE):
            for k in (1, 7, 60, 100):
                found, cosines = index.search(query, k), stored @ query
                assert len(set(numbers(found))) == min(k, 60)
                similarities = [similarity for _, similarity in found]
                assert similarities == sorted(similarities, reverse=True)
                np.testing.assert_allclose(similarities, np.sort(cosines)[::-1][:k], atol=HALF)

    check()
    milvus.writing.set()
    until(lambda: not index.waiting)
    check()
    settle(index)
    check()
    assert sorted(milvus.rows) == list(range(60))
    assert index.search(stored[0], 0) == index.search(stored[0] * np.nan, 5) == []


def test_what_was_just_written_is_found_although_milvus_does_not_show_it_yet(
    open_index, milvus, unit, monkeypatch
):
    monkeypatch.setattr(module, "SETTLED_S", 1000.0)
    stored, index = unit(3, SIZE), open_index()
    milvus.is_current = False
    index.add(1, stored[1])
    until(lambda: milvus.rows)
    assert numbers(index.search(stored[1], 5)) == [1]
    milvus.seen = dict(milvus.rows)
    assert numbers(index.search(stored[1], 5)) == [1]


def test_a_removed_keyframe_is_not_found_and_does_not_take_a_place(open_index, milvus, unit, monkeypatch):
    stored, index = unit(40, SIZE), open_index()
    for number, vector in enumerate(stored):
        index.add(number, vector)
    settle(index)
    milvus.is_current = False
    monkeypatch.setattr(module, "SETTLED_S", 1000.0)
    order = np.argsort(-(stored @ stored[0])).tolist()
    index.remove(order[:5])
    index.remove([*order[:3], 999])
    until(lambda: not index.waiting)
    assert numbers(index.search(stored[0], 4)) == order[5:9]
    assert set(milvus.rows) == set(order[5:])
    index.add(order[0], stored[order[0]])
    assert numbers(index.search(stored[0], 2)) == [order[0], order[5]]
    index.remove([order[0]])
    assert numbers(index.search(stored[0], 1)) == [order[5]]


def test_an_id_that_is_added_twice_is_stored_once(open_index, milvus, unit):
    stored, index = unit(3, SIZE), open_index()
    milvus.writing.clear()
    index.add(5, stored[0])
    index.add(5, stored[0])
    assert numbers(index.search(stored[0], 9)) == [5]
    milvus.writing.set()
    settle(index)
    index.add(5, stored[1])
    assert index.search(stored[1], 9) == [(5, pytest.approx(1, abs=HALF))]
    settle(index)
    assert index.search(stored[1], 9) == [(5, pytest.approx(1, abs=HALF))]
    assert len(milvus.rows) == 1


def test_a_map_is_sent_once_and_what_it_no_longer_has_is_removed(open_index, milvus, unit):
    stored = unit(30, SIZE)
    first = open_index()
    first.extend(range(20), stored[:20])
    first.complete()
    settle(first)
    first.close()
    milvus.written = 0
    second = open_index()
    second.extend(range(4, 12), stored[4:12])
    second.extend(range(12, 30), stored[12:])
    second.complete()
    assert sorted(numbers(second.search(stored[0], 99))) == list(range(4, 30))
    settle(second)
    assert sorted(milvus.rows) == list(range(4, 30))
    assert milvus.written == 10


def test_milvus_is_away_at_the_start(open_index, milvus, unit):
    stored = unit(30, SIZE)
    milvus.rows = {each: stored[each] for each in range(10)}
    milvus.show()
    milvus.is_away = True
    index = open_index()
    assert not index.is_connected
    index.extend(range(5, 20), stored[5:20])
    index.complete()
    index.add(20, stored[20])
    assert numbers(index.search(stored[7], 1)) == [7]
    opened = milvus.opened
    until(lambda: milvus.opened > opened + 2)
    milvus.is_away = False
    until(lambda: index.is_connected)
    settle(index)
    assert sorted(milvus.rows) == list(range(5, 21))
    assert numbers(index.search(stored[20], 1)) == [20]


def test_milvus_goes_and_comes_back(open_index, milvus, unit, caplog):
    stored, index = unit(200, SIZE), open_index()
    for number in range(100):
        index.add(number, stored[number])
    settle(index)
    for first in range(100, 200, 20):
        milvus.is_away = True
        for number in range(first, first + 20):
            index.add(number, stored[number])
            assert numbers(index.search(stored[number], 1)) == [number]
        assert index.search(stored[0], 1)[0][0] >= first or not index.is_connected
        until(lambda: not index.is_connected)
        milvus.is_away = False
        until(lambda: index.is_connected)
        settle(index)
        assert numbers(index.search(stored[0], 1)) == [0]
    assert sorted(milvus.rows) == list(range(200))
    assert "until Milvus is back" in caplog.text


def test_a_collection_of_another_model_is_refused(open_index, milvus, unit, caplog):
    milvus.is_refused = True
    with pytest.raises(MapMismatch):
        open_index()
    milvus.is_away = True
    index = open_index()
    milvus.is_away = False
    until(lambda: not index._thread.is_alive())
    assert "until a restart" in caplog.text
    index.add(1, unit(1, SIZE)[0])
    assert len(index.search(unit(1, SIZE)[0], 3)) == 1


def test_a_collection_that_was_deleted_is_reported(open_index, milvus, unit, caplog):
    index = open_index()
    index.add(1, unit(1, SIZE)[0])
    settle(index)
    milvus.is_away = milvus.is_new = True
    index.search(unit(1, SIZE)[0], 1)
    milvus.is_away = False
    until(lambda: index.is_connected)
    assert "was deleted: restart the node" in caplog.text


def test_an_add_does_not_wait_for_a_write(open_index, milvus, unit):
    stored, index = unit(50, SIZE), open_index()
    milvus.writing.clear()
    for number, vector in enumerate(stored):
        index.add(number, vector)
        assert numbers(index.search(vector, 1)) == [number]
        if number == 25:
            index.remove([3])
    assert index.waiting == 50
    milvus.writing.set()
    settle(index)
    assert sorted(milvus.rows) == [number for number in range(50) if number != 3]


def test_scores_of_an_approximate_index_are_made_exact(open_index, milvus, unit):
    stored = unit(20, SIZE)
    milvus.is_exact, milvus.error = False, -0.3
    index = open_index(stored=lambda ids: {each: stored[each] for each in ids if each != 4})
    index.extend(range(20), stored)
    index.complete()
    settle(index)
    assert index.search(stored[9], 1) == [(9, pytest.approx(1, abs=HALF))]
    assert 4 not in numbers(index.search(stored[4], 20))


def test_parts_are_asked_for_once_per_new_keyframe(open_index, milvus, unit):
    asked = []
    index = open_index(part=lambda number: asked.append(number) or f"robot{number % 2}")
    index.extend(range(6), unit(6, SIZE))
    index.add(6, unit(1, SIZE)[0])
    settle(index)
    assert asked == list(range(7))
    assert milvus.parts == {number: f"robot{number % 2}" for number in range(7)}


def test_closing_writes_what_waits(milvus, unit, monkeypatch):
    monkeypatch.setattr(module, "WRITE_EVERY_S", 1000.0)
    monkeypatch.setattr(module, "AT_ONCE", 7)
    index = MilvusIndex("http://x", "k", SIZE, {"model": "a"})
    for number, vector in enumerate(unit(20, SIZE)):
        index.add(number, vector)
    index.close()
    assert sorted(milvus.rows) == list(range(20))


def test_the_index_of_a_map_has_its_sessions_as_parts_and_its_descriptors(milvus, open_store, keyframe, path):
    store = open_store(path)
    arguments = keyframe(0)
    session = arguments[0]._replace(robot="robot one")
    first, second = (store.add(session, *arguments[1:]) for _ in range(2))
    milvus.is_exact, milvus.error = False, -0.3
    index = index_uri.open_index("http://x", store, "m", 8)
    for number in (first, second, 99):
        index.add(number, arguments[2])
    settle(index)
    name = f"robot one/{session.uuid}"
    assert milvus.parts == {first: name, second: name, 99: "unknown"}
    found = index.search(arguments[2], 9)
    assert sorted(found) == [(first, pytest.approx(1)), (second, pytest.approx(1))]
    index.close()


def test_without_an_address_the_index_is_in_memory(open_store):
    assert type(index_uri.open_index("", open_store(""), "m", 8)) is FaissIndex
