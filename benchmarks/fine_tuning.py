"""Measure training.fine_tune: recall@1 on second visits of buildings, and on other sets, before and after.

Usage: python3 -m benchmarks.fine_tuning [--only corridor_laps]

The first visit of each building is what a model is fine-tuned on, without labels; see
training/evaluation/tasks/second_visits.py. The sets are those of ../shared/data.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from training.evaluate import evaluate
from training.evaluation.tasks import BENCHMARKS
from training.evaluation.tasks.second_visits import SECOND_VISITS
from training.files import DATA, DEFAULT_MODEL
from training.fine_tune.__main__ import make_model


def main() -> int:
    makers = {make.__name__: make for make in SECOND_VISITS}
    parser = argparse.ArgumentParser(
        prog="python3 -m benchmarks.fine_tuning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the image sets")
    parser.add_argument("--only", nargs="+", choices=makers, default=list(makers))
    arguments = parser.parse_args()
    others = [task for make in BENCHMARKS.values() for task in make(arguments.data)]
    print("| fine-tuned on | set | queries | before | after | change |")
    print("|---|---|---:|---:|---:|---:|")
    for name in arguments.only:
        visit = makers[name](arguments.data)
        tasks = [*visit.tasks, *others]
        with tempfile.TemporaryDirectory() as folder:
            model, start = Path(folder) / f"{name}.onnx", time.monotonic()
            make_model(visit.first, model)
            took = time.monotonic() - start
            before, after = (evaluate(path, tasks).figures for path in (DEFAULT_MODEL, model))
        print(f"| {name}, {len(visit.first)} images, {took:.0f} s | | | | | |")
        for task in tasks:
            old, new = (100 * figures[task.name].recall[1] for figures in (before, after))
            queries = before[task.name].queries
            print(f"| | {task.name} | {queries} | {old:.1f} | {new:.1f} | {new - old:+.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
