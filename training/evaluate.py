"""Recall of models on picture sets.

Usage: python3 training/evaluate.py models/default.onnx runs/mine --sets validation
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from training.console import run_script
from training.evaluation.models import open_model
from training.paths import DATA
from training.retrieval import DescriptorCache, judge, similarities
from training.tasks import TASKS


def evaluate(model, tasks):
    """Measure one model.

    Args:
        model: a :class:`training.evaluation.models.Model`.
        tasks: iterable of :class:`training.retrieval.RetrievalTask`; pictures that they share are
            described once.

    Yields:
        task, (Q, R) float32 similarities, :class:`training.retrieval.Figures`.
    """
    cache = DescriptorCache(model.describe_many)
    for task in tasks:
        similarity = similarities(task, cache)
        yield task, similarity, judge(similarity, task.right, task.ignored)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--sets", nargs="+", choices=sorted(TASKS), default=sorted(TASKS))
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    tasks = [task for name in arguments.sets for task in TASKS[name](arguments.data)]
    for path in arguments.models:
        print(f"{path}\n{'set':<20}{'queries':>8}{'R@1':>8}{'R@5':>8}{'R@10':>8}{'AP':>8}{'R@P100':>8}")
        for task, _, figures in evaluate(open_model(path), tasks):
            shares = (*figures.recall.values(), figures.curve.area, figures.curve.recall_at_full_precision)
            print(
                f"{task.name:<20}{figures.queries:8d}{''.join(f'{100 * s:8.1f}' for s in shares)}", flush=True
            )


if __name__ == "__main__":
    run_script(main)
