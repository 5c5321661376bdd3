"""Measure the speed, memory use and map size of this package.

One thread, images of 240×320. The exit code is 1 if a target is not met. The first argument may be the name
of another benchmark, with its arguments after it: growth, index, large_map, peers, pipelines.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile

import cv2

from benchmarks import against, core, node
from benchmarks.figures import Figure, machine, table
from benchmarks.prepared_map import Places, write_map
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.model_card import default_model_path

KEYFRAMES = 10_000
OTHERS = ("growth", "index", "large_map", "peers", "pipelines")


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in OTHERS:
        module = importlib.import_module(f"benchmarks.{sys.argv.pop(1)}")
        return module.main()
    parser = argparse.ArgumentParser(
        prog="./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--keyframes",
        type=int,
        help=f"size of the map (default: {KEYFRAMES}, with --against {against.KEYFRAMES})",
    )
    parser.add_argument("--model", default=default_model_path(), help="another ONNX file")
    parser.add_argument(
        "--against",
        metavar="REF",
        help="only compare LoopDetector.add with that of this git revision, each with its own default model",
    )
    arguments = parser.parse_args()

    cv2.setNumThreads(1)
    where = machine()
    if arguments.against:
        try:
            figures = against.compare(arguments.against, arguments.keyframes or against.KEYFRAMES)
        except against.CompareError as error:
            print(f"✗ {error}", file=sys.stderr)
            return 2
    else:
        figures = measure(arguments.model, arguments.keyframes or KEYFRAMES)
    print(table(figures, arguments.markdown))
    print(f"\nOne thread, 240×320, on {where}")
    missed = [figure.what for figure in figures if not figure.met]
    if missed:
        print(f"✗ target not met: {'; '.join(missed)}", file=sys.stderr)
    return int(bool(missed))


def measure(model: str, keyframes: int) -> list[Figure]:
    """All figures.

    Args:
        model: path of the ONNX file.
        keyframes: size of the map.
    """
    extractor = open_extractor(model, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        say("Measuring the extractor")
        figures = core.describing(extractor)
        say(f"Writing a map of {keyframes:,} keyframes")
        path = os.path.join(folder, "map.db")
        write_map(path, keyframes, Places(extractor))
        say("Measuring LoopDetector.add")
        figures += core.adding(extractor, path)
        say("Measuring the search")
        for count in (10_000, 100_000):
            figures += core.searching(extractor.card.descriptor_size, count)
        say("Measuring the store")
        figures += core.storing(extractor, os.path.join(folder, "store.db"))
        say("Measuring the node")
        figures += node.running(os.path.abspath(model), path, keyframes)
    return figures


def say(what: str) -> None:
    print(f"» {what} …", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
