"""Evaluate models side by side: recall, precision over recall, time and cost.

Usage: python3 -m training.evaluate models/default.onnx runs/mine --manifest my_images.csv --plot curves.png

A MODEL is an ONNX file with its card, the folder of a training, a .keras file, or a .h5 of cartwheel_train.
Choose models by the set "validation" or by your own images; the other sets are for measuring only, see
training/evaluation/tasks.
"""

import argparse
import os
from pathlib import Path

if not __package__:  # started as a file, python3 training/evaluate.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on CPUs without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import numpy as np

from training.console import command_line, run_script
from training.data import PlaceRules, read_manifest
from training.data.manifest import SPLITS
from training.evaluation.mistakes import mistakes_sheet
from training.evaluation.models import milliseconds, open_model
from training.evaluation.plot import plot_curves
from training.evaluation.retrieval import DescriptorCache, retrieval_figures, similarities
from training.evaluation.table import Evaluation, full_table
from training.evaluation.tasks import TASKS, manifest_task
from training.files import DATA, write_atomically


def evaluate(path, tasks, name="", unmatched=False, each=None):
    """Evaluate one model.

    Args:
        path: of a model, see :func:`training.evaluation.models.open_model`.
        tasks: list of :class:`training.evaluation.retrieval.RetrievalTask`; shared images are
            described once.
        name: of the model in tables; empty: name of its file.
        unmatched: see :func:`training.evaluation.retrieval.precision_recall`.
        each: called with each task and its (Q, R) float32 similarities.

    Returns:
        an :class:`training.evaluation.table.Evaluation`.

    Raises:
        ValueError, PlaceRecognitionError: if the model or an image cannot be used, or no query of a
            task has a correct reference.
    """
    model = open_model(path)
    cache = DescriptorCache(model.describe_many)
    figures = {}
    for task in tasks:
        if not (task.right & ~task.ignored).any():
            raise ValueError(
                f"expected a place with at least two images in {task.name}. Received: none in "
                f"{len(task.queries)} queries and {len(task.references)} references"
            )
        similarity = similarities(task, cache)
        figures[task.name] = retrieval_figures(similarity, task.right, task.ignored, unmatched=unmatched)
        if each:
            each(task, similarity)
    return Evaluation(name or model.name, figures, milliseconds(model), model.engine, model.cost)


def encode(image, path):
    """(H, W, 3) uint8 BGR → bytes of an image file in the format of the path's suffix."""
    try:
        return cv2.imencode(path.suffix, image)[1].tobytes()
    except cv2.error as error:
        raise ValueError(f"expected a file name that ends in .png or .jpg. Received: '{path}'") from error


def main():
    arguments = _parse()
    tasks = read_tasks(arguments)
    names = [path.stem for path in arguments.models]
    names = [str(p) if names.count(p.stem) > 1 else p.stem for p in arguments.models]
    evaluations, sheets = [], []
    for path, name in zip(arguments.models, names):

        def keep(task, similarity, name=name):
            sheets.append(mistakes_sheet(f"{name}, {task.name}", task, similarity, arguments.count))

        each = keep if arguments.mistakes else None
        evaluations.append(evaluate(path, tasks, name, arguments.unmatched_queries, each))
    table = full_table(evaluations)
    print(table, end="")
    if arguments.table:
        write_atomically(arguments.table, table.encode())
    if arguments.plot:
        write_atomically(arguments.plot, plot_curves(evaluations, arguments.plot.suffix[1:]))
    if arguments.mistakes:
        write_atomically(arguments.mistakes, encode(np.vstack(sheets), arguments.mistakes))


def read_tasks(arguments):
    """The tasks of a command line: list of RetrievalTask."""
    tasks = [task for name in arguments.sets for task in TASKS[name](arguments.data)]
    if arguments.manifest:
        rules = PlaceRules(**{name: getattr(arguments, name) for name in PlaceRules._fields})
        records = read_manifest(arguments.manifest, arguments.split)
        tasks.append(manifest_task(arguments.manifest.stem, records, rules))
    return tasks


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument(
        "--sets", nargs="+", choices=list(TASKS), help="default: validation, or the manifest alone"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets")
    parser.add_argument("--manifest", type=Path, help="CSV of your own images, see training/data/manifest.py")
    parser.add_argument("--split", choices=SPLITS, help="of the manifest; default: all")
    for name, value in PlaceRules._field_defaults.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=float, default=value, help=f"of the manifest; default: {value:g}")
    parser.add_argument(
        "--unmatched-queries", action="store_true", help="count queries without a correct reference too"
    )
    parser.add_argument("--table", type=Path, help="Markdown file of the table")
    parser.add_argument("--plot", type=Path, help="plot (.png, .svg, .pdf) of precision over recall")
    parser.add_argument(
        "--mistakes",
        type=Path,
        help="contact sheet (.png, .jpg) of the wrong matches with the highest similarity",
    )
    parser.add_argument("--count", type=int, default=10, help="number of mistakes per model and set")
    arguments = parser.parse_args(command_line())
    arguments.sets = arguments.sets or ([] if arguments.manifest else ["validation"])
    return arguments


if __name__ == "__main__":
    run_script(main)
