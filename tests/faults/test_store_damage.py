"""Map files with flipped bytes, cut off, or that are not SQLite."""

import random
import shutil
import sqlite3
import time

import pytest

from place_recognition_ros.errors import StoreBusy, StoreError
from place_recognition_ros.memory.salvage import _readable
from place_recognition_ros.memory.schema import crc_of
from tests.faults.forms import fault, forms
from tests.faults.kills import begin, end
from tests.faults.maps import arguments, check, fill, open_store

COUNT = 40  # keyframes of the maps that are damaged


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


@pytest.fixture
def path(tmp_path):
    """Path of a map that does not exist yet."""
    return str(tmp_path / "map.db")


@pytest.fixture
def whole(path):
    """The file of a map of ``COUNT`` keyframes, which is at ``path``."""
    fill(path, COUNT)
    return read(path)


def check_kept(path, content):
    """The damaged file was moved aside and not changed, and the map in its place works."""
    store = open_store(path)
    aside = store.file.moved_aside
    assert aside.startswith(path[:-3] + ".damaged")
    assert read(aside) == content
    found = list(store.keyframes())
    for keyframe in found:
        check(store, keyframe, keyframe.stamp, or_lost=True)
    added = store.add(*arguments(99))
    store.close()
    store = open_store(path)
    assert store.file.moved_aside == ""
    assert [each.id for each in store.keyframes()] == [each.id for each in found] + [added]
    store.close()
    return found


@fault(5, "Bytes of the store flipped")
@forms(60, 5000)
def test_damaged_bytes_are_never_returned_as_data(amount, tmp_path, path, whole, tried):
    refused = moved = skipped = 0
    for seed in range(amount):
        numbers = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(numbers.choice((1, 1, 4, 64))):
            damaged[numbers.randrange(len(damaged))] ^= 1 << numbers.randrange(8)
        folder = tmp_path / str(seed)
        folder.mkdir()
        copy = str(folder / "map.db")
        write(copy, damaged)
        try:
            store = open_store(copy)
        except StoreError as error:
            assert copy in str(error)
            assert read(copy) == damaged, f"seed {seed}: refused and changed"
            refused += 1
        else:
            moved += bool(store.file.moved_aside)
            skipped += store_is_right(store, f"seed {seed}")
            store.close()
        shutil.rmtree(str(folder))
    assert skipped
    assert moved
    tried(
        "1 to 64 bits of a map flipped",
        f"{amount:,} maps",
        f"{skipped:,} rows quarantined, {moved} maps moved aside, {refused} refused, 0 wrong rows",
    )


def store_is_right(store, what):
    """Each keyframe that is returned is right, and its view right or empty; returns how many are left out."""
    found = list(store.keyframes())
    for keyframe in found:
        assert keyframe.stamp == keyframe.id - 1, what
        check(store, keyframe, keyframe.stamp, or_lost=True)
    assert store.file.moved_aside or len(found) + store.damaged == COUNT, what
    return store.damaged


@fault(6, "Store truncated, or not SQLite")
@forms(20, 200)
def test_a_truncated_map_is_moved_aside(amount, tmp_path, path, whole, tried):
    numbers = random.Random(4)
    recovered = 0
    last = len(whole) - 4096  # of the page after it SQLite may miss some bytes without notice
    for length in [2, 100, 512, 4096, last] + [numbers.randrange(1, last) for _ in range(amount)]:
        write(path, whole[:length])
        recovered += len(check_kept(path, whole[:length]))
        for file in tmp_path.iterdir():
            file.unlink()
    assert recovered
    tried(
        "a map cut off at random",
        f"{amount} cut points",
        f"all moved aside; {recovered / amount / COUNT:.0%} of the keyframes recovered",
    )


@fault(6, "Store truncated, or not SQLite")
@pytest.mark.parametrize(
    "content",
    [
        b"not a map",
        bytes(100),
        bytes(8192),
        800 * b"fortuitous",
        b"SQLite format 3\0",
        b"SQLite format 3\0" + bytes(4080),
    ],
    ids=len,
)
def test_a_file_that_is_not_sqlite_is_moved_aside(path, content):
    write(path, content)
    assert check_kept(path, content) == []


