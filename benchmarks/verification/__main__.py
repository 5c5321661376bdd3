"""Measure the verification of image pairs: how often the relative pose is right, how exact, at what cost.

The tables are written between the markers of docs/verification.md, the plots to docs/images. The image sets
are those of ../shared/data; what is missing is skipped, with the reason.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from benchmarks.verification import cost, photos, plots, posed
from benchmarks.verification.finders import FINDERS, Missing, open_finder
from benchmarks.verification.methods import Method, method
from benchmarks.verification.section import Section, insert, rate_against_time
from place_recognition_ros.errors import PlaceRecognitionError

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "verification.md"


def _honesty(methods: Sequence[Method]) -> Section:
    from benchmarks.verification import rendered  # only here: it needs Panda3D

    return rendered.honesty(methods)


def _lenses(methods: Sequence[Method]) -> Section:
    from benchmarks.verification import rendered

    return rendered.lenses(methods)


MEASUREMENTS: dict[str, Callable[[Sequence[Method]], Section]] = {
    "strecha": posed.buildings,
    "kitchen": posed.rooms,
    "rendered": _honesty,
    "lenses": _lenses,
    "night": photos.night_and_day,
    "look_alikes": photos.look_alikes,
    "cost": cost.costs,
    "hostile": cost.hostile,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verification", description=__doc__)
    parser.add_argument(
        "--features",
        nargs="+",
        default=list(FINDERS),
        help=f"of {', '.join(FINDERS)}; or an ONNX file with its card",
    )
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--plain", action="store_true", help="also each kind with the plain estimation")
    parser.add_argument("--write", action="store_true", help="write docs/verification.md and its plots")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    methods = _methods(arguments.features, arguments.plain)
    found: dict[str, Section] = {}
    for name in arguments.only:
        print(f"» {name} …", file=sys.stderr)
        try:
            section = MEASUREMENTS[name](methods)
        except (OSError, ImportError) as error:
            print(f"{name}: skipped, {error}", file=sys.stderr)
            continue
        found[name] = section
        _report(section, arguments.write)
    if {"strecha", "cost"} <= set(found):
        _report(rate_against_time(found["strecha"], found["cost"]), arguments.write)
    return 0


def _methods(names: Sequence[str], plain: bool) -> list[Method]:
    """The methods that can be measured here."""
    wanted = [(name, each) for name in names for each in ((False, True) if plain else (False,))]
    found = [_method(name, each) for name, each in wanted]
    return [each for number, each in enumerate(found) if each is not None and each not in found[:number]]


def _method(name: str, plain: bool) -> Method | None:
    try:
        return method(open_finder(name), plain)
    except (Missing, PlaceRecognitionError) as reason:
        print(f"{name}: skipped, {reason}", file=sys.stderr)
        return None


def _report(section: Section, write: bool) -> None:
    """Print a table and, if wanted, write it and its plot to the documentation."""
    print(f"\n## {section.name}\n\n{section.markdown}", flush=True)
    if not write or not section.rows:
        return
    DOCUMENT.write_text(insert(DOCUMENT.read_text(encoding="utf-8"), section), encoding="utf-8")
    if section.name in plots.PLOTS:
        file = DOCUMENT.parent / "images" / f"verification_{section.name}.svg"
        file.write_bytes(plots.draw(section))


if __name__ == "__main__":
    sys.exit(main())
