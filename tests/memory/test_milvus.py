"""The index with milvus-lite: in this process, and as a server that is killed and started again."""

import os
import socket
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from place_recognition_ros.errors import ConfigError, MapMismatch, StoreError
from place_recognition_ros.memory import milvus_collection as collection_module
from place_recognition_ros.memory import milvus_index as module
from place_recognition_ros.memory.index_uri import open_index
from place_recognition_ros.memory.milvus_collection import MilvusCollection, Row
from place_recognition_ros.memory.milvus_index import MilvusIndex

HALF = 1e-3  # error of a cosine of half-precision vectors
SIZE = 16
OWNER = {"model": "network-1", "map": "a"}
is_missing = find_spec("pymilvus") is None or find_spec("milvus_lite") is None
needs_milvus = pytest.mark.skipif(
    is_missing, reason="requirements/milvus.txt is not installed; ./run test makes .venv-milvus for it"
)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def settle(index):
    until(lambda: not index.waiting and not index._settling)


def numbers(found):
    return [number for number, _ in found]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(module, "WRITE_EVERY_S", 0.02)
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    monkeypatch.setattr(module, "LONGEST_RETRY_S", 0.5)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "index.db")


@pytest.mark.parametrize("uri", ["localhost:19530", "tcp://x", "index", "/does/not/exist/index.db", "x.db/y"])
def test_an_address_of_another_form_is_refused(uri):
    with pytest.raises(ConfigError, match="index_uri: expected http://HOST:PORT"):
        MilvusIndex(uri, "k", SIZE, OWNER)


@pytest.mark.skipif(not is_missing, reason="pymilvus is installed")
def test_the_error_says_what_to_install(folder):
    with pytest.raises(ConfigError, match=r"pip install -r requirements/milvus\.txt"):
        MilvusIndex(folder, "k", SIZE, OWNER)


def test_a_temporary_map_is_refused(folder, open_store):
    with pytest.raises(ConfigError, match="temporary map"):
        open_index(folder, open_store(""), "m", 8)


@needs_milvus
def test_rows_are_written_once_found_and_removed(folder, unit):
    collection, stored = MilvusCollection(folder, "k", SIZE, OWNER), unit(20, SIZE)
    rows = [Row(number + 1, f"robot{number % 3}/1", vector) for number, vector in enumerate(stored)]
    collection.write([])
    assert collection.ids().tolist() == collection.search(stored[0], 5) == []
    collection.write(rows)
    collection.write(rows[3:8])
    assert collection.ids().tolist() == list(range(1, 21))
    for query in unit(5, SIZE):
        found, cosines = collection.search(query, 7), stored @ query
        assert numbers(found) == (np.argsort(-cosines)[:7] + 1).tolist()
        np.testing.assert_allclose([cosine for _, cosine in found], np.sort(cosines)[::-1][:7], atol=1e-5)
    collection.delete([])
    collection.delete([4, 5, 999])
    assert len(collection.search(stored[0], 99)) == 18
    collection.close()
    collection = MilvusCollection(folder, "k", SIZE, OWNER)
    assert collection.ids().tolist() == [1, 2, 3, *range(6, 21)]
    collection.close()


@needs_milvus
@pytest.mark.parametrize(
    "size, owner, message",
    [
        (SIZE + 1, OWNER, "vectors of 17 numbers"),
        (SIZE, dict(OWNER, model="network-2"), "model 'network-2'. Received: 'network-1'"),
        (SIZE, dict(OWNER, map="b"), "map 'b'. Received: 'a'"),
    ],
)
def test_a_collection_of_another_model_or_map_is_refused_by_name(size, owner, message, folder):
    MilvusCollection(folder, "k", SIZE, OWNER).close()
    with pytest.raises(MapMismatch, match=message):
        MilvusIndex(folder, "k", size, owner)
    MilvusIndex(folder, "k", SIZE, OWNER).close()


@needs_milvus
def test_it_returns_the_same_as_brute_force_while_it_grows_and_shrinks(folder, unit, rng):
    index, vectors, stored = MilvusIndex(folder, "k", SIZE, OWNER), unit(300, SIZE), []
    for first in range(0, 300, 50):
        index.extend(range(first, first + 40), vectors[first : first + 40])
        for number in range(first + 40, first + 50):
            index.add(number, vectors[number])
        gone = rng.choice(range(first, first + 50), 5, replace=False).tolist()
        index.remove(gone)
        stored += sorted({*range(first, first + 50)} - set(gone))
        for query in unit(5, SIZE):
            best = np.array(stored)[np.argsort(-(vectors[stored] @ query))[:1]].tolist()
            assert numbers(index.search(query, 1)) == best
        if first % 100:
            settle(index)
    index.complete()
    settle(index)
    assert sorted(numbers(index.search(vectors[0], 999))) == stored
    index.close()


