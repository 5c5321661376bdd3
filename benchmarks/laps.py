"""Twenty laps of one route through a rendered town, each in another light, weather or season.

``python -m benchmarks.laps`` plays them with a map that may hold 1.3 times the keyframes of the first lap,
and, to compare, with a map of the first lap alone. The last lap has the conditions of the second, with other
parked cars: what differs between the two is what the map has seen meanwhile. The images are rendered once, to
.run/data/laps, in a quarter of an hour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.route import AHEAD, BEHIND, poses_along, reached_at
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Keyframe
from rendering.conditions import choose_conditions
from training.data.recordings.rendered import STREET_RIGHT, apart
from training.files import PROJECT

FOLDER = PROJECT / ".run" / "data"  # laps_TOWN
LAPS = 20
TOWN = 7
SIZE = (320, 240)
STEP = 1.5  # metres between keyframes
CORNERS = np.array(
    [(0.0, 0.0), (72.0, 0.0), (72.0, 30.0), (36.0, 30.0), (36.0, 0.0), (0.0, 0.0), (0.0, 30.0)]
)
ASIDE = 0.8  # metres, standard deviation of the distance from the middle of the route
TURNED = np.radians(3.0)  # standard deviation
GROWTH = 1.3  # of the map, by all laps after the first
FIRST = 5  # keyframes of the first place
PAUSE_S = 3600.0  # between laps
QUALITY = 92


class Lap(NamedTuple):
    """What a lap came to."""

    conditions: str
    keyframes: int  # of the map at its end
    queries: int
    right: int  # queries with a right match
    wrong: int  # wrong matches
    first: bool  # whether the first place was found

    @property
    def recall(self) -> float:
        """Share of the queries that have a right match."""
        return self.right / self.queries


def poses_of(town: int, lap: int) -> list[Pose]:
    """Where the camera is in a lap."""
    random = np.random.default_rng((town, lap))
    start = random.uniform(0.0, STEP)
    along = np.arange(start + BEHIND, reached_at(CORNERS)[-1] - AHEAD, STEP)
    return poses_along(CORNERS, along, ASIDE, TURNED, random)


def render(town: int = TOWN) -> list[tuple[str, list[str]]]:
    """Render what is not there yet; the conditions of each lap, and its image files in order."""
    from rendering.town.world import TownWorld  # only here: it needs Panda3D

    random = np.random.default_rng((town, 0))
    conditions = choose_conditions(LAPS - 1, random)
    conditions.append(conditions[1]._replace(name=f"{conditions[1].name} again"))
    world, laps, folder = None, [], FOLDER / f"laps_{town}"
    for lap, each in enumerate(conditions):
        files = [str(folder / f"{lap:02d}" / f"{row:04d}.jpg") for row in range(len(poses_of(town, lap)))]
        laps.append((each.name, files))
        if Path(files[-1]).is_file():
            continue
        world = world or TownWorld(town, SIZE)
        world.begin(each, np.random.default_rng((town, lap, 1)))
        Path(files[0]).parent.mkdir(parents=True, exist_ok=True)
        for file, pose in zip(files, poses_of(town, lap)):
            cv2.imwrite(file, world.render(pose), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        print(f"rendered lap {lap + 1}, {each.name}", file=sys.stderr, flush=True)
    return laps


def play(town: int, laps: Sequence[tuple[str, list[str]]], mapping: bool) -> list[Lap]:
    """Drive all laps.

    Args:
        town: its seed.
        laps: of :func:`render`.
        mapping: False: the map remains that of the first lap.
    """
    poses = [pose for lap in range(len(laps)) for pose in poses_of(town, lap)]
    metres, degrees = apart(poses)
    right = (metres <= STREET_RIGHT[0]) & (degrees <= STREET_RIGHT[1])
    detector = LoopDetector.open(Config(max_keyframes=int(GROWTH * len(laps[0][1]))))
    number_of: dict[int, int] = {}
    played, stamp = [], 1.0
    for lap, (conditions, files) in enumerate(laps):
        found: dict[int, bool] = {}
        wrong, start = 0, len(number_of)
        if lap:
            detector.start_session(round(stamp * 1e9))
            detector.upkeep.set_mapping(mapping)
        for file in files:
            number_of[round(stamp * 1e9)] = len(number_of)
            result = detector.add(Keyframe(cv2.imread(file), round(stamp * 1e9)))
            for each in (*result.accepted, *result.confirmed):
                query, match = number_of[each.query_stamp], number_of[each.match_stamp]
                wrong += not right[query, match]
                found[query] = found.get(query, False) or bool(right[query, match])
            stamp += 1.0
        first = any(found.get(start + row, False) for row in range(FIRST))
        keyframes = len(detector.map)
        played.append(Lap(conditions, keyframes, len(files), sum(found.values()), wrong, first))
        stamp += PAUSE_S
    detector.close()
    return played


def main() -> int:
    """Print what each lap came to; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", action="store_true", help="only render the images")
    parser.add_argument("--town", type=int, default=TOWN, help="seed of the town (default: %(default)s)")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    laps, town = render(arguments.town), arguments.town
    if arguments.render:
        return 0
    lived, alone = play(town, laps, mapping=True), play(town, laps, mapping=False)
    print("lap  conditions        keyframes  recall  wrong  first place  recall, map of lap 1  wrong")
    for number, (each, other) in enumerate(zip(lived, alone), 1):
        print(
            f"{number:3d}  {each.conditions:16s}  {each.keyframes:9d}  {each.recall:6.2f}  {each.wrong:5d}  "
            f"{'found' if each.first else '-':11s}  {other.recall:20.2f}  {other.wrong:5d}"
        )
    grown = max(each.keyframes for each in lived) / lived[0].keyframes
    later, before = (np.mean([each.recall for each in run[1:]]) for run in (lived, alone))
    print(f"map at most {grown:.2f} times that of lap 1; mean recall {later:.2f}, map of lap 1 {before:.2f}")
    kept = grown <= GROWTH and lived[-1].recall >= lived[1].recall and lived[-1].first
    return int(not kept or any(each.wrong for each in lived))


if __name__ == "__main__":
    sys.exit(main())
