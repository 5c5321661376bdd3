"""Work that is done one step ahead, in a thread."""

import queue
import threading
from contextlib import suppress
from typing import Any, Iterator, TypeVar

Value = TypeVar("Value")

_END = object()


def ahead(values: Iterator[Value], depth: int) -> Iterator[Value]:
    """The values of an iterator, which a thread makes while the caller uses those before.

    Args:
        values: belongs to the thread from now on. What it raises is raised here, after the values before.
        depth: how many values may wait, at most.
    """
    line: "queue.Queue[Any]" = queue.Queue(depth)
    stopped = threading.Event()

    def put(value: Any) -> bool:
        while not stopped.is_set():
            with suppress(queue.Full):
                line.put(value, timeout=0.1)
                return True
        return False

    def work() -> None:
        try:
            if all(put((value, None)) for value in values):
                put((_END, None))
        except BaseException as error:  # it belongs to the caller
            put((_END, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            value, error = line.get()
            if error is not None:
                raise error
            if value is _END:
                return
            yield value
    finally:
        stopped.set()
        thread.join()
