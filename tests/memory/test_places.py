"""Which keyframes show one place, as far as it was recognised."""

import numpy as np
import pytest

from place_recognition_ros.memory.places import SPAN, Places
from place_recognition_ros.memory.timeline import Entry, Timeline

LENGTH = 100  # keyframes of a session
SIZE = 128


@pytest.fixture
def timeline():
    """Three visits of one way, ids 1 to 100, 101 to 200 and 201 to 300."""
    timeline = Timeline(SIZE)
    for row in range(3 * LENGTH):
        timeline.append(Entry(row + 1, 1 + row // LENGTH, row), np.eye(SIZE, dtype=np.float32)[row % LENGTH])
    return timeline


@pytest.fixture
def places(open_store, timeline):
    places = Places(open_store(size=SIZE).learned, timeline)
    places.read()
    return places


def test_a_place_that_was_not_recognised_is_its_own(places):
    assert places.origin(150) == 150
    assert places.apart(50, 150) == np.inf
    assert places.apart(50, 60) == 10


def test_a_link_leads_to_the_first_visit(places):
    places.link(150, 50)
    places.link(250, 150)
    assert places.origin(250) == 50
    assert places.apart(250, 53) == 3


@pytest.mark.parametrize("forward", [True, False], ids=["same direction", "back"])
def test_what_lies_between_two_recognised_places_was_on_the_way(places, forward):
    places.link(120, 20 if forward else 40)
    places.link(140, 40 if forward else 20)
    assert places.origin(130) == 30
    assert places.origin(125) == (25 if forward else 35)
    assert places.origin(150) == 150


@pytest.mark.parametrize(
    "second, match",
    [(120 + SPAN + 1, 20 + SPAN + 1), (140, 90), (140, 21 + 200)],
    ids=["too far apart", "another way", "another session"],
)
def test_other_keyframes_are_not_linked(places, second, match):
    places.link(120, 20)
    places.link(second, match)
    assert places.origin(130) == 130


def test_what_was_not_recognised_after_all_leaves_no_links(places):
    for each in (120, 130, 140):
        places.link(each, each - 100)
    places.unlink(130)
    assert places.origin(125) == 25, "it lies between two recognised ones still"
    places.unlink(140)
    assert places.origin(125) == 125
    assert places.origin(120) == 20


def test_removed_keyframes_still_name_their_places(places, timeline):
    places.link(120, 20)
    timeline.remove([20, 120])
    places.link(130, 30)
    assert places.origin(126) == 26
    assert places.apart(25, 125) <= 1


def test_links_are_kept_in_the_map(open_store, timeline):
    store = open_store(size=SIZE)
    first = Places(store.learned, timeline)
    first.link(120, 20)
    first.link(124, 24)
    store.save()
    second = Places(store.learned, timeline)
    second.read()
    assert second.origin(122) == 22
    assert second.visits() == {20 + step: [120 + step] for step in range(5)}
