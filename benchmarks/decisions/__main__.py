"""Measure decisions: how many wrong candidates are accepted, and how many revisits are recognised.

The sets are those of ../shared/data, the demo's drive and a rendered building; what is missing is skipped,
with the reason.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import yaml

from benchmarks.decisions.left_out import features_without
from benchmarks.decisions.odometry import has_odometry, with_odometry
from benchmarks.decisions.plots import precision_recall, reliability_diagram
from benchmarks.decisions.runner import Run, run
from benchmarks.decisions.sets import SETS, open_set
from benchmarks.decisions.stages import STAGES, stage_curve
from benchmarks.decisions.summary import calibration, decisions, stages
from benchmarks.verification.section import insert

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "decisions.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=SETS, default=list(SETS), metavar="SET", help=", ".join(SETS)
    )
    parser.add_argument(
        "--odometry", action="store_true", help="with odometry that drifts by 2 %%, where known"
    )
    parser.add_argument("--cut", type=int, metavar="N", help="begin a session every N frames")
    parser.add_argument("--config", nargs="+", default=[], metavar="NAME=VALUE", help="other parameters")
    parser.add_argument(
        "--write", action="store_true", help="write docs/decisions.md and its plots; all sets"
    )
    arguments = parser.parse_args()
    if arguments.write and (arguments.only != list(SETS) or arguments.cut):
        parser.error("--write needs all sets, uncut: it replaces whole tables")
    if any("=" not in each for each in arguments.config):
        parser.error("--config expects NAME=VALUE")
    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    parameters = {name: yaml.safe_load(value) for name, value in (c.split("=", 1) for c in arguments.config)}
    runs = _runs(arguments.only, arguments.odometry, arguments.cut, parameters)
    if runs:
        _report(runs, "_odometry" if arguments.odometry else "", arguments.write)
    return 0


def _runs(names: Sequence[str], odometry: bool, cut: int | None, parameters: dict[str, Any]) -> list[Run]:
    """Run the detector over the sets that are available."""
    runs = []
    for name in names:
        try:
            recording = open_set(name)
        except OSError as error:
            print(f"{name}: skipped, {error}", file=sys.stderr)
            continue
        if odometry and not has_odometry(recording):
            print(f"{name}: skipped, no poses to make odometry from", file=sys.stderr)
            continue
        print(f"» {name}", file=sys.stderr)
        with features_without(recording.building) as model:
            played = with_odometry(recording) if odometry else recording
            if cut:
                frames = [each._replace(session=row // cut) for row, each in enumerate(played.frames)]
                played = played._replace(frames=frames)
            runs.append(run(played, **{"feature_model": model, **parameters}))
        print(decisions(name, runs[-1:]).markdown, file=sys.stderr)
    return runs


def _report(runs: Sequence[Run], suffix: str, write: bool) -> None:
    """Print the tables and, if wanted, write them and the plots to the documentation."""
    sections = [decisions("decisions" + suffix, runs), stages("stages" + suffix, runs)]
    for section in sections:
        print(f"\n## {section.name}\n\n{section.markdown}", flush=True)
    if not write:
        return
    text = DOCUMENT.read_text(encoding="utf-8")
    for section in sections:
        text = insert(text, section)
    DOCUMENT.write_text(text, encoding="utf-8")
    if suffix:
        return  # the plots are nearly the same
    curves = {
        each.recording.name: {stage: stage_curve(each, stage) for stage in STAGES}
        for each in runs
        if each.recording.revisits
    }
    plots = {
        "precision_recall": precision_recall(curves),
        "reliability": reliability_diagram(calibration(runs)),
    }
    for name, content in plots.items():
        file = DOCUMENT.parent / "images" / f"decisions_{name}.svg"
        file.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
