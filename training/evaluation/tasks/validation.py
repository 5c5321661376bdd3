"""Tasks for choosing models and options: the split "validation", and any manifest."""

from pathlib import Path

import numpy as np

from training.data import PlaceRules, Places
from training.data.readers.own_sets import read_own_sets, read_table
from training.data.readers.seasons import VALIDATION
from training.evaluation.retrieval import RetrievalTask
from training.evaluation.tasks.images import TaskImage
from training.evaluation.tasks.walks import neighbours

OVERLAP = 100.0  # seconds: places of the railway that are closer may overlap
SPOT = 2  # frames of the first lap


def validation_tasks(data):
    """Five tasks on the validation images of ie_tower and outdoor, and two on real revisits.

    "light", "view" and "coarse": each image, changed, is queried against all unchanged images (coarse ones
    for "coarse"). Only the image itself is correct; other images of its place are ignored. "season": each
    image is changed twice with the colours of outdoor images, and queried against validation and training
    images, all coarse. "walk": see :func:`training.evaluation.tasks.walks.neighbours`. "railway": the last
    fifth of nordland64, winter against summer. "return": rtabmap_corridor, the later laps, rolled, against
    the first.

    Args:
        data: folder of the image sets.

    Returns:
        list of :class:`training.evaluation.retrieval.RetrievalTask`.
    """
    known = [record for record in read_own_sets(data) if record.split != "test"]
    records = [record for record in known if record.split == "validation"]
    _, different = Places(records, PlaceRules()).pair_labels(np.arange(len(records)))
    itself = np.eye(len(records), dtype=bool)

    def queried(name, change, references_change=""):
        queries = [TaskImage(record.image, change, seed) for seed, record in enumerate(records)]
        references = [TaskImage(record.image, references_change) for record in records]
        return RetrievalTask(f"validation_{name}", queries, references, itself, ~different & ~itself)

    indoor = [record for record in records if record.region.startswith("ie_tower/")]
    return [
        queried("light", "light"),
        queried("view", "view"),
        queried("coarse", "coarse light", "coarse"),
        _seasons(known),
        neighbours("validation_walk", indoor),
        _railway(Path(data) / "nordland64"),
        _return(Path(data) / "rtabmap_corridor"),
    ]


def _railway(folder):
    """Each place of the validation part in winter against all in summer; neighbours are ignored."""
    rows = read_table(folder)
    first = VALIDATION * max(float(row["order_seconds"]) for row in rows)
    seasons = [
        [row for row in rows if row["sequence"] == season and float(row["order_seconds"]) > first]
        for season in ("winter", "summer")
    ]
    winter, summer = (np.array([float(row["order_seconds"]) for row in season]) for season in seasons)
    apart = np.abs(np.subtract.outer(winter, summer))
    queries, references = ([TaskImage(folder / row["file"]) for row in season] for season in seasons)
    overlap = (apart > 0) & (apart < OVERLAP)
    return RetrievalTask("validation_railway", queries, references, apart == 0, overlap)


def _return(folder):
    """Frames of later laps, rolled, that show a place of the first one; right: the same spot, to 2 frames."""
    rows = [row for row in read_table(folder) if row["place"]]
    later, first = ([row for row in rows if (row["sequence"] == "lap1") == lap] for lap in (False, True))
    spots = [[float(row["place"]) for row in part] for part in (later, first)]
    right = np.abs(np.subtract.outer(*spots)) <= SPOT
    rolled = [TaskImage(folder / row["file"], "roll", seed) for seed, row in enumerate(later)]
    upright = [TaskImage(folder / row["file"]) for row in first]
    return RetrievalTask("validation_return", rolled, upright, right, np.zeros_like(right))


def _seasons(known):
    """Each validation image in two other seasons, queried against training and validation images."""
    queried_rows = np.tile(np.flatnonzero([record.split == "validation" for record in known]), 2)
    outdoors = [record.image for record in known if record.region.startswith("outdoor/")]
    random = np.random.default_rng(0)
    queries = [
        TaskImage(known[number].image, "season", seed, outdoors[random.integers(len(outdoors))])
        for seed, number in enumerate(queried_rows)
    ]
    references = [TaskImage(record.image, "coarse") for record in known]
    _, different = Places(known, PlaceRules()).pair_labels(queried_rows)
    itself = np.equal.outer(queried_rows, np.arange(len(known)))
    return RetrievalTask("validation_season", queries, references, itself, ~different & ~itself)


def manifest_task(name, records, rules=PlaceRules()):  # noqa: B008  a NamedTuple is immutable
    """Each query of a manifest against its references.

    Pairs with an unknown label are ignored, and so is the query itself among the references.

    Args:
        name: of the task.
        records: list of :class:`training.data.Record`; the role separates queries and references, an image
            without a role is both.
        rules: a :class:`training.data.PlaceRules`.

    Returns:
        a :class:`training.evaluation.retrieval.RetrievalTask`.

    Raises:
        ValueError: if there are no queries or no references.
    """
    queries = [number for number, record in enumerate(records) if record.role in ("", "query")]
    references = [number for number, record in enumerate(records) if record.role in ("", "reference")]
    if not queries or not references:
        raise ValueError(
            f"expected queries and references in {name}. "
            f"Received: {len(queries)} and {len(references)} of {len(records)} images"
        )
    same, different = Places(records, rules).pair_labels(np.array(queries), np.array(references))
    itself = np.equal.outer(queries, references)
    return RetrievalTask(
        name,
        [TaskImage(records[number].image) for number in queries],
        [TaskImage(records[number].image) for number in references],
        right=same & ~itself,
        ignored=itself | ~(same | different),
    )