@needs_milvus
def test_the_index_of_a_server_is_made_exact_with_the_stored_vectors(folder, unit, monkeypatch):
    """The parameters of its index and search are those of a server; milvus-lite knows this kind, too."""
    monkeypatch.setattr(collection_module, "EXACT", collection_module.APPROXIMATE)
    stored = unit(500, 64)
    index = MilvusIndex(folder, "k", 64, OWNER, stored=lambda ids: {each: stored[each] for each in ids})
    index._collection.is_exact = False
    index.extend(range(500), stored)
    index.complete()
    settle(index)
    for query in unit(20, 64):
        found, cosines = index.search(query, 10), stored @ query
        assert numbers(found) == np.argsort(-cosines)[:10].tolist()
        np.testing.assert_allclose([cosine for _, cosine in found], np.sort(cosines)[::-1][:10], atol=1e-6)
    (built,) = index._collection._client.list_indexes("k")
    assert index._collection._client.describe_index("k", built)["index_type"] == "HNSW_SQ"
    index.close()


@needs_milvus
def test_a_map_has_its_keyframes_there_after_a_restart(folder, tmp_path, open_store, keyframe):
    path = str(tmp_path / "map.db")
    written = []
    for run in range(2):
        store = open_store(path)
        index = open_index(folder, store, "m", 8)
        rows = list(store.keyframes())
        if rows:
            index.extend([row.id for row in rows], np.stack([row.descriptor for row in rows]))
            assert not index.waiting
        index.complete()
        for number in range(3):
            arguments = keyframe(10 * run + number)
            written.append((store.add(*arguments), arguments[2]))
            index.add(*written[-1])
        for number, descriptor in written:
            assert numbers(index.search(descriptor, 1)) == [number]
        index.close()
        store.close()
    assert len({number for number, _ in written}) == 6


@needs_milvus
def test_a_detector_finds_loops_after_a_restart(folder, tmp_path, make_detector, add_images, places, paint):
    path = str(tmp_path / "map.db")
    first = make_detector(path, index_uri=folder)
    add_images(first, places)
    first.close()
    second = make_detector(path, index_uri=folder)
    results = add_images(second, [paint(3, shift=12), paint(4, shift=12)], start=1)
    assert [each.match_id for result in results for each in result.accepted] == [3, 4]
    second.map.remove([3])
    found = second.query(paint(3), 8).candidates
    assert 3 not in [each.match_id for each in found]


class Server:
    """milvus-lite in a process of its own."""

    def __init__(self, folder):
        self._folder, self._process = folder, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self._port}"

    def start(self):
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", self._folder]
        with open(os.devnull, "w") as nowhere:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port)], stdout=nowhere, stderr=nowhere
            )

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def server(tmp_path):
    server = Server(str(tmp_path / "server"))
    yield server
    server.kill()


@needs_milvus
def test_a_server_that_is_away_killed_and_started_again(server, unit):
    """Away at the start; killed three times; each keyframe is found whenever the index has it."""
    stored = unit(120, SIZE)
    with pytest.raises(StoreError, match="expected to open collection 'k' of Milvus at http"):
        MilvusCollection(server.uri, "k", SIZE, OWNER)
    index = MilvusIndex(server.uri, "k", SIZE, OWNER)
    assert not index.is_connected
    index.complete()
    for first in range(0, 120, 40):
        for number in range(first, first + 20):
            index.add(number, stored[number])
            assert numbers(index.search(stored[number], 1)) == [number]
        server.start()
        until(lambda: index.is_connected)
        settle(index)
        for number in range(first + 20, first + 40):
            index.add(number, stored[number])
        for number in range(first + 40):
            assert index.search(stored[number], 1) == [(number, pytest.approx(1, abs=HALF))]
        settle(index)
        server.kill()
        index.search(stored[0], 1)
        assert not index.is_connected
    server.start()
    until(lambda: index.is_connected)
    assert sorted(numbers(index.search(stored[0], 999))) == list(range(120))
    index.close()
