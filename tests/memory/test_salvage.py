"""Ties between sessions, in what is recovered of a damaged map."""

import sqlite3
from contextlib import closing

import pytest

from place_recognition_ros.memory.worlds import Tie
from tests.memory.files import alter

PAGE = 4096  # bytes
COUNT = 60  # ties


@pytest.fixture
def tied(path, open_store, keyframe):
    """A closed map of five keyframes, with ties between sessions."""
    store = open_store()
    for number in range(5):
        store.add(*keyframe(number))
    for number in range(COUNT):
        store.learned.tie(Tie(number + 2, number + 1, number, number))
    store.close()


def damage(path, name):
    """Overwrite the first page of a table or an index."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, (name,)).fetchone()
    with open(path, "r+b") as file:
        file.seek(PAGE * (page - 1))
        file.write(b"\xff" * PAGE)


@pytest.mark.parametrize(
    "damaged, expected", [("views", COUNT), ("ties", 0), ("sqlite_autoindex_ties_1", COUNT)]
)
def test_ties_are_recovered_and_can_be_added(path, open_store, tied, damaged, expected):
    damage(path, damaged)
    store = open_store()
    assert store.file.moved_aside
    assert len(list(store.keyframes())) == 5
    assert [each.query_stamp for each in store.learned.ties()] == list(range(expected))
    store.learned.tie(Tie(99, 1, 1, 1))
    store.save()
    assert len(store.learned.ties()) == expected + 1


def test_a_damaged_tie_is_not_recovered(path, open_store, tied):
    alter(path, "UPDATE ties SET older = 7 WHERE query_stamp = 5")
    damage(path, "links")
    stamps = [each.query_stamp for each in open_store().learned.ties()]
    assert stamps == [number for number in range(COUNT) if number != 5]
