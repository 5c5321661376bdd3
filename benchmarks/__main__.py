"""Measure what the package promises: ``./run bench [--markdown]``.

One thread, pictures of 240×320. The exit code is 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

import cv2

from benchmarks import core, node
from benchmarks.figures import Figure, machine, table
from benchmarks.prepared_map import write_map
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.extractor import default_model_path

KEYFRAMES = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="a table for a page of documentation")
    parser.add_argument("--keyframes", type=int, default=KEYFRAMES, help="size of the map")
    parser.add_argument("--model", default=default_model_path(), help="another ONNX file")
    arguments = parser.parse_args()

    cv2.setNumThreads(1)
    where = machine()
    figures = measure(arguments.model, arguments.keyframes)
    print(table(figures, arguments.markdown))
    print(f"\nOne thread, 240×320, on {where}")
    broken = [figure.what for figure in figures if not figure.kept]
    if broken:
        print(f"✗ broken: {'; '.join(broken)}", file=sys.stderr)
    return int(bool(broken))


def measure(model: str, keyframes: int) -> list[Figure]:
    """All figures."""
    extractor = open_extractor(model, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        say("the extractor")
        figures = core.describing(extractor)
        say(f"a map of {keyframes:,} keyframes, which takes half a minute to make")
        path = os.path.join(folder, "map.db")
        write_map(path, keyframes, extractor)
        figures += core.adding(extractor, path)
        say("the search")
        for count in (10_000, 100_000):
            figures += core.searching(extractor.card.descriptor_size, count)
        say("the store")
        figures += core.storing(extractor, os.path.join(folder, "store.db"))
        say("the node")
        figures += node.running(os.path.abspath(model), path, keyframes)
    return figures


def say(what: str) -> None:
    print(f"» Measuring {what} …", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
