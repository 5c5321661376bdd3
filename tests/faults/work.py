"""Waiting for a worker."""

import time

from place_recognition_ros.errors import WorkerBusy

TIMEOUT = 30.0  # seconds; much longer than any step of these tests


def started(worker):
    """The worker, when everything is open."""
    worker.start()
    wait_until(lambda: _accepts(worker))
    return worker


def wait_until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.001)


def _accepts(worker):
    try:
        return worker.call(lambda _: True, TIMEOUT)
    except WorkerBusy:
        return False
