import threading
import time
from concurrent.futures import CancelledError

import pytest

from place_recognition_ros.errors import StoreError, WorkerBusy
from place_recognition_ros.worker import MAX_WAITING, Worker

SOON = 5.0  # seconds; far more than anything here takes


class Owned:
    """What a worker works with; notes who does what."""

    def __init__(self):
        self.handled = []
        self.threads = {"open": threading.current_thread()}
        self.open = True

    def handle(self, item):
        self.threads["handle"] = threading.current_thread()
        if isinstance(item, Exception):
            raise item
        if isinstance(item, threading.Event):
            assert item.wait(SOON)
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
    yield worker
    worker.stop(SOON)


@pytest.fixture
def hold(worker):
    """``hold()`` keeps the worker busy with an item; the event that lets it go on."""
    held = []

    def hold():
        release, begun = threading.Event(), threading.Event()
        held.append(release)

        def wait(_):
            begun.set()
            assert release.wait(SOON)

        worker.post(wait)
        assert begun.wait(SOON)
        return release

    yield hold
    for release in held:
        release.set()


def owned_by(worker):
    return worker.call(lambda owned: owned, SOON)


def wait_until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.001)


def test_the_newest_wins_and_the_others_are_counted(worker, hold):
    release = hold()
    for item in range(10):
        worker.offer(item)
    release.set()
    owned = owned_by(worker)
    wait_until(lambda: owned.handled)
    assert owned.handled == [9]
    assert worker.dropped == 9


def test_offering_never_waits(worker, hold):
    hold()
    start = time.monotonic()
    for item in range(1000):
        worker.offer(item)
    assert time.monotonic() - start < 1
    assert worker.dropped == 999


def test_a_worker_in_time_drops_nothing(worker):
    owned = owned_by(worker)
    for item in range(50):
        worker.offer(item)
        wait_until(lambda item=item: owned.handled[-1:] == [item])
    assert owned.handled == list(range(50))
    assert worker.dropped == 0


def test_a_request_is_answered(worker):
    assert worker.call(lambda owned: owned.open, SOON) is True
    assert worker.post(lambda _: 7).result(SOON) == 7


def test_requests_come_in_order_and_take_turns_with_the_mailbox(worker, hold):
    release = hold()
    owned_later = []
    worker.offer("item")
    futures = [worker.post(lambda owned, n=n: owned_later.append((n, list(owned.handled)))) for n in range(3)]
    release.set()
    for future in futures:
        future.result(SOON)
    assert owned_later == [(0, []), (1, ["item"]), (2, ["item"])]


def test_the_error_of_a_request_goes_to_who_asked(worker, errors):
    def fail(_):
        raise KeyError("asked")

    with pytest.raises(KeyError, match="asked"):
        worker.call(fail, SOON)
    assert errors == []
    assert owned_by(worker).open


def test_exceptions_are_told_counted_and_survived(worker, errors):
    owned = owned_by(worker)
    for number in range(1, 4):
        worker.offer(ValueError(number))
        wait_until(lambda number=number: worker.failures_in_a_row == number)
    wait_until(lambda: len(errors) == 3)
    assert [error.args for error in errors] == [(1,), (2,), (3,)]
    worker.offer("good")
    wait_until(lambda: owned.handled == ["good"] and worker.failures_in_a_row == 0)


def test_a_call_gives_up_in_time(worker, hold):
    release = hold()
    late = []
    start = time.monotonic()
    with pytest.raises(WorkerBusy, match=r"within 0\.05 s"):
        worker.call(lambda _: late.append("done"), 0.05)
    assert 0.05 <= time.monotonic() - start < 1
    release.set()
    owned_by(worker)
    assert late == [], "nobody waits for it any more"