def test_the_log_names_both_paths_as_errors(path, caplog):
    write(path, b"not a map")
    store = open_store(path)
    text = " ".join(record.getMessage() for record in caplog.records if record.levelname == "ERROR")
    assert f"'{path}'" in text
    assert f"'{store.file.moved_aside}'" in text
    store.close()


def test_no_damaged_map_is_overwritten(path):
    kept = []
    for number in range(3):
        write(path, b"damaged %d" % number)
        store = open_store(path)
        kept.append(store.file.moved_aside)
        store.close()
    stem = path[:-3]
    assert kept == [f"{stem}.damaged.db", f"{stem}.damaged-2.db", f"{stem}.damaged-3.db"]
    assert [read(each) for each in kept] == [b"damaged 0", b"damaged 1", b"damaged 2"]


@pytest.mark.parametrize("is_missing", [True, False])
def test_a_write_ahead_log_without_its_map_is_kept(path, is_missing):
    """SQLite would delete it."""
    if not is_missing:
        write(path, b"")
    write(path + "-wal", b"the newest keyframes")
    store = open_store(path)
    assert read(path[:-3] + ".damaged.db-wal") == b"the newest keyframes"
    assert store.file.moved_aside
    store.close()


def test_what_a_damaged_page_does_not_hold_is_recovered(path, whole):
    """The page that leads to all views is overwritten: no keyframe could be added any more."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'views'").fetchone()
    connection.close()
    damaged = bytearray(whole)
    damaged[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    write(path, damaged)
    found = check_kept_keyframes(path)
    assert found == list(range(COUNT))


def check_kept_keyframes(path):
    store = open_store(path)
    assert store.file.moved_aside
    assert store.damaged == 0
    numbers = [each.stamp for each in store.keyframes()]
    assert store.add(*arguments(99)) == COUNT + 1, "an id was used again"
    store.close()
    return numbers


@pytest.mark.parametrize(
    "name", [b"pose_frame", b"TABLE views", b"thumbnail", b"TABLE sessions", b"distortion_model"]
)
def test_a_damaged_name_of_a_table_or_column_is_damage(path, whole, name):
    write(path, whole.replace(name, name[:-1] + b"x"))
    store = open_store(path)
    assert store.file.moved_aside
    store.add(*arguments(99))
    store.close()


def test_a_view_with_a_damaged_id_does_not_refuse_a_keyframe(path, whole):
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"UPDATE views SET id = {COUNT + 1} WHERE id = 3")
    connection.close()
    store = open_store(path)
    number = store.add(*arguments(COUNT))
    check(store, list(store.keyframes())[-1], COUNT)
    assert number == COUNT + 1
    assert store.thumbnail(3) == b""
    store.close()


def test_nothing_is_recovered_from_a_map_of_another_model(path, whole):
    write(path, whole[: len(whole) // 2])
    store = open_store(path, model="other-000000000000")
    assert store.file.moved_aside
    assert list(store.keyframes()) == []
    store.close()


def open_and_close(path, delay, acknowledge):
    """As the node does: it waits for a map that is taken."""
    time.sleep(delay)
    for _ in range(100):
        try:
            store = open_store(path)
        except StoreBusy:
            continue
        acknowledge(store.file.moved_aside)
        store.close()
        break


def test_two_processes_do_not_both_move_a_damaged_map(path, whole, tmp_path):
    for delay in (0, 0.002, 0.005, 0.01, 0.03):
        write(path, whole[: len(whole) // 2])
        both = [begin(open_and_close, path, each) for each in (0, delay)]
        lines = [line for each in both for line in end(*each)]
        assert sorted(lines) == ["", str(tmp_path / "map.damaged.db")]
        (aside,) = tmp_path.glob("map.damaged*.db")
        assert aside.read_bytes() == whole[: len(whole) // 2]
        store = open_store(path)
        assert [each.stamp for each in store.keyframes()] == list(range(len(list(store.keyframes()))))
        store.close()
        aside.unlink()
        for log in tmp_path.glob("map.damaged*"):
            log.unlink()


def test_rows_out_of_order_do_not_stop_the_recovery():
    """A damaged table may return the same row whatever is looked for; the start must not hang."""

    class Damaged:
        def execute(self, query, values):
            return self

        def fetchone(self):
            row = (1, 2)
            return (1, *row, crc_of(row))

    assert len(list(_readable(Damaged(), "links", ("id", "match")))) == 1
