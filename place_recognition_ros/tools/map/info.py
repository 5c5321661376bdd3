"""What is in a map: its models, its size and its sessions.

A distance is that of the poses of the keyframes; without odometry there is none.
"""

import argparse
import os
from datetime import datetime, timezone
from typing import Any, Dict, List, NamedTuple, Optional

from place_recognition_ros.memory import schema
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.odometer import Odometer
from place_recognition_ros.memory.store import Session


class Summary(NamedTuple):
    """One session of a map."""

    session: Session
    keyframes: int
    first: int  # stamp of the first keyframe, nanoseconds
    last: int
    distance: Optional[float]  # metres; None: without poses

    @property
    def duration(self) -> float:
        """Seconds from the first keyframe to the last."""
        return (self.last - self.first) / 1e9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", metavar="MAP", help="file of the map")


def run(options: argparse.Namespace) -> int:
    with MapReader(os.path.expanduser(options.map)) as reader:
        summaries = summarize(reader)
        keyframes = sum(each.keyframes for each in summaries)
        damaged = reader.count("keyframes") - keyframes
        size = os.path.getsize(reader.path)
        print(f"map       {reader.meta.get('map', '')}")
        print(f"file      {reader.path}, {size / 1e6:.1f} MB, schema {reader.meta['schema']}")
        print(f"model     {reader.meta.get('model')}")
        print(f"features  {reader.meta.get('features')}")
        each = f", {size / keyframes / 1e3:.1f} kB each" if keyframes else ""
        print(f"keyframes {keyframes}{each}, in {len(summaries)} sessions")
        print(f"damaged   {damaged}" + ("; `check` lists them" if damaged else ""))
        print()
        print(table(summaries))
    return 0


def summarize(reader: MapReader) -> List[Summary]:
    """The sessions that have keyframes, in their order."""
    sessions, odometer = reader.sessions(), Odometer()
    found: Dict[int, Summary] = {}
    for row in reader.whole_keyframes():
        _, number, stamp, pose = row[:4]
        distance = odometer.move(number, schema.unpack_pose(pose))
        session = sessions.get(number) or Session(number, "")
        before = found.get(number) or Summary(session, 0, stamp, stamp, None)
        found[number] = before._replace(
            keyframes=before.keyframes + 1,
            last=stamp,
            distance=before.distance if pose is None else distance,
        )
    return list(found.values())


def table(summaries: List[Summary]) -> str:
    """One line for each session."""
    rows: List[Any] = [("session", "robot", "start (UTC)", "keyframes", "duration", "distance")]
    for each in summaries:
        start = datetime.fromtimestamp(each.first / 1e9, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        distance = "not known" if each.distance is None else f"{each.distance:.1f} m"
        robot = each.session.robot or "-"
        rows.append((each.session.id, robot, start, each.keyframes, f"{each.duration:.1f} s", distance))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) for row in rows)
