"""Small images from fixed cameras; for measuring only."""

from __future__ import annotations

import numpy as np

from training.data.recordings.files import rows_of
from training.data.recordings.recording import JUMP_S, Recording, Verdict, find_revisits, stamps
from training.data.recordings.walks import frames_of
from training.files import DATA

SEED = 0


def sped_half() -> Recording:
    """Fixed cameras, small images: the references are one session, every query is a session of its own.

    Each camera is a place. The queries come in a shuffled order: there is no motion, so the images before a
    query say nothing about it.
    """
    rows = rows_of("sped_half")
    shuffled = np.random.default_rng(SEED).permutation(len(rows)).tolist()
    folder = DATA / "sped_half"
    files = [str(folder / row["ref"]) for row in rows] + [str(folder / rows[i]["query"]) for i in shuffled]
    place = np.array([*range(len(rows)), *shuffled])
    session = [0] * len(rows) + list(range(1, len(rows) + 1))
    verdicts = (place[:, None] == place[None]).astype(np.int8)
    frames = frames_of(files, stamps(len(files), JUMP_S), session)
    right = verdicts == Verdict.RIGHT
    return Recording("sped_half", "sped_half", frames, verdicts, find_revisits(frames, right, right))
