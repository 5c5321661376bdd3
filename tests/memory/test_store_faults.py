"""The store under SIGKILL, a second process, a full disk and corrupt bytes."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from place_recognition_ros.errors import StoreBusy, StoreError

CHILD = """
import itertools, sys
import numpy as np
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.types import FEATURE, Keyframe
store = KeyframeStore(sys.argv[1], "small-0123456789ab", 8, "orb")
print("open", flush=True)
for stamp in itertools.count():
    vector = np.full(8, stamp, np.float32)
    features, image = np.zeros(stamp % 9, FEATURE), b"thumbnail" * 900
    number = store.add(Session(1, "one"), Keyframe(None, stamp), vector, features, image)
    print(number, stamp, flush=True)
"""


@pytest.fixture
def writer(root, path):
    """``writer()`` → a process that adds keyframes endlessly and prints each; killed after the test."""
    started = []

    def start():
        command = [sys.executable, "-c", CHILD, path]
        environment = dict(os.environ, PYTHONPATH=root)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, universal_newlines=True)
        started.append(process)
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("kills", [8, pytest.param(1000, marks=pytest.mark.stress)])
def test_acknowledged_keyframes_are_stored_after_a_kill(kills, writer, open_store):
    stored = {}
    delays = random.Random(1)
    for _ in range(kills):
        process = writer()
        time.sleep(delays.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        lines = process.communicate()[0].splitlines(keepends=True)
        acknowledged = dict(map(int, line.split()) for line in lines if line.endswith("\n"))
        assert not set(acknowledged) & set(stored), "an id was used twice"
        store = open_store()
        found = {each.id: each for each in store.keyframes()}
        assert store.damaged == 0
        stored.update(acknowledged)
        assert set(stored) <= set(found)
        for number, stamp in acknowledged.items():
            assert found[number].stamp == stamp
            assert found[number].descriptor.tolist() == [stamp] * 8
            assert len(store.view(number).features) == stamp % 9
        store.close()
    assert len(stored) > kills


def test_a_second_process_is_refused_until_the_first_ends(writer, open_store, path):
    process = writer()
    with pytest.raises(StoreBusy) as caught:
        open_store()
    assert path in str(caught.value)
    process.kill()
    process.wait()
    assert list(open_store().keyframes())


def test_a_second_store_in_the_same_process_is_refused(open_store):
    first = open_store()
    with pytest.raises(StoreBusy):
        open_store()
    first.close()
    open_store()


def fill_up(store, keyframe):
    """Add keyframes until this fails; returns the ids of the stored ones."""
    numbers = []
    with pytest.raises(StoreError, match="expected to store a keyframe"):
        for number in range(10000):
            numbers.append(store.add(*keyframe(number)))  # noqa: PERF401
    return numbers


def test_a_full_map_file_keeps_the_stored_keyframes(open_store, keyframe, path):
    store = open_store()
    run = store._connection.execute
    run("PRAGMA max_page_count = 20")
    numbers = fill_up(store, keyframe)
    assert numbers
    assert [each.id for each in store.keyframes()] == numbers
    run("PRAGMA max_page_count = 1000")
    numbers.append(store.add(*keyframe(0)))
    store.close()
    store = open_store()
    assert [each.id for each in store.keyframes()] == numbers
    assert store.damaged == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if not mount or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    if subprocess.call(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], stderr=subprocess.DEVNULL
    ):
        pytest.skip("no permission to mount a small file system")
    yield folder
    subprocess.check_call(["umount", "-l", str(folder)])


def test_a_full_disk_keeps_the_stored_keyframes(small_disk, open_store, keyframe):
    path = str(small_disk / "map.db")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(400000))
    store = open_store(path)
    numbers = fill_up(store, keyframe)
    assert len(store.view(numbers[4]).features) == 4, "the map cannot be read"
    filler.unlink()
    numbers.append(store.add(*keyframe(1)))
    store.close()
    store = open_store(path)
    assert [each.id for each in store.keyframes()] == numbers
    assert store.damaged == 0


@pytest.mark.parametrize(
    "statement",
    [
        "BEGIN",
        "INSERT OR REPLACE INTO sessions",
        "INSERT INTO cameras",
        "INSERT INTO keyframes",
        "UPDATE",
        "INSERT INTO views",
        "COMMIT",
    ],
)
def test_a_keyframe_is_stored_completely_or_not_at_all(open_store, keyframe, statement):
    store = open_store()
    first = store.add(*keyframe(0))
    connection = store._connection

    class Failing:
        """A connection on which one statement fails."""

        in_transaction = property(lambda self: connection.in_transaction)

        def execute(self, sql, *values):
            if sql.startswith(statement):
                raise sqlite3.OperationalError("disk I/O error")
            return connection.execute(sql, *values)

    store._connection = Failing()
    with pytest.raises(StoreError, match="disk I/O error"):
        store.add(*keyframe(21))
    store._connection = connection
    assert [each.id for each in store.keyframes()] == [first]
    second = store.add(*keyframe(3))
    assert [each.id for each in store.keyframes()] == [first, second]
    assert len(store.view(second).features) == 3


def test_a_disk_that_fails_twice_does_not_stop_the_store(open_store, keyframe):
    """Neither COMMIT nor ROLLBACK can be executed; later the disk is healthy again."""
    store = open_store()
    connection = store._connection

    class Failing:
        """A connection on which transactions cannot be ended."""

        in_transaction = property(lambda self: connection.in_transaction)

        def execute(self, sql, *values):
            if sql in ("COMMIT", "ROLLBACK"):
                raise sqlite3.OperationalError("disk I/O error")
            return connection.execute(sql, *values)

    store._connection = Failing()
    for _ in range(2):
        with pytest.raises(StoreError, match="disk I/O error"):
            store.add(*keyframe(1))
    store._connection = connection
    number = store.add(*keyframe(2))
    assert [each.id for each in store.keyframes()] == [number]


def read_all(store):
    """Id → all fields of the keyframe as exactly comparable values."""
    return {
        each.id: (
            each.session,
            each.stamp,
            None if each.pose is None else (each.pose.position.tobytes(), each.pose.orientation.tobytes()),
            each.descriptor.tobytes(),
            store.view(each.id).features.tobytes(),
            store.thumbnail(each.id),
        )
        for each in store.keyframes()
    }


@pytest.mark.parametrize("files", [200, pytest.param(5000, marks=pytest.mark.stress)])
def test_corrupt_bytes_are_never_returned_as_data(files, open_store, keyframe, path):
    store = open_store()
    for number in range(40):
        store.add(*keyframe(number))
    expected = read_all(store)
    store.close()
    with open(path, "rb") as file:
        content = file.read()
    refused = skipped = 0
    for seed in range(files):
        numbers = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(numbers.choice((1, 1, 4, 64))):
            damaged[numbers.randrange(len(damaged))] = numbers.randrange(256)
        copy = f"{path}.{seed}"
        with open(copy, "wb") as file:
            file.write(damaged)
        try:
            store = open_store(copy)
            found = read_all(store)
        except StoreError as error:
            assert copy in str(error)
            refused += 1
        else:
            skipped += store.damaged
            for number, (*keyframe_, features, thumbnail) in found.items():
                assert tuple(keyframe_) == expected[number][:-2], f"seed {seed}"
                assert features in (expected[number][-2], b""), f"seed {seed}"
                assert thumbnail in (expected[number][-1], b""), f"seed {seed}"
            assert len(found) + store.damaged >= len(expected), f"seed {seed}"
        finally:
            store.close()
    assert refused
    assert skipped
