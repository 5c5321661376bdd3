"""Recordings whose truth is a label or the order of frames: a tower, two floors, a corridor."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose
from training.data.recordings.files import rows_of
from training.data.recordings.recording import (
    JUMP_S,
    START_S,
    Frame,
    Recording,
    Verdict,
    find_revisits,
    image_loader,
    stamps,
)
from training.files import DATA

RETURNS = Path(__file__).with_name("ie_tower_returns.csv")
"""Pairs of one clip, at least 10 s apart, that show the same view; the camera looked elsewhere between them.
Found by matching all such pairs with the package's geometry (50 inliers, coverage 0.3), then looked at.
The clips that walk along a corridor are left out: their far matches are doors and windows that look alike."""

TWICE = "f22_cafeteria_main"  # the same video as f22_central_alt
FLOOR_OF = {"f09_hallway_main": "floor8"}  # gt.csv says floor 9; its signs say 8 and 8.03
TOWER_RIGHT = 3  # seconds of one clip
FLOORS_RIGHT, FLOORS_UNKNOWN = 8, 30  # frames of one floor; the far end is visible for longer
FLOOR_STEP, FLOOR_HEIGHT = 0.5, 4.0  # metres, assumed
CORRIDOR_STEP_S, CORRIDOR_LOOP = 2.0, 40  # seconds of a frame; places of a lap
CORRIDOR_RIGHT, CORRIDOR_UNKNOWN = 2, 5  # places; the truth is good to ±2
CORNERS = ((0.5, 0.0, 0.0), (6.5, 6.25, 0.0), (19.0, 6.25, 13.75), (25.5, 0.0, 13.75), (40.5, 0.0, 0.0))


def ie_tower() -> Recording:
    """The hallways, lifts, stairs and rooms of a tower with 25 floors of one design; a session for each clip.

    Other floors are WRONG. Another clip of the same floor may overlap: UNKNOWN. In a clip, frames up to 3 s
    apart are RIGHT, and so are the pairs of ``RETURNS``; the others are UNKNOWN.
    """
    rows = [row for row in rows_of("ie_tower") if row["video"] != TWICE]
    rows.sort(key=lambda row: (row["floor"], row["video"], int(row["frame_1fps"])))
    clip = np.array([row["video"] for row in rows])
    floor = np.array([FLOOR_OF.get(row["video"], row["floor"]) for row in rows])
    second = np.array([int(row["frame_1fps"]) for row in rows])
    same_clip = clip[:, None] == clip[None]
    verdicts = np.where(floor[:, None] == floor[None], Verdict.UNKNOWN, Verdict.WRONG).astype(np.int8)
    verdicts[same_clip & (np.abs(second[:, None] - second[None]) <= TOWER_RIGHT)] = Verdict.RIGHT
    number = {key: i for i, key in enumerate(zip(clip.tolist(), second.tolist()))}
    returns = np.zeros(verdicts.shape, bool)
    for row in read_returns():
        query, match = (number[row["video"], int(row[each])] for each in ("query", "match"))
        verdicts[query, match] = verdicts[match, query] = Verdict.RIGHT
        returns[query, match] = True
    session = [number for number, (_, group) in enumerate(itertools.groupby(clip)) for _ in group]
    times = _in_sessions(session, second.tolist())
    folder = DATA / "ie_tower"
    frames = frames_of([str(folder / row["file"]) for row in rows], times, session)
    revisits = tuple(int(i) for i in np.flatnonzero(returns.any(axis=1)))
    return Recording("ie_tower", "ie_tower", frames, verdicts, revisits)


def read_returns() -> list[dict[str, str]]:
    """The rows of ``RETURNS``: video, and the seconds of query and match."""
    with RETURNS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _in_sessions(session: Sequence[int], second: Sequence[int]) -> list[int]:
    """Stamps, nanoseconds, of frames with a time within their session; ``JUMP_S`` lies between sessions."""
    times, start = [], START_S
    for i, (number, since) in enumerate(zip(session, second)):
        if i and number != session[i - 1]:
            start += second[i - 1] + JUMP_S
        times.append(round((start + since) * 1e9))
    return times


def two_floors() -> Recording:
    """Two floors of one design, each driven once, 1 frame a second, in one session with a jump of 60 s.

    Between floors everything is WRONG. On a floor, up to 8 frames apart is RIGHT and more than 30 WRONG. The
    path is assumed: straight, 0.5 m per frame, floors 4 m apart.
    """
    rows = rows_of("two_floors")
    floor = np.array([row["floor"] == "b" for row in rows])
    index = np.array([int(row["index"]) for row in rows])
    apart = np.abs(index[:, None] - index[None])
    verdicts = np.select([apart <= FLOORS_RIGHT, apart <= FLOORS_UNKNOWN], [1, 2], 0).astype(np.int8)
    verdicts[floor[:, None] != floor[None]] = Verdict.WRONG
    jump = round((JUMP_S - 1) * 1e9)
    times = [stamp + jump * int(later) for stamp, later in zip(stamps(len(rows), 1.0), floor)]
    poses = [_looking(FLOOR_STEP * step, 0.0, 0.0, FLOOR_HEIGHT * later) for step, later in zip(index, floor)]
    folder = DATA / "two_floors"
    frames = frames_of([str(folder / row["file"]) for row in rows], times, [0] * len(rows), poses)
    return Recording("two_floors", "two_floors", frames, verdicts, ())


def rtabmap_corridor() -> Recording:
    """A loop of corridors that look alike, walked twice and a bit; 2 s per frame.

    Up to 2 places apart is RIGHT, more than 5 WRONG, and between them UNKNOWN, because the truth is good to
    ±2. So are near places on two sides of a turn, and the two frames of a bare wall to all others. The path
    is assumed: a rectangle of 6.25 m × 13.75 m with its corners where the walk turns.
    """
    rows = rows_of("rtabmap_corridor")
    wall = np.array([row["place"] == "" for row in rows])
    order = [int(row["order"]) for row in rows]
    place = np.array([float(row["place"] or _between(n)) for row, n in zip(rows, order)])
    apart = np.abs(place[:, None] - place[None])
    apart = np.minimum(apart, CORRIDOR_LOOP - apart)
    verdicts = np.select([apart <= CORRIDOR_RIGHT, apart <= CORRIDOR_UNKNOWN], [1, 2], 0).astype(np.int8)
    side = np.digitize(place, [corner[0] for corner in CORNERS[1:-1]])
    turned = (side[:, None] != side[None]) & (place[:, None] != place[None])
    verdicts[turned & (verdicts == Verdict.RIGHT)] = Verdict.UNKNOWN
    verdicts[wall[:, None] | wall[None]] = Verdict.UNKNOWN
    folder = DATA / "rtabmap_corridor"
    files = [str(folder / row["file"]) for row in rows]
    poses = [_corridor_pose(each) for each in place]
    frames = frames_of(files, stamps(len(rows), CORRIDOR_STEP_S), [0] * len(rows), poses)
    revisits = find_revisits(frames, verdicts == Verdict.RIGHT, verdicts != Verdict.WRONG)
    return Recording("rtabmap_corridor", "rtabmap_corridor", frames, verdicts, revisits)


def _between(order: int) -> float:
    """The place on the path of a frame without one: 19 of the first lap, between 6 and 7 of the second."""
    return {19: 19.0, 46: 6.5}[order]


def _corridor_pose(place: float) -> Pose:
    """Where a place is on the rectangle, looking along it."""
    along = place if place >= CORNERS[0][0] else place + CORRIDOR_LOOP
    for (begin, x, y), (end, x2, y2) in zip(CORNERS, CORNERS[1:]):
        if begin <= along <= end:
            share = (along - begin) / (end - begin)
            return _looking(
                x + share * (x2 - x), y + share * (y2 - y), float(np.arctan2(y2 - y, x2 - x)), 0.0
            )
    raise ValueError(f"expected a place from 1 to {CORRIDOR_LOOP}. Received: {place}")


def _looking(x: float, y: float, heading: float, z: float) -> Pose:
    """The optical frame of a level camera in a world with z up; ``heading`` in radians from the x axis."""
    optical = Rotation.from_matrix([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    return Pose(np.array([x, y, z], float), (Rotation.from_euler("z", heading) * optical).as_quat())


def frames_of(
    files: Sequence[str], times: Sequence[int], session: Sequence[int], poses: Sequence[Pose] | None = None
) -> list[Frame]:
    return [
        Frame(stamp, image_loader(file), number, None if poses is None else poses[i], name=Path(file).name)
        for i, (file, stamp, number) in enumerate(zip(files, times, session))
    ]
