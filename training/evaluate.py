"""Recall of ONNX models on named picture sets.

Usage: python3 training/evaluate.py models/default.onnx --sets sped_half koe_landmarks
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder

from place_recognition_ros.descriptor import open_extractor
from training.paths import DATA
from training.retrieval import measure
from training.tasks import TASKS


def evaluate(model, sets, data):
    """Measure one model.

    Args:
        model: path of an ONNX file with its card beside it.
        sets: names out of :data:`training.tasks.TASKS`.
        data: folder of the picture sets.

    Yields:
        task, dict from k to recall@k (0 to 1).
    """
    extractor = open_extractor(str(model))
    for name in sets:
        for task in TASKS[name](data):
            yield task, measure(task, extractor.describe)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--sets", nargs="+", choices=sorted(TASKS), default=sorted(TASKS))
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    for model in arguments.models:
        print(f"{model}\n{'set':<20}{'queries':>8}{'R@1':>8}{'R@5':>8}{'R@10':>8}")
        for task, recall in evaluate(model, arguments.sets, arguments.data):
            figures = "".join(f"{100 * share:8.1f}" for share in recall.values())
            print(f"{task.name:<20}{len(task.queries):8d}{figures}", flush=True)


if __name__ == "__main__":
    main()
