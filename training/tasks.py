"""Retrieval tasks on named picture sets.

``sped_half`` and ``koe_landmarks`` are for measuring only: nothing may be fitted or chosen on them.
``held_out`` is for choosing: pictures of ie_tower and outdoor that a model fitted with
``make_baseline.py --validate`` has not seen, asked for by themselves from elsewhere and in another light.
"""

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from training.augmentation import change_light, change_view, other_visit
from training.data import read_picture
from training.data.readers.own_sets import read_ie_tower, read_own_sets, read_table
from training.retrieval import RetrievalTask

_GUARD_SECONDS = 3.0  # a query may not find frames this close: they are nearly the same picture
_SAME_PLACE_SECONDS = 10.0  # of a walk or pan; further on, the view is another
_COARSE_WIDTH = 99  # pixels; webcams and thumbnails
_KOE_SAME_PLACE = {  # the two parts of koe_landmarks name these by different words
    "e1-l2-conference-room-a": "conference-a",
    "e1-l2-conference-room-b": "conference-b",
    "e1-l2-enginius-office": "enginius-office",
    "e1-l2-oddaa": "oddai",
    "e1-l2-osc": "oscent",
}


def sped_half(data):
    """Fixed cameras in another season or light: each query asked of all references."""
    folder = Path(data) / "sped_half"
    rows = read_table(folder)
    nothing = np.zeros((len(rows), len(rows)), bool)
    queries = [partial(read_picture, folder / row["query"]) for row in rows]
    references = [partial(read_picture, folder / row["ref"]) for row in rows]
    return [RetrievalTask("sped_half", queries, references, np.eye(len(rows), dtype=bool), nothing)]


def koe_landmarks(data):
    """Indoor landmarks: each picture by night asked of a map of the pictures by day."""
    folder = Path(data) / "koe_landmarks"
    rows = read_table(folder)
    return [
        _night_asked_of_day("koe_landmarks_new", folder, [row for row in rows if row["set"] == "new"]),
        _night_asked_of_day("koe_landmarks_all", folder, rows),
    ]


def ie_tower(data):
    """Walks and pans: each frame asked of all others but its nearest; right is the same clip near by."""
    return [_neighbours("ie_tower", read_ie_tower(Path(data) / "ie_tower"))]


def held_out(data):
    """Held-out pictures asked for in four ways, and neighbours on the held-out floors."""
    pictures = [picture for picture in read_own_sets(data) if picture.split != "train"]
    originals = [partial(read_picture, picture.image) for picture in pictures]
    coarse = [partial(_coarse, picture.image) for picture in pictures]
    sequence = np.array([f"{picture.region}/{picture.sequence}" for picture in pictures])
    time = np.array([picture.time for picture in pictures])
    right = (sequence[:, None] == sequence) & (np.abs(time[:, None] - time) <= 1)
    tasks = [
        RetrievalTask(
            name=f"held_out_{name}",
            queries=[partial(visit, picture.image, seed) for seed, picture in enumerate(pictures)],
            references=coarse if name == "coarse" else originals,
            right=right,
            ignored=np.zeros_like(right),
        )
        for name, visit in _VISITS.items()
    ]
    indoor = [picture for picture in pictures if picture.region.startswith("ie_tower/")]
    return [*tasks, _neighbours("held_out_walk", indoor)]


def _night_asked_of_day(name, folder, rows):
    night = [row for row in rows if row["condition"] == "night"]
    day = [row for row in rows if row["condition"] == "day"]
    right = np.array([[_koe_place(asked) == _koe_place(known) for known in day] for asked in night])
    queries = [partial(read_picture, folder / row["file"]) for row in night]
    references = [partial(read_picture, folder / row["file"]) for row in day]
    return RetrievalTask(name, queries, references, right, np.zeros_like(right))


def _koe_place(row):
    place = row["place"].removesuffix(".webp")
    return _KOE_SAME_PLACE.get(place, place)


def _neighbours(name, pictures):
    frames = [partial(read_picture, picture.image) for picture in pictures]
    clip = np.array([picture.sequence for picture in pictures])
    time = np.array([picture.time for picture in pictures])
    same_clip = clip[:, None] == clip
    apart = np.abs(time[:, None] - time)
    ignored = same_clip & (apart <= _GUARD_SECONDS)
    right = same_clip & (apart <= _SAME_PLACE_SECONDS) & ~ignored
    return RetrievalTask(name, frames, frames, right, ignored)


def _coarse(path):
    image = read_picture(path)
    size = (_COARSE_WIDTH, max(1, round(_COARSE_WIDTH * image.shape[0] / image.shape[1])))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _in_other_light(path, seed):
    random = np.random.default_rng(seed)
    return change_light(change_view(read_picture(path), random, 0.08), random, 1.0)


def _from_elsewhere(path, seed):
    random = np.random.default_rng(seed)
    return change_light(change_view(read_picture(path), random, 0.35), random, 0.3)


def _on_other_visit(path, seed):
    return other_visit(read_picture(path), np.random.default_rng(seed))


def _coarsely(path, seed):
    random = np.random.default_rng(seed)
    return change_light(change_view(_coarse(path), random, 0.06), random, 1.0)


_VISITS = {"light": _in_other_light, "view": _from_elsewhere, "visit": _on_other_visit, "coarse": _coarsely}
TASKS = {"sped_half": sped_half, "koe_landmarks": koe_landmarks, "ie_tower": ie_tower, "held_out": held_out}
MEASURING = ("sped_half", "koe_landmarks", "ie_tower")  # what a model card reports
