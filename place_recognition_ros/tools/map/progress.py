"""A job with a progress bar."""

from place_recognition_ros.memory.job import Job
from place_recognition_ros.tools.terminal import Bar


def do(job: Job, total: int, name: str) -> str:
    """Do a job; on a terminal a bar shows how far it is.

    Args:
        job: counts keyframes.
        total: how many there will be, at most.
        name: before the bar.

    Returns:
        The job's message.
    """
    shown = Bar(name)
    while job.step():
        shown.show(job.count, total)
    job.finish()
    shown.clear()
    return job.message
