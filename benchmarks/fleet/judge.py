"""What the server and the robots have after a run: is anything lost, doubled, wrong or not found?"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.fleet import town, truth
from benchmarks.fleet.reference import Found, load_found
from place_recognition_ros.memory.index_uri import collection_of
from place_recognition_ros.memory.map_reader import MapReader


class Verdict(NamedTuple):
    """The result of a run."""

    keyframes: int  # of all robots
    lost: int  # keyframes that the server does not have
    doubled: int  # keyframes that it has twice, or that no robot has
    loops: int  # that the server found
    loops_lost: int  # that one of the two robots did not receive
    loops_doubled: int  # that a robot received twice, or that the server has twice
    wrong: int  # loops between different places
    revisits: int  # that there are
    by_one: int  # of them, those that one robot alone with all images finds
    by_fleet: int  # those that the fleet found
    missed: list[truth.Revisit]  # that one robot alone finds, and the fleet does not
    unindexed: int = 0  # keyframes of the server that are not in Milvus, or only there

    @property
    def is_good(self) -> bool:
        bad = self.lost + self.doubled + self.loops_lost + self.loops_doubled + self.wrong
        return not bad and not self.missed and not self.unindexed


def judge(server: Path, maps: Sequence[Path], received: Sequence[Path], seconds: float) -> Verdict:
    """Compare the server's map with those of the robots.

    Args:
        server: its map, closed.
        maps: of the robots, closed.
        received: the loops that each robot received, a JSON object a line.
        seconds: how long the robots drove.
    """
    own = Counter(key for path in maps for key in _keyframes(path))
    there = Counter(_keyframes(server))
    loops = list(_loops(server))
    names = Counter(_name(each) for each in loops)
    expected = {
        robot: {
            _name(each) for each in loops if f"robot{robot}" in (each["query_robot"], each["match_robot"])
        }
        for robot in range(len(maps))
    }
    lost = doubled = 0
    for robot, path in enumerate(received):
        came = Counter(_name(json.loads(line)) for line in path.read_text().splitlines())
        lost += len(expected[robot] - set(came))
        doubled += sum(count - 1 for count in came.values()) + len(set(came) - expected[robot])
    found = [_found(each) for each in loops]
    by_fleet: set[truth.Revisit] = set()
    by_one: set[truth.Revisit] = set()
    every: set[truth.Revisit] = set()
    for district in town.DISTRICTS:
        by_fleet |= truth.revisits_of(district, [each for place, each in found if place == district])
        alone = [each for each in load_found(district) if truth.is_right(district, each)]
        alone = [each for each in alone if truth.was_driven(district, each, seconds)]
        by_one |= truth.revisits_of(district, alone)
        every |= truth.every_revisit(district, seconds)
    return Verdict(
        keyframes=sum(own.values()),
        lost=sum((own - there).values()),
        doubled=sum((there - own).values()),
        loops=len(loops),
        loops_lost=lost,
        loops_doubled=doubled + sum(count - 1 for count in names.values()),
        wrong=sum(place is None or not truth.is_right(place, each) for place, each in found),
        revisits=len(every),
        by_one=len(by_one),
        by_fleet=len(by_fleet),
        missed=sorted(by_one - by_fleet),
    )


def unindexed(server: Path, uri: str, descriptor_size: int) -> int:
    """How many keyframes are in only one of the server's map and its collection in Milvus, both closed."""
    from place_recognition_ros.memory.milvus_collection import MilvusCollection  # requirements/milvus.txt

    with MapReader(str(server)) as reader:
        map_id, ids = reader.meta["map"], {row[0] for row in reader.whole_keyframes()}
    collection = MilvusCollection(uri, collection_of(map_id), descriptor_size, {})
    try:
        return len(ids.symmetric_difference(collection.ids().tolist()))
    finally:
        collection.close()


def _keyframes(path: Path) -> Iterator[tuple[str, int]]:
    """What tells the keyframes of a map apart: the session and the stamp."""
    query = "SELECT uuid, stamp FROM keyframes JOIN sessions ON sessions.id = keyframes.session"
    with sqlite3.connect(path) as connection:
        yield from connection.execute(query)
        ((orphans,),) = connection.execute(
            "SELECT COUNT(*) FROM keyframes WHERE session NOT IN (SELECT id FROM sessions)"
        )
    if orphans:
        yield from (("no session", row) for row in range(orphans))


def _loops(path: Path) -> Iterator[dict]:
    with sqlite3.connect(path) as connection:
        yield from (json.loads(text) for (text,) in connection.execute("SELECT content FROM fleet_loops"))


def _name(loop: dict) -> tuple:
    """What tells loops apart: the robots and the stamps of their images."""
    ends = zip((loop["query_robot"], loop["match_robot"]), loop["stamps"])
    return tuple(sorted(ends))


def _found(loop: dict) -> tuple[int | None, Found]:
    """The district of a loop, None: its images are of two, and the loop as a match of visits."""
    robots = [int(loop[name].removeprefix("robot")) for name in ("query_robot", "match_robot")]
    rows = [(stamp - 10**9) * town.RATE // 10**9 for stamp in loop["stamps"]]
    districts = {town.visits(robot)[row // town.KEYFRAMES].district for robot, row in zip(robots, rows)}
    ends = [(robot, row % town.KEYFRAMES) for robot, row in zip(robots, rows)]
    return districts.pop() if len(districts) == 1 else None, Found(*ends[0], *ends[1])
