"""Whether two matches show one place: yes, no, or not known."""

from types import SimpleNamespace

import numpy as np
import pytest

from place_recognition_ros.loops.identity import Identity
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.places import Places
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.timeline import Entry, Timeline
from place_recognition_ros.memory.worlds import Tie, Worlds
from place_recognition_ros.types import Candidate, Evidence, Kind, Reason, Status

SECOND = 10**9
LENGTH = 50  # keyframes of a session


@pytest.fixture
def store(tmp_path):
    store = KeyframeStore(str(tmp_path / "map.db"), "small-0123456789ab", 64, "orb")
    yield store
    store.close()


@pytest.fixture
def identity(store):
    """Three sessions of 50 keyframes, ids 1 to 150, all of different views."""
    timeline = Timeline(64)
    for row in range(3 * LENGTH):
        entry = Entry(row + 1, 1 + row // LENGTH, row * SECOND)
        timeline.append(entry, np.eye(64, dtype=np.float32)[row % 60])
    memory = SimpleNamespace(timeline=timeline, places=Places(store.learned, timeline))
    return Identity(memory, Leaving(10 * SECOND, 0.5), Worlds([]))


def candidate(match, query=1000):
    session = 1 + (match - 1) // LENGTH
    fields = (
        Kind.INTER_SESSION,
        Status.VERIFIED,
        Reason.NONE,
        query,
        match,
        query,
        match * SECOND,
        9,
        session,
    )
    return Candidate(*fields, "", "", Evidence(0.9, 0.1))


def tie(identity, session, older):
    """A verified match connects two sessions."""
    identity.worlds.add(Tie(session, older, 1, 1))


def test_places_of_one_session_are_others(identity):
    assert identity.is_one(candidate(10), candidate(11))
    assert identity.is_other(candidate(10), candidate(40))


def test_places_of_sessions_that_nothing_connects_are_others(identity):
    assert identity.is_other(candidate(10), candidate(60))
    tie(identity, 3, 1)
    assert identity.is_other(candidate(10), candidate(60))


def test_of_sessions_that_matches_connect_it_is_not_known(identity):
    tie(identity, 3, 1)
    tie(identity, 3, 2)
    assert not identity.is_one(candidate(10), candidate(60))
    assert not identity.is_other(candidate(10), candidate(60))


def test_what_was_recognised_is_known(identity):
    tie(identity, 2, 1)
    identity.memory.places.link(60, 10)
    assert identity.is_one(candidate(10), candidate(60))
    assert identity.is_other(candidate(30), candidate(60))
    assert identity.apart(candidate(30), candidate(60)) == 20
