"""The map file after the power fails, and on a disk that fails: SQLite runs on a disk of ours."""

import random
import sqlite3
import sys

import pytest

from place_recognition_ros.errors import StoreError
from tests.faults.forms import fault, forms
from tests.faults.maps import arguments, check, open_store

if sys.version_info < (3, 11):
    pytest.skip("apsw is installed for Python 3.11 only", allow_module_level=True)

from tests.faults.disks import Disk, after_power_loss, write_files

LOG_PAGES = 60  # the write-ahead log is moved into the file after so many, to cut that often


@pytest.fixture
def disk(monkeypatch):
    """Maps are on it until ``monkeypatch.undo()``."""
    disk = Disk()
    monkeypatch.setattr(sqlite3, "connect", disk.connect)
    return disk


def add_all(disk, store, numbers):
    """Add keyframes and note each one that was acknowledged; returns number → id, and how often it failed."""
    ids, failed = {}, 0
    for number in numbers:
        try:
            ids[number] = store.add(*arguments(number))
            disk.note(f"added {number}")
            if number % 7 == 6 and number - 3 in ids:
                store.remove([ids[number - 3]])
                disk.note(f"removed {number - 3}")
                del ids[number - 3]
        except StoreError:  # noqa: PERF203
            failed += 1
    return ids, failed


def acknowledged(log):
    """Numbers of the keyframes that must be there at the end of a log."""
    numbers = set()
    for (text,) in (entry for entry in log if len(entry) == 1):
        what, number = text.split()
        numbers.add(int(number)) if what == "added" else numbers.discard(int(number))
    return numbers


@fault(2, "Power loss")
@forms(40, 500)
def test_acknowledged_keyframes_are_in_the_map_after_a_power_loss(amount, tmp_path, disk, monkeypatch, tried):
    store = open_store(str(tmp_path / "map.db"))
    store.file.connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    add_all(disk, store, range(100))
    store.close()
    monkeypatch.undo()
    numbers = random.Random(3)
    checked = 0
    for cut in range(amount):
        end = numbers.randrange(len(disk.log))
        folder = tmp_path / str(cut)
        folder.mkdir()
        write_files(after_power_loss(disk.log[:end], numbers), str(folder))
        store = open_store(str(folder / "map.db"))
        found = {each.stamp: each for each in store.keyframes()}
        assert (store.damaged, store.file.moved_aside) == (0, ""), f"cut at {end}"
        assert acknowledged(disk.log[:end]) - set(found) <= set(_being_removed(disk.log, end)), (
            f"cut at {end}"
        )
        for number, keyframe in found.items():
            check(store, keyframe, number)
        checked += len(found)
        store.close()
    assert checked > amount
    tried("unsynchronised writes dropped, torn and reordered", f"{amount} cuts", "0 unreadable, 0 lost")


def _being_removed(log, end):
    """What is removed next after the end of a log."""
    text = next((entry[0] for entry in log[end:] if len(entry) == 1), "none")
    return [int(text.split()[1])] if text.startswith("removed") else []


@fault(4, "EIO, failed fsync")
@forms(20, 200)
def test_a_keyframe_whose_write_fails_is_not_acknowledged(amount, tmp_path, disk, monkeypatch, tried):
    failures, expected = 0, {}
    for number in range(amount):
        path = str(tmp_path / f"{number}.db")
        store = open_store(path)
        store.file.connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        ids, _ = add_all(disk, store, range(10))
        disk.fails_at = disk.operations + number
        later, failed = add_all(disk, store, range(10, 30))
        failures += failed
        disk.fails_at = None
        expected[path] = {**ids, **later, 99: store.add(*arguments(99))}
        store.close()
    monkeypatch.undo()
    for path, ids in expected.items():
        store = open_store(path)
        found = {each.stamp: each for each in store.keyframes()}
        assert set(ids) <= set(found)
        for number, keyframe in found.items():
            assert keyframe.id == ids.get(number, keyframe.id)
            check(store, keyframe, number)
        store.close()
    assert failures
    tried("the Nth write or sync fails", f"N = 1 to {amount}", f"{failures} not acknowledged, 0 others lost")
