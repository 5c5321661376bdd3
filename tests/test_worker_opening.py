"""A worker until everything is open."""

import threading

import pytest

from place_recognition_ros.errors import StoreError, WorkerBusy
from place_recognition_ros.worker import Worker
from tests.test_worker import TIMEOUT, Owned, wait_until


@pytest.fixture
def opening():
    """(worker, release, closed): the worker opens until ``release`` is set; at its end it sets ``closed``."""
    release, closed = threading.Event(), threading.Event()

    def open_slowly():
        worker.opening = "the map is being read"
        assert release.wait(TIMEOUT)
        owned = Owned()
        owned.close = closed.set
        return owned

    worker = Worker(open_slowly, Owned.handle, Owned.report, lambda error: None)
    worker.start()
    wait_until(lambda: "read" in worker.opening)
    yield worker, release, closed
    release.set()
    worker.stop(TIMEOUT)


def test_until_everything_is_open_requests_are_refused_with_the_reason(opening):
    worker, release, _ = opening
    assert not worker.is_open
    with pytest.raises(WorkerBusy, match="not ready: the map is being read"):
        worker.call(lambda owned: owned.open, TIMEOUT)
    release.set()
    wait_until(lambda: worker.is_open)
    assert worker.call(lambda owned: owned.open, TIMEOUT)


def test_items_that_come_before_everything_is_open_are_dropped_and_counted(opening):
    worker, release, _ = opening
    worker.offer("early")
    worker.offer("early, too")
    release.set()
    wait_until(lambda: worker.is_open)
    assert worker.dropped == 2
    assert worker.call(lambda owned: owned.handled, TIMEOUT) == []


def test_what_is_opened_after_a_stop_is_closed(opening):
    """For example a shutdown of the node while it builds an engine."""
    worker, release, closed = opening
    assert not worker.stop(0.05)
    assert worker.is_stopping
    with pytest.raises(WorkerBusy, match="stopping"):
        worker.post(lambda _: None)
    release.set()
    assert worker.stop(TIMEOUT)
    assert closed.is_set()


def test_an_exception_while_opening_is_raised_to_who_asks():
    def fail():
        raise StoreError("held by another")

    worker = Worker(fail, Owned.handle, Owned.report, print)
    worker.start()
    wait_until(lambda: not worker.is_alive)
    with pytest.raises(StoreError, match="held by another"):
        _ = worker.is_open
    with pytest.raises(StoreError, match="held by another"):
        worker.call(lambda owned: owned.open, TIMEOUT)
    assert worker.stop(TIMEOUT)
