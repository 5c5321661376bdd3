import threading
import time
from concurrent.futures import CancelledError

import pytest

from place_recognition_ros.errors import StoreError, WorkerBusy
from place_recognition_ros.worker import MAX_WAITING, Worker

TIMEOUT = 5.0  # seconds; much longer than any step of these tests


class Owned:
    """The object that a worker owns; records which thread calls which method."""

    def __init__(self):
        self.handled = []
        self.threads = {"open": threading.current_thread()}
        self.open = True

    def handle(self, item):
        self.threads["handle"] = threading.current_thread()
        if isinstance(item, Exception):
            raise item
        if isinstance(item, threading.Event):
            assert item.wait(TIMEOUT)
        self.handled.append(item)

    def report(self):
        return tuple(map(str, self.handled))

    def close(self):
        self.threads["close"] = threading.current_thread()
        self.open = False


@pytest.fixture
def errors():
    return []


@pytest.fixture
def worker(errors):
    worker = Worker(Owned, Owned.handle, Owned.report, errors.append)
    worker.start()
    wait_until(lambda: worker.is_open)
    yield worker
    worker.stop(TIMEOUT)


@pytest.fixture
def hold(worker):
    """``hold()`` blocks the worker with a request → the event that releases it."""
    held = []

    def hold():
        release, started = threading.Event(), threading.Event()
        held.append(release)

        def wait(_):
            started.set()
            assert release.wait(TIMEOUT)

        worker.post(wait)
        assert started.wait(TIMEOUT)
        return release

    yield hold
    for release in held:
        release.set()


def owned_by(worker):
    return worker.call(lambda owned: owned, TIMEOUT)


def wait_until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.001)


def test_only_the_newest_item_is_handled_and_the_others_are_counted(worker, hold):
    release = hold()
    for item in range(10):
        worker.offer(item)
    release.set()
    owned = owned_by(worker)
    wait_until(lambda: owned.handled)
    assert owned.handled == [9]
    assert worker.dropped == 9


def test_offer_does_not_wait_for_a_busy_worker(worker, hold):
    hold()
    for item in range(1000):
        worker.offer(item)
    assert worker.dropped == 999, "the worker took an item while it was blocked"


def test_an_idle_worker_drops_nothing(worker):
    owned = owned_by(worker)
    for item in range(50):
        worker.offer(item)
        wait_until(lambda item=item: owned.handled[-1:] == [item])
    assert owned.handled == list(range(50))
    assert worker.dropped == 0


def test_a_request_returns_its_result(worker):
    assert worker.call(lambda owned: owned.open, TIMEOUT) is True
    assert worker.post(lambda _: 7).result(TIMEOUT) == 7


def test_requests_are_executed_in_order_and_alternate_with_items(worker, hold):
    release = hold()
    observed = []
    worker.offer("item")
    futures = [worker.post(lambda owned, n=n: observed.append((n, list(owned.handled)))) for n in range(3)]
    release.set()
    for future in futures:
        future.result(TIMEOUT)
    assert observed == [(0, []), (1, ["item"]), (2, ["item"])]


def test_the_exception_of_a_request_is_raised_in_the_caller(worker, errors):
    def fail(_):
        raise KeyError("request")

    with pytest.raises(KeyError, match="request"):
        worker.call(fail, TIMEOUT)
    assert errors == []
    assert owned_by(worker).open


def test_exceptions_of_the_handler_are_reported(worker, errors):
    owned = owned_by(worker)
    for number in range(1, 4):
        worker.offer(ValueError(number))
        wait_until(lambda number=number: len(errors) == number)
    assert [error.args for error in errors] == [(1,), (2,), (3,)]
    worker.offer("good")
    wait_until(lambda: owned.handled == ["good"])


def test_a_call_that_times_out_is_not_executed_later(worker, hold):
    release = hold()
    executed = []
    with pytest.raises(WorkerBusy, match=r"within 0\.05 s"):
        worker.call(lambda _: executed.append("done"), 0.05)
    release.set()
    owned_by(worker)
    assert executed == []


