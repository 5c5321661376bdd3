"""Second visits of buildings, for fine-tuned models.

The first visit is what a model may be fine-tuned on, and the references. Queries are other images.
"""

from pathlib import Path
from typing import Dict, List, NamedTuple, Set, Tuple

import numpy as np

from training.data.manifest import Record
from training.data.readers.own_sets import read_ie_tower, read_table
from training.data.recordings import walks
from training.data.recordings.recording import Verdict
from training.evaluation.retrieval import RetrievalTask
from training.evaluation.tasks.images import TaskImage
from training.evaluation.tasks.walks import GUARD_SECONDS, SAME_PLACE_SECONDS

CHANGES = ("", "light", "view", "roll")  # of the second visit, see tasks.images; the first one: as it was
DRAWS = 8  # of each simulated change, of every image: with one, recall depends on the seed by 8 points
_BLOCK_SECONDS = 6  # of a clip, in turns: first and second visit
_RETURN_SECONDS = 10.0


class SecondVisit(NamedTuple):
    """A building that is visited twice."""

    first: List[Record]  # each walk is a region
    tasks: List[RetrievalTask]


def corridor_laps(data):
    """Look-alike corridors: the first lap, and the second and third one as they are, and changed."""
    folder = Path(data) / "rtabmap_corridor"
    rows = read_table(folder)
    again = np.array([row["sequence"] != "lap1" for row in rows])
    records = [
        Record(folder / row["file"], sequence="lap1", time=walks.CORRIDOR_STEP_S * number, region="corridor")
        for number, row in enumerate(rows)
    ]
    verdicts = walks.rtabmap_corridor().verdicts[np.ix_(again, ~again)]
    return _visits(
        "corridor", records, again, verdicts == Verdict.RIGHT, verdicts == Verdict.UNKNOWN, CHANGES
    )


def tower_blocks(data):
    """The held-out floors of ie_tower: 6 s of each clip are the first visit, the next 6 s the second.

    Correct is the same clip within 10 s; other clips of the floor, which may overlap, and frames up to 3 s
    apart are ignored.
    """
    records = _held_out(data)
    clip, floor, time = _columns(records)
    again = time // _BLOCK_SECONDS % 2 == 1
    same_clip = clip[again, None] == clip[~again]
    apart = np.abs(time[again, None] - time[~again])
    right = same_clip & (apart > GUARD_SECONDS) & (apart <= SAME_PLACE_SECONDS)
    ignored = (floor[again, None] == floor[~again]) & ~right
    return _visits("tower blocks", _by_clip(records), again, right, ignored)


def tower_returns(data):
    """The held-out floors of ie_tower: where a clip returns to its start, and all frames before that.

    Most mistakes are the same view of another floor, on which only a number or a sign differs.
    """
    records = _held_out(data)
    clip, floor, time = _columns(records)
    returns: Dict[str, Set[Tuple[int, int]]] = {}
    for row in walks.read_returns():
        returns.setdefault(row["video"], set()).add((int(row["query"]), int(row["match"])))
    queries = {(name, query) for name, found in returns.items() for query, _ in found}
    begin = {name: min(query for query, _ in found) for name, found in returns.items()}
    late = np.array([seconds >= begin.get(name, np.inf) for name, seconds in zip(clip, time)])
    known = [(name, int(seconds)) in queries for name, seconds in zip(clip, time)]
    again, first = late & known, ~late
    right = np.array(
        [
            [
                name == other and (int(s), int(t)) in returns[name]
                for other, t in zip(clip[first], time[first])
            ]
            for name, s in zip(clip[again], time[again])
        ]
    )
    ignored = (floor[again, None] == floor[first]) & ~right
    used = again | first
    kept = [record for record, taken in zip(_by_clip(records), used) if taken]
    return _visits("tower returns", kept, again[used], right, ignored)


SECOND_VISITS = (corridor_laps, tower_blocks, tower_returns)


def _visits(name, records, again, right, ignored, changes=("",)):
    first = [record for record, second in zip(records, again) if not second]
    second = [record for record, second in zip(records, again) if second]
    references = [TaskImage(record.image) for record in first]
    tasks = []
    for change in changes:
        draws = DRAWS if change else 1
        queries = [TaskImage(record.image, change, seed) for seed, record in enumerate(draws * second)]
        tasks.append(
            RetrievalTask(
                f"{name}, {change}" if change else name,
                queries,
                references,
                np.tile(right, (draws, 1)),
                np.tile(ignored, (draws, 1)),
            )
        )
    return SecondVisit(first, tasks)


def _held_out(data):
    return [record for record in read_ie_tower(Path(data) / "ie_tower") if record.split == "test"]


def _columns(records):
    """Clip, floor and seconds of records."""
    clip = np.array([record.sequence for record in records])
    floor = [walks.FLOOR_OF.get(record.sequence, record.region.partition("/")[2]) for record in records]
    return clip, np.array(floor), np.array([record.time for record in records])


def _by_clip(records):
    return [record._replace(region=record.sequence) for record in records]
