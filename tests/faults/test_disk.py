"""The map on a disk that is full, or fails at one statement, and the size of its write-ahead log."""

import os
import shutil
import sqlite3
import subprocess

import pytest

from place_recognition_ros.errors import StoreBusy, StoreError
from place_recognition_ros.memory.thinning import thin
from tests.faults.forms import fault, forms
from tests.faults.maps import arguments, check, fill, open_map, open_store, wal_bytes

MOST = 64 << 20  # bytes of the write-ahead log


def fill_up(store, first):
    """Add keyframes until this fails; returns number → id of the stored ones."""
    ids = {}
    with pytest.raises(StoreError, match="expected to store a keyframe"):
        for number in range(first, first + 10000):
            ids[number] = store.add(*arguments(number))
    return ids


def check_all(store, ids):
    """The map has exactly these keyframes."""
    found = {each.stamp: each for each in store.keyframes()}
    assert {number: each.id for number, each in found.items()} == ids
    for number, keyframe in found.items():
        check(store, keyframe, number)
    assert store.damaged == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if not mount or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    command = [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.call(command, stderr=subprocess.DEVNULL):
        pytest.skip("no permission to mount a small file system")
    yield folder
    subprocess.check_call(["umount", "-l", str(folder)])


@fault(3, "Disk full")
@forms(3, 200)
def test_a_full_disk_keeps_the_stored_keyframes(amount, small_disk, tried):
    path, filler = str(small_disk / "map.db"), small_disk / "filler"
    kept = 0
    for turn in range(amount):
        filler.write_bytes(bytes(400_000 + 1000 * (turn % 97)))
        store = open_store(path)
        ids = fill_up(store, 0)
        assert ids
        check_all(store, ids)  # the full map can be read
        store.close()
        store = open_store(path)  # and opened
        with pytest.raises(StoreError):
            for number in range(500, 600):
                ids[number] = store.add(*arguments(number))
        check_all(store, ids)
        filler.unlink()
        ids[99] = store.add(*arguments(99))
        check_all(store, ids)
        store.remove(list(ids.values()))
        kept += len(ids)
        store.close()
        for name in small_disk.iterdir():
            name.unlink()
    tried("a tmpfs of 1 MB runs full", f"{amount} times", f"0 of {kept:,} keyframes lost")


def test_without_space_to_copy_it_a_damaged_map_is_moved_aside(small_disk, tmp_path):
    elsewhere, path = str(tmp_path / "whole.db"), str(small_disk / "map.db")
    fill(elsewhere, 400)
    size = os.path.getsize(elsewhere) - 8192
    with open(elsewhere, "rb") as whole, open(path, "wb") as damaged:
        damaged.write(whole.read(size))
    (small_disk / "filler").write_bytes(bytes(2**20 - size - size // 2))
    store = open_store(path)
    assert os.path.getsize(store.file.moved_aside) == size
    assert not list(small_disk.glob("*.part*"))
    check_all(store, {1: store.add(*arguments(1))})
    store.close()


def test_a_full_map_file_keeps_the_stored_keyframes(tmp_path):
    """The same without a file system of its own."""
    path = str(tmp_path / "map.db")
    store = open_store(path)
    run = store.file.connection.execute
    run("PRAGMA max_page_count = 60")
    ids = fill_up(store, 0)
    assert ids
    check_all(store, ids)
    run("PRAGMA max_page_count = 10000")
    ids[99] = store.add(*arguments(99))
    store.close()
    store = open_store(path)
    check_all(store, ids)
    store.close()


class Failing:
    """A connection on which statements that begin with one of these texts fail."""

    def __init__(self, connection, *starts):
        self._connection, self._starts = connection, starts

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    def execute(self, statement, *values):
        if statement.startswith(self._starts):
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(statement, *values)


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path / "map.db"))
    yield store
    store.close()


@fault(4, "EIO, failed fsync")
@pytest.mark.parametrize(
    "statement",
    [
        "BEGIN",
        "INSERT OR REPLACE INTO sessions",
        "INSERT INTO cameras",
        "INSERT INTO keyframes",
        "UPDATE",
        "INSERT OR REPLACE INTO views",
        "COMMIT",
    ],
)
def test_a_keyframe_is_stored_completely_or_not_at_all(store, statement):
    ids = {0: store.add(*arguments(0))}
    connection = store.file.connection
    store.file.connection = Failing(connection, statement)
    with pytest.raises(StoreError, match="disk I/O error"):
        store.add(*arguments(101))
    store.file.connection = connection
    check_all(store, ids)
    ids[203] = store.add(*arguments(203))
    check_all(store, ids)


def test_a_disk_that_fails_twice_does_not_stop_the_store(store):
    """Neither COMMIT nor ROLLBACK can be executed; later the disk is healthy again."""
    connection = store.file.connection
    store.file.connection = Failing(connection, "COMMIT", "ROLLBACK")
    for _ in range(2):
        with pytest.raises(StoreError, match="disk I/O error"):
            store.add(*arguments(1))
    store.file.connection = connection
    check_all(store, {2: store.add(*arguments(2))})


@fault(9, "Reader holds the WAL")
def test_nobody_can_read_the_map_while_it_is_open(store):
    """So that nobody can hold its write-ahead log."""
    store.add(*arguments(0))
    reader = sqlite3.connect(store.file.path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        reader.execute("SELECT * FROM meta").fetchall()
    reader.close()


@fault(9, "Reader holds the WAL")
def test_a_map_that_somebody_reads_is_refused(tmp_path):
    path = str(tmp_path / "map.db")
    fill(path, 3)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM meta").fetchall()
    with pytest.raises(StoreBusy):
        open_store(path)
    reader.close()
    open_store(path).close()


@fault(9, "Reader holds the WAL")
@forms(1000, 20_000)
def test_the_write_ahead_log_is_bounded(amount, tmp_path, tried):
    memory = open_map(str(tmp_path / "map.db"))
    memory.store.file.connection.execute("PRAGMA synchronous=OFF")  # only the size is of interest
    thumbnail = os.urandom(40_000)
    largest = 0
    for number in range(amount):
        _, keyframe, vector, features, _ = arguments(number % 50)
        memory.add(keyframe, vector, features, thumbnail)
        largest = max(largest, wal_bytes(memory.store.file.path))
        if number % 300 == 299:
            thin(memory)
    memory.remove([entry for entry in range(1, amount + 1) if entry in memory.timeline])
    largest = max(largest, wal_bytes(memory.store.file.path))
    memory.store.close()
    assert 1 << 20 < largest <= MOST
    assert wal_bytes(memory.store.file.path) == 0
    tried("keyframes added and removed", f"{amount:,}", f"write-ahead log at most {largest / 1e6:.0f} MB")
