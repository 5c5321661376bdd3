"""Frames of walks and pans: frames close in time show the same place."""

import numpy as np

from training.evaluation.retrieval import RetrievalTask
from training.evaluation.tasks.images import TaskImage

GUARD_SECONDS = 3.0  # closer frames are ignored: they are nearly the same image
SAME_PLACE_SECONDS = 10.0  # of a walk or pan; later frames show another view


def neighbours(name, records, guarded=False):
    """Each frame against all others except the closest in time; correct is the same clip within 10 s.

    Args:
        name: of the task.
        records: list of :class:`training.data.Record` with region, sequence and time.
        guarded: ignore frames with an unknown label: later ones of the same clip (a pan returns to its
            start) and other clips of the region (they overlap). Otherwise they count as wrong, even where
            they show the same place.

    Returns:
        a :class:`training.evaluation.retrieval.RetrievalTask`.
    """
    frames = [TaskImage(record.image) for record in records]
    region = np.array([record.region for record in records])
    clip = np.array([f"{record.region}/{record.sequence}" for record in records])
    time = np.array([record.time for record in records])
    same_clip = clip[:, None] == clip
    apart = np.abs(time[:, None] - time)
    ignored = same_clip & (apart <= GUARD_SECONDS)
    right = same_clip & (apart <= SAME_PLACE_SECONDS) & ~ignored
    if guarded:
        ignored |= (region[:, None] == region) & ~right
    return RetrievalTask(name, frames, frames, right, ignored)