def test_a_full_request_queue_is_refused(worker, hold):
    release = hold()
    futures = [worker.post(lambda _, n=n: n) for n in range(MAX_WAITING)]
    with pytest.raises(WorkerBusy, match=f"{MAX_WAITING} requests wait"):
        worker.post(lambda _: None)
    with pytest.raises(WorkerBusy, match=f"{MAX_WAITING} requests wait"):
        worker.call(lambda _: None, TIMEOUT)
    release.set()
    assert [future.result(TIMEOUT) for future in futures] == list(range(MAX_WAITING))
    assert worker.call(lambda _: "accepted", TIMEOUT) == "accepted"


def test_everything_is_executed_in_the_thread_of_the_worker(worker):
    owned = owned_by(worker)
    worker_thread = worker.call(lambda _: threading.current_thread(), TIMEOUT)
    worker.offer("item")
    wait_until(lambda: owned.handled)
    assert worker.stop(TIMEOUT)
    assert set(owned.threads) == {"open", "handle", "close"}
    assert {worker_thread, *owned.threads.values()} == {worker_thread}
    assert worker_thread is not threading.current_thread()


def test_stop_finishes_the_current_item_and_closes(worker):
    owned = owned_by(worker)
    unblock = threading.Event()
    worker.offer(unblock)
    wait_until(lambda: "handle" in owned.threads)
    assert not worker.stop(0.05), "stopped before the current item was finished"
    assert owned.open
    unblock.set()
    assert worker.stop(TIMEOUT)
    assert owned.handled == [unblock]
    assert not owned.open


def test_stop_refuses_waiting_requests(worker, hold):
    release = hold()
    futures = [worker.post(lambda _: "not executed") for _ in range(3)]
    futures[1].cancel()
    worker.stop(0.01)
    release.set()
    assert worker.stop(TIMEOUT)
    for future in (futures[0], futures[2]):
        with pytest.raises(WorkerBusy, match="stopping"):
            future.result(0)
    with pytest.raises(CancelledError):
        futures[1].result(0)


def test_after_stop_requests_are_refused(worker):
    worker.stop(TIMEOUT)
    with pytest.raises(WorkerBusy, match="stopping"):
        worker.post(lambda _: None)
    worker.offer("ignored")
    assert worker.stop(TIMEOUT), "a second stop failed"


def test_several_threads_may_offer_and_call(worker):
    owned = owned_by(worker)
    results = []

    def publish(number):
        for n in range(200):
            worker.offer((number, n))
            if n % 50 == 0:
                results.append(worker.call(lambda owned: len(owned.handled), TIMEOUT))

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    wait_until(lambda: len(owned.handled) + worker.dropped == 800)
    assert len(results) == 16


def test_the_status_follows_each_item_and_request(worker, errors):
    assert worker.status == ()
    worker.offer("one")
    wait_until(lambda: worker.status == ("one",))
    worker.offer(ValueError("bad"))
    wait_until(lambda: errors)
    worker.call(lambda owned: owned.handled.append("two"), TIMEOUT)
    assert worker.status == ("one", "two"), "the status is older than the result of the request"


def test_the_status_of_a_failed_request_is_published_too(worker):
    def fail(owned):
        owned.handled.append("before")
        raise StoreError("disk full")

    with pytest.raises(StoreError):
        worker.call(fail, TIMEOUT)
    assert worker.status == ("before",)


def test_a_status_that_cannot_be_made_is_an_error_and_not_the_end(errors):
    def report(owned):
        if owned.handled == ["bad"]:
            raise ValueError("no status")
        return len(owned.handled)

    worker = Worker(Owned, Owned.handle, report, errors.append)
    worker.start()
    wait_until(lambda: worker.is_open)
    worker.offer("bad")
    wait_until(lambda: errors)
    assert worker.status == 0, "the last status remains"
    assert worker.call(lambda owned: owned.handled.append("good"), TIMEOUT) is None
    assert worker.status == 2
    assert worker.is_alive
    assert worker.stop(TIMEOUT)
    assert not worker.is_alive
