"""Frames of walks and pans, whose neighbours in time see the same place."""

import numpy as np

from training.evaluation.retrieval import RetrievalTask
from training.evaluation.tasks.images import TaskImage

_GUARD_SECONDS = 3.0  # a query may not find frames this close: they are nearly the same image
_SAME_PLACE_SECONDS = 10.0  # of a walk or pan; further on, the view is another


def neighbours(name, records, guarded=False):
    """Each frame asked of all others but its nearest; right is the same clip near by.

    Args:
        name: of the task.
        records: list of :class:`training.data.Record` with region, sequence and time.
        guarded: leave out what nobody knows: the same clip later on (a pan comes back to its start) and
            other clips of the region (they overlap). Otherwise these are wrong predict, even where they
            do show the same place.

    Returns:
        a :class:`training.evaluation.retrieval.RetrievalTask`.
    """
    frames = [TaskImage(record.image) for record in records]
    region = np.array([record.region for record in records])
    clip = np.array([f"{record.region}/{record.sequence}" for record in records])
    time = np.array([record.time for record in records])
    same_clip = clip[:, None] == clip
    apart = np.abs(time[:, None] - time)
    ignored = same_clip & (apart <= _GUARD_SECONDS)
    right = same_clip & (apart <= _SAME_PLACE_SECONDS) & ~ignored
    if guarded:
        ignored |= (region[:, None] == region) & ~right
    return RetrievalTask(name, frames, frames, right, ignored)
