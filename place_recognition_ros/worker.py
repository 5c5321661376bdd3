"""One thread does all the work, and nothing outside it holds what it works with.

New items go into a mailbox for one: the newest wins, and what it displaces is counted, so that the results of
an overloaded robot are about now and not about a queue. Requests wait in a short line; the worker takes one
request and one item in turn, so that neither starves the other. After each of them it publishes a status, an
immutable value that any thread may read. Until everything is open, items are dropped and requests refused.
"""

import threading
import time
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Callable, Deque, Generic, Optional, Tuple, TypeVar

from place_recognition_ros.errors import WorkerBusy

Owned = TypeVar("Owned")
Item = TypeVar("Item")
Status = TypeVar("Status")

MAX_WAITING = 8  # requests in line; one more is refused


class Worker(Generic[Owned, Item, Status]):
    """Handles items and requests one at a time.

    Args:
        open_owned: creates, in the worker's thread, what it works with; has ``close()``. It may take minutes;
            then it sets :attr:`opening`.
        handle: takes ``(owned, item)``.
        report: makes the status of ``owned``; cheap, for it is called after each item and request.
        on_error: is called with every exception of ``handle``; the worker goes on.
    """

    def __init__(
        self,
        open_owned: Callable[[], Owned],
        handle: Callable[[Owned, Item], None],
        report: Callable[[Owned], Status],
        on_error: Callable[[Exception], None],
    ) -> None:
        self.dropped = 0
        """Items displaced by newer ones, or that came before everything was open."""
        self.opening = "the model and the map are being opened"
        """What the worker does before everything is open, for who has to wait."""
        self._open = open_owned
        self._handle = handle
        self._report = report
        self._on_error = on_error
        self._opened: Future = Future()
        self._wake = threading.Condition()
        self._newest: Optional[Item] = None
        self._requests: Deque[Tuple[Callable[[Owned], Any], Future]] = deque()
        self._stopping = False
        self._begun: Optional[float] = None  # when the present work was begun, ``time.monotonic``
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)

    def start(self) -> None:
        """Start the thread, which opens everything first."""
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether everything is open.

        Raises:
            Exception: why it could not be opened.
        """
        return self._opened.done() and self._opened.result() is None

    @property
    def is_stopping(self) -> bool:
        """Whether :meth:`stop` was called; what takes long while opening ends then."""
        return self._stopping

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def busy_for(self) -> float:
        """Seconds since the present item or request was begun; 0: there is none. An engine may hang."""
        begun = self._begun
        return 0.0 if begun is None else time.monotonic() - begun

    @property
    def status(self) -> Status:
        """The newest status; there is one when everything is open."""
        return self._status

    def offer(self, item: Item) -> None:
        """Put an item into the mailbox. Never waits."""
        with self._wake:
            if not self._opened.done():
                self.dropped += 1
                return
            self.dropped += self._newest is not None
            self._newest = item
            self._wake.notify()

    def post(self, request: Callable[[Owned], Any]) -> Future:
        """Have ``request(owned)`` executed in the worker's thread, without waiting for it.

        Raises:
            WorkerBusy: if not everything is open, too many requests wait already, or the worker is stopping.
        """
        future: Future = Future()
        with self._wake:
            if not self._stopping and not self.is_open:
                raise WorkerBusy(f"not ready: {self.opening}")
            if self._stopping or len(self._requests) >= MAX_WAITING:
                state = "it is stopping" if self._stopping else f"{MAX_WAITING} requests wait already"
                raise WorkerBusy(f"expected a free place in the worker's line. Received: {state}")
            self._requests.append((request, future))
            self._wake.notify()
        return future

    def call(self, request: Callable[[Owned], Any], timeout: float) -> Any:
        """Have ``request(owned)`` executed in the worker's thread and wait for its result.

        Args:
            request: what to do.
            timeout: seconds.

        Raises:
            WorkerBusy: if it could not be accepted or finished in time.
        """
        future = self.post(request)
        try:
            return result_of(future, timeout)
        except WorkerBusy:
            future.cancel()
            raise

    def stop(self, timeout: float) -> bool:
        """Finish the present work, close everything, end the thread; returns whether it ended in time."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            owned = self._open()
            self._status = self._report(owned)
        except Exception as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        while self._step(owned):
            pass
        for _, future in self._requests:  # post accepts no more
            if future.set_running_or_notify_cancel():
                future.set_exception(WorkerBusy("expected a result of the worker. Received: it is stopping"))
        owned.close()  # type: ignore[attr-defined]

    def _step(self, owned: Owned) -> bool:
        """Do what comes next; returns whether there is a next step."""
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._requests or self._newest is not None)
            if self._stopping:
                return False
            waiting = self._requests.popleft() if self._requests else None
            item, self._newest = self._newest, None
        if waiting is not None:
            self._begun = time.monotonic()
            self._serve(owned, *waiting)
        if item is not None:
            self._begun = time.monotonic()
            self._take(owned, item)
        self._begun = None
        return True

    def _serve(self, owned: Owned, request: Callable[[Owned], Any], future: Future) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = request(owned)
        except Exception as error:
            self._update_status(owned)  # before the result: who waits for it sees both
            future.set_exception(error)
        else:
            self._update_status(owned)
            future.set_result(result)

    def _take(self, owned: Owned, item: Item) -> None:
        try:
            self._handle(owned, item)
        except Exception as error:
            self._on_error(error)
        self._update_status(owned)

    def _update_status(self, owned: Owned) -> None:
        try:
            self._status = self._report(owned)
        except Exception as error:  # the last status remains
            self._on_error(error)


def result_of(future: Future, timeout: float) -> Any:
    """The result of a request that :meth:`Worker.post` accepted; several threads may wait for it.

    Args:
        future: of the request.
        timeout: seconds.

    Raises:
        WorkerBusy: if it was not finished in time.
    """
    try:
        return future.result(timeout)
    except FutureTimeout as error:
        raise WorkerBusy(
            f"expected a result of the worker within {timeout} s. Received: none, the worker is busy"
        ) from error
