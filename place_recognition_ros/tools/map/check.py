"""Check every row of a map against its CRC, and the file with SQLite.

Exits with 1 if something is damaged, after a list of it. The node leaves damaged rows out; a copy made by
~save_map, or by `merge` of this one map, does not have them.
"""

import argparse
import os
from typing import Iterator, List, Set, Tuple

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.map_reader import MapReader

TABLES: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("sessions", schema.SESSION_COLUMNS),
    ("cameras", schema.CAMERA_COLUMNS),
    ("keyframes", schema.KEYFRAME_COLUMNS),
    ("views", schema.VIEW_COLUMNS),
    ("links", ("id", '"match"')),
    ("ties", schema.TIE_COLUMNS),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", metavar="MAP", help="file of the map")


def run(options: argparse.Namespace) -> int:
    with MapReader(os.path.expanduser(options.map)) as reader:
        damage = list(find_damage(reader))
        for each in damage:
            print(each)
        print(f"{len(damage)} faults in '{reader.path}'" if damage else f"'{reader.path}' is whole")
    return int(bool(damage))


def find_damage(reader: MapReader) -> Iterator[str]:
    """A sentence for each fault."""
    for (line,) in _readable(reader, "PRAGMA integrity_check"):
        if line != "ok":
            yield f"file: {line}"
    whole = {}
    for table, columns in TABLES:
        if not list(reader.read("SELECT 1 FROM sqlite_master WHERE name = ?", table)):
            continue  # a map may be without links and ties
        seen: Set[int] = set()
        try:
            for *row, crc in reader.read(f"SELECT {', '.join(columns)}, crc FROM {table}"):  # noqa: S608
                if schema.is_whole(row, crc):
                    seen.add(row[0])
                else:
                    yield f"{table}: row {row[0]} does not fit its CRC"
        except StoreError as error:
            yield f"{table}: cannot be read after {len(seen)} rows: {error}"
        whole[table] = seen
    for number in sorted(whole["keyframes"] - whole["views"]):
        yield f"keyframe {number}: no whole view: it cannot be verified geometrically"


def _readable(reader: MapReader, query: str) -> List[Tuple[str, ...]]:
    try:
        return list(reader.read(query))
    except StoreError as error:
        return [(str(error),)]
