"""Benchmark tasks: nothing may be fitted or chosen on them."""

from pathlib import Path

import numpy as np

from training.data.readers.own_sets import read_own_sets, read_table
from training.evaluation.retrieval import RetrievalTask
from training.evaluation.tasks.images import TaskImage
from training.evaluation.tasks.walks import neighbours

_KOE_SAME_PLACE = {  # places with different names in the two parts of koe_landmarks
    "e1-l2-conference-room-a": "conference-a",
    "e1-l2-conference-room-b": "conference-b",
    "e1-l2-enginius-office": "enginius-office",
    "e1-l2-oddaa": "oddai",
    "e1-l2-osc": "oscent",
}


def sped_half(data):
    """Fixed cameras in another season or light: each query against all references."""
    folder = Path(data) / "sped_half"
    rows = read_table(folder)
    nothing = np.zeros((len(rows), len(rows)), bool)
    queries = [TaskImage(folder / row["query"]) for row in rows]
    references = [TaskImage(folder / row["ref"]) for row in rows]
    return [RetrievalTask("sped_half", queries, references, np.eye(len(rows), dtype=bool), nothing)]


def koe_landmarks(data):
    """Indoor landmarks: each image by night against the images by day; the new part, then both parts."""
    folder = Path(data) / "koe_landmarks"
    rows = read_table(folder)
    return [
        _night_against_day("koe_landmarks_new", folder, [row for row in rows if row["set"] == "new"]),
        _night_against_day("koe_landmarks", folder, rows),
    ]


def ie_tower_held_out(data):
    """Walks and pans on the floors of split "test", which are not used for training or choosing.

    Against all frames, and against those with a known label only; see
    :func:`training.evaluation.tasks.walks.neighbours`.
    """
    records = [record for record in read_own_sets(data) if record.split == "test"]
    return [neighbours("ie_tower_held_out", records), neighbours("ie_tower_guarded", records, guarded=True)]


def _night_against_day(name, folder, rows):
    night = [row for row in rows if row["condition"] == "night"]
    day = [row for row in rows if row["condition"] == "day"]
    right = np.array([[_koe_place(query) == _koe_place(known) for known in day] for query in night])
    queries = [TaskImage(folder / row["file"]) for row in night]
    references = [TaskImage(folder / row["file"]) for row in day]
    return RetrievalTask(name, queries, references, right, np.zeros_like(right))


def _koe_place(row):
    place = row["place"].removesuffix(".webp")
    return _KOE_SAME_PLACE.get(place, place)
