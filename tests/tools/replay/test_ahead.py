"""Values that a thread makes ahead."""

import threading

import pytest

from place_recognition_ros.tools.replay.ahead import ahead


def test_values_come_in_their_order():
    assert list(ahead(iter(range(50)), 3)) == list(range(50))


def test_at_most_the_given_number_is_made_ahead():
    made = []

    def values():
        for number in range(20):
            made.append(number)
            yield number

    line = ahead(values(), 2)
    assert next(line) == 0
    line.close()
    assert len(made) <= 5  # used, 2 that wait, one in each hand


def test_an_exception_comes_after_the_values_before_it():
    def values():
        yield 1
        raise KeyError("broken")

    line = ahead(values(), 4)
    assert next(line) == 1
    with pytest.raises(KeyError, match="broken"):
        next(line)


def test_a_caller_that_stops_ends_the_thread():
    before = threading.active_count()
    line = ahead(iter(range(1000)), 2)
    next(line)
    line.close()
    assert threading.active_count() == before
