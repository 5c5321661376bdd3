"""Merge maps of one model into a new file.

The keyframes get new ids and the sessions new numbers, in the order of the maps. A session that is in several
maps is taken from the first of them. Damaged rows are left out.
"""

import argparse
import os
from contextlib import suppress
from typing import List

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory.job import Job
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.transfer import merge_map
from place_recognition_ros.tools.map.progress import do


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("maps", metavar="MAP", nargs="+", help="files of the maps")
    parser.add_argument("--output", "-o", required=True, metavar="PATH", help="the new map")


def run(options: argparse.Namespace) -> int:
    print(
        "\n".join(
            merge([os.path.expanduser(each) for each in options.maps], os.path.expanduser(options.output))
        )
    )
    return 0


def merge(paths: List[str], output: str) -> List[str]:
    """Write a new map with the sessions of others.

    Args:
        paths: of the others.
        output: of the new map, which must not exist.

    Returns:
        A sentence for each of the others.

    Raises:
        StoreBusy, MapMismatch, StoreError: why it was not written; there is no new file then.
    """
    if os.path.lexists(output) or not os.path.isdir(os.path.dirname(os.path.abspath(output))):
        raise StoreError(f"expected a new file in an existing folder. Received: '{output}'")
    part = output + ".part"
    _remove(part)
    try:
        messages = _merge(paths, part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.rename(part, output)
    except BaseException:
        _remove(part)
        raise
    return messages


def _merge(paths: List[str], part: str) -> List[str]:
    store = None
    messages = []
    try:
        for path in paths:
            source = MapReader(path)
            if store is None:
                meta = source.meta
                store = KeyframeStore(part, meta["model"], _descriptor_size(source), meta["features"])
            messages.append(do(Job(merge_map(store, source)), source.count("keyframes"), path))
    finally:
        if store is not None:
            store.close()
    return messages


def _descriptor_size(reader: MapReader) -> int:
    return next((len(row[7]) // 4 for row in reader.whole_keyframes()), 0)


def _remove(part: str) -> None:
    for beside in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            os.remove(part + beside)