def test_a_full_line_is_busy(worker, hold):
    release = hold()
    futures = [worker.post(lambda _, n=n: n) for n in range(MAX_WAITING)]
    with pytest.raises(WorkerBusy, match=f"{MAX_WAITING} requests wait"):
        worker.post(lambda _: None)
    with pytest.raises(WorkerBusy, match=f"{MAX_WAITING} requests wait"):
        worker.call(lambda _: None, SOON)
    release.set()
    assert [future.result(SOON) for future in futures] == list(range(MAX_WAITING))
    assert worker.call(lambda _: "free again", SOON) == "free again"


def test_everything_happens_in_one_thread_which_is_not_ours(worker):
    owned = owned_by(worker)
    asked = worker.call(lambda _: threading.current_thread(), SOON)
    worker.offer("item")
    wait_until(lambda: owned.handled)
    assert worker.stop(SOON)
    assert set(owned.threads) == {"open", "handle", "close"}
    assert {asked, *owned.threads.values()} == {asked}
    assert asked is not threading.current_thread()


def test_stop_finishes_the_work_in_hand_and_closes(worker, hold):
    owned = owned_by(worker)
    going_on = threading.Event()
    worker.offer(going_on)
    wait_until(lambda: "handle" in owned.threads)
    assert not worker.stop(0.05), "it is still at work"
    assert owned.open
    going_on.set()
    assert worker.stop(SOON)
    assert owned.handled == [going_on]
    assert not owned.open


def test_stop_leaves_nobody_waiting(worker, hold):
    release = hold()
    futures = [worker.post(lambda _: "too late") for _ in range(3)]
    futures[1].cancel()
    worker.stop(0.01)
    release.set()
    assert worker.stop(SOON)
    for future in (futures[0], futures[2]):
        with pytest.raises(WorkerBusy, match="stopping"):
            future.result(0)
    with pytest.raises(CancelledError):
        futures[1].result(0)


def test_after_stop_requests_are_refused(worker):
    worker.stop(SOON)
    with pytest.raises(WorkerBusy, match="stopping"):
        worker.post(lambda _: None)
    worker.offer("nobody minds")
    assert worker.stop(SOON), "twice is fine"


def test_a_long_opening_can_be_given_up():
    """As when somebody stops the node while it builds an engine."""
    opened, go_on, closed = [], threading.Event(), threading.Event()

    def open_slowly():
        assert go_on.wait(SOON)
        opened.append(Owned())
        opened[0].close = closed.set
        return opened[0]

    worker = Worker(open_slowly, Owned.handle, Owned.report, lambda error: None)
    asked = iter([False, True])
    with pytest.raises(WorkerBusy, match="a request to stop"):
        worker.start(lambda: next(asked))
    go_on.set()
    assert closed.wait(SOON)
    assert worker.stop(SOON)


def test_what_keeps_it_from_opening_is_raised_at_start():
    def fail():
        raise StoreError("held by another")

    worker = Worker(fail, Owned.handle, Owned.report, print)
    with pytest.raises(StoreError, match="held by another"):
        worker.start()
    assert worker.stop(SOON)


def test_many_threads_may_offer_and_ask(worker):
    """FAULTS 26: several publishers."""
    owned = owned_by(worker)
    answers = []

    def publish(number):
        for n in range(200):
            worker.offer((number, n))
            if n % 50 == 0:
                answers.append(worker.call(lambda owned: len(owned.handled), SOON))

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    wait_until(lambda: len(owned.handled) + worker.dropped == 800)
    assert len(answers) == 16


def test_the_status_follows_each_item_and_request(worker, errors):
    assert worker.status == ()
    worker.offer("one")
    wait_until(lambda: worker.status == ("one",))
    worker.offer(ValueError("bad"))
    wait_until(lambda: errors)
    worker.call(lambda owned: owned.handled.append("two"), SOON)
    assert worker.status == ("one", "two"), "whoever waits for a request sees its status"


def test_the_status_of_a_failed_request_is_published_too(worker):
    def fail(owned):
        owned.handled.append("before")
        raise StoreError("disk full")

    with pytest.raises(StoreError):
        worker.call(fail, SOON)
    assert worker.status == ("before",)
