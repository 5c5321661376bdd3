"""A job with a progress bar on stderr."""

import sys

from place_recognition_ros.memory.job import Job

WIDTH = 40  # characters


def do(job: Job, total: int, name: str) -> str:
    """Do a job; on a terminal a bar shows how far it is.

    Args:
        job: counts keyframes.
        total: how many there will be, at most.
        name: before the bar.

    Returns:
        The job's message.
    """
    shown = ""
    while job.step():
        if sys.stderr.isatty():
            shown = bar(job.count, total, name)
            print("\r" + shown, end="", file=sys.stderr, flush=True)
    job.finish()
    if shown:
        print("\r" + " " * len(shown) + "\r", end="", file=sys.stderr, flush=True)
    return job.message


def bar(count: int, total: int, name: str) -> str:
    """``map.db [#####.....]  50 %``."""
    share = min(1.0, count / total) if total else 1.0
    done = int(WIDTH * share)
    return f"{name} [{'#' * done}{'.' * (WIDTH - done)}] {100 * share:3.0f} %"
