"""Connections to map files: what is left unfinished does not keep a file open."""

import sqlite3

import pytest

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.connection import open_connection
from place_recognition_ros.memory.map_reader import MapReader


def test_rows_that_nobody_reads_to_the_end_do_not_keep_a_map_locked(open_store, keyframe):
    """As where an exception has left a function: its traceback keeps the rows."""
    store = open_store()
    for number in range(5):
        store.add(*keyframe(number))
    rows = store.keyframes()
    next(rows)
    store.close()
    assert len(list(open_store().keyframes())) == 5
    with pytest.raises(StoreError):
        next(rows)


def test_nor_do_those_of_a_map_that_is_only_read(open_store, keyframe, path):
    store = open_store()
    for number in range(5):
        store.add(*keyframe(number))
    store.close()
    with MapReader(path) as reader:
        rows = reader.read("SELECT id FROM keyframes")
        next(rows)
    open_store().close()
    del rows  # it was open until here


def test_text_that_is_not_utf_8_can_be_read():
    connection = open_connection(":memory:")
    assert connection.execute("SELECT CAST(x'61ff' AS TEXT)").fetchone() == ("a\N{REPLACEMENT CHARACTER}",)
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
