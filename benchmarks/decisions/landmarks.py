"""Photographs of landmarks; for measuring only."""

from __future__ import annotations

import numpy as np

from training.data.recordings.files import rows_of
from training.data.recordings.recording import Recording, Verdict, find_revisits, stamps
from training.data.recordings.walks import frames_of
from training.files import DATA

PHOTO_S = 5.0  # between two photographs
SAME_LANDMARK = {
    "e1-l2-conference-room-a": "conference-a",
    "e1-l2-conference-room-b": "conference-b",
    "e1-l2-enginius-office": "enginius-office",
    "e1-l2-oddaa": "oddai",
    "e1-l2-osc": "oscent",
}
ANYWHERE = "floor-marker"  # a pattern on the floor that several landmarks have


def koe_landmarks() -> Recording:
    """Photographs of landmarks: first by day, then by night, then an earlier campaign by day and by night.

    The same landmark is RIGHT, another one WRONG; a photograph of the floor's pattern alone is UNKNOWN.
    """
    rows = rows_of("koe_landmarks")
    order = ("new day", "new night", "raw day", "raw night")
    rows.sort(key=lambda row: (order.index(f"{row['set']} {row['condition']}"), row["place"]))
    session = [order.index(f"{row['set']} {row['condition']}") for row in rows]
    names = [row["place"].replace(".webp", "") for row in rows]
    place = np.array([SAME_LANDMARK.get(name, name) for name in names])
    verdicts = (place[:, None] == place[None]).astype(np.int8)
    verdicts[(place == ANYWHERE)[:, None] | (place == ANYWHERE)[None]] = Verdict.UNKNOWN
    folder = DATA / "koe_landmarks"
    frames = frames_of([str(folder / row["file"]) for row in rows], stamps(len(rows), PHOTO_S), session)
    right = verdicts == Verdict.RIGHT
    return Recording("koe_landmarks", "koe_landmarks", frames, verdicts, find_revisits(frames, right, right))
