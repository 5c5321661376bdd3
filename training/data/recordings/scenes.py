"""Recordings of scenes rather than of one route: outdoor clips, and photographs from fixed places."""

from __future__ import annotations

import itertools

import numpy as np

from training.data.recordings.files import rows_of
from training.data.recordings.recording import JUMP_S, Recording, Verdict, find_revisits, stamps
from training.data.recordings.walks import frames_of
from training.files import DATA

STEP_S = 2.0  # of an outdoor clip
CLIP_RIGHT = 3  # frames of one clip
TURNS = ("city", "dawn", "forest", "night", "park", "sunrise", "sunset", "venice")  # order: heading, degrees
TURN_RIGHT, TURN_UNKNOWN = 40, 100  # degrees between headings
DOUBTFUL = "river_bega"  # the same river, another bridge
FOGGY = {"dukehw": ("2015-02-15", "2015-12")}  # beginnings of the dates on which nothing is visible


def outdoor() -> Recording:
    """All clips of outdoor one after another, each a session: walks, dashcams, sweeps and stills.

    Different clips are different places. In a clip, up to 3 frames apart is RIGHT, the rest UNKNOWN. In a
    turn on the spot, headings up to 40° apart are RIGHT, more than 100° apart WRONG.
    """
    rows = rows_of("outdoor")
    rows.sort(key=lambda row: (row["sequence"], int(row["order"])))  # stable: stills keep their order
    names = [row["sequence"] for row in rows]
    clip = np.array(names)
    ranks = [i for _, group in itertools.groupby(names) for i, _ in enumerate(group)]
    apart = np.abs(np.subtract.outer(ranks, ranks))
    heading = np.array([int(row["order"]) for row in rows])
    turned = np.abs((heading[:, None] - heading[None] + 180) % 360 - 180)
    turning = np.isin(clip, TURNS)
    verdicts = np.where(apart <= CLIP_RIGHT, Verdict.RIGHT, Verdict.UNKNOWN)
    of_turn = np.select([turned <= TURN_RIGHT, turned <= TURN_UNKNOWN], [1, 2], 0)
    verdicts = np.where(turning[:, None], of_turn, verdicts).astype(np.int8)
    verdicts[clip[:, None] != clip[None]] = Verdict.WRONG
    session = np.unique(clip, return_inverse=True)[1].tolist()
    times = [
        stamp + round(JUMP_S * 1e9) * number for stamp, number in zip(stamps(len(rows), STEP_S), session)
    ]
    folder = DATA / "outdoor"
    frames = frames_of([str(folder / row["file"]) for row in rows], times, session)
    same = (verdicts == Verdict.RIGHT) & turning[:, None]
    revisits = find_revisits(frames, same, verdicts != Verdict.WRONG)
    return Recording("outdoor", "outdoor", frames, verdicts, revisits)


def facades() -> Recording:
    """Photographs of town houses, whose windows look alike, and of forests in all seasons from fixed cameras.

    Every photograph of timisoara_heritage is a session of its own; of phenocam, every date of a camera is
    one, with three overlapping windows. Windows of one camera are UNKNOWN to each other.
    """
    houses = rows_of("timisoara_heritage")
    cameras = [
        row
        for row in rows_of("phenocam")
        if not row["time_or_season"].startswith(FOGGY.get(row["sequence"], ("none",)))
    ]
    cameras.sort(key=lambda row: (row["time_or_season"], row["sequence"], row["place"]))
    files = [str(DATA / "timisoara_heritage" / row["file"]) for row in houses]
    files += [str(DATA / "phenocam" / row["file"]) for row in cameras]
    place = np.array([row["place"] for row in (*houses, *cameras)])
    scene = np.array([row["place"] for row in houses] + [row["sequence"] for row in cameras])
    visit = [row["file"] for row in houses] + [row["sequence"] + row["time_or_season"] for row in cameras]
    verdicts = np.where(scene[:, None] == scene[None], Verdict.UNKNOWN, Verdict.WRONG).astype(np.int8)
    verdicts[place[:, None] == place[None]] = Verdict.RIGHT
    verdicts[(place == DOUBTFUL)[:, None] & (place == DOUBTFUL)[None]] = Verdict.UNKNOWN
    session = [number for number, (_, group) in enumerate(itertools.groupby(visit)) for _ in group]
    frames = frames_of(files, stamps(len(files), JUMP_S), session)
    right = verdicts == Verdict.RIGHT
    return Recording("facades", "facades", frames, verdicts, find_revisits(frames, right, right))
