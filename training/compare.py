"""Write the table of models/README.md and its plot: the default, earlier defaults, cartwheel_train's models.

Usage: python3 -m training.compare

The measured recall is also written to the card of the default model. Needs the image sets in ../shared/data
(or --data FOLDER) and the history of this repository, which contains the earlier ones. Exported models are
kept in .run/compare.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

if not __package__:  # started as a file, python3 training/compare.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

from place_recognition_ros.descriptor.model_card import card_path
from training.console import command_line, run_script
from training.evaluate import evaluate
from training.evaluation.plot import plot_curves
from training.evaluation.table import short_table
from training.evaluation.tasks import BENCHMARKS
from training.files import DATA, DEFAULT_MODEL, PROJECT, write_atomically

README = PROJECT / "models" / "README.md"
PLOT = PROJECT / "docs" / "images" / "precision_recall.png"
BEGIN, END = "<!-- compare -->", "<!-- /compare -->"

_SCRATCH = PROJECT / ".run" / "compare"
_EARLIER = {  # name → the last commit in which it was the default model
    "previous default": "8aa6c6e",
    "untrained baseline": "91d561a",
}
_CARTWHEEL_TRAIN = {  # name → file in legacy_models
    "original core_model": "core_model_keras2_hdf5.keras",
    "original mobilenet": "mobilenet_conv_pw_6_bgr.h5",
    "original mobilenetv2": "mobilenetv2_block_9_gray.h5",
}


def earlier(name, folder):
    """Extract an earlier default model from the history of the repository.

    Args:
        name: out of ``_EARLIER``.
        folder: for the ONNX file and its card.

    Returns:
        Path of the ONNX file.

    Raises:
        ValueError: if the history does not contain it.
    """
    model = folder / f"{name.replace(' ', '_')}.onnx"
    for path in (model, model.with_suffix(".json")):
        source = f"{_EARLIER[name]}:models/default{path.suffix}"
        shown = subprocess.run(  # noqa: S603
            ["git", "-C", str(PROJECT), "show", source],  # noqa: S607  git of the PATH
            capture_output=True,
            check=False,
        )
        if shown.returncode:
            raise ValueError(
                f"expected the {name} in the repository's history, as {source}. "
                f"Received: {shown.stderr.decode().strip()} (a shallow clone needs: git fetch --unshallow)"
            )
        write_atomically(path, shown.stdout)
    return model


def export_legacy(file, folder, images):
    """Export a model of cartwheel_train, so that all models are measured on the same engine.

    Args:
        file: the HDF5 file.
        folder: for the ONNX file and its card.
        images: folder of images for the parity check.

    Returns:
        Path of the ONNX file.

    Raises:
        ValueError: if it cannot be exported.
    """
    output = folder / f"{file.stem}.onnx"
    command = [sys.executable, "-m", "training.export", str(file)]
    command += ["--output", str(output), "--images", str(images)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        errors = done.stderr.decode().strip().splitlines() or [f"exit status {done.returncode}"]
        raise ValueError(f"expected '{file}' to be exported. Received: {errors[-1]}")
    return output


def replace_between(text, content):
    """Text with ``content`` between the markers.

    Raises:
        ValueError: unless each marker occurs once, in this order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in before + after:
        raise ValueError(
            f"expected {BEGIN} and then {END}, once each, in '{README}'. Received: none or others"
        )
    return f"{before}{BEGIN}\n\n{content}\n{END}{after}"


def with_recall(card, evaluation):
    """The text of a model card, with the measured recall.

    Args:
        card: str, JSON.
        evaluation: a :class:`training.evaluation.table.Evaluation`.
    """
    fields = json.loads(card)
    measured = evaluation.figures.items()
    fields["recall_at_1"] = {task: round(figures.recall[1], 4) for task, figures in measured}
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the image sets")
    data = parser.parse_args(command_line()).data
    text = README.read_text(encoding="utf-8")
    replace_between(text, "")  # raises before the long part
    models = {"default": DEFAULT_MODEL, **{name: earlier(name, _SCRATCH) for name in _EARLIER}}
    for name, file in _CARTWHEEL_TRAIN.items():
        print(f"» exporting {file}", file=sys.stderr)
        models[name] = export_legacy(data / "legacy_models" / file, _SCRATCH, data / "ie_tower" / "images")
    tasks = [task for make in BENCHMARKS.values() for task in make(data)]
    evaluations = []
    for name, path in models.items():
        print(f"» measuring {name}", file=sys.stderr)
        evaluations.append(evaluate(path, tasks, name))
    table = short_table(evaluations)
    write_atomically(README, replace_between(text, table).encode())
    write_atomically(PLOT, plot_curves(evaluations))
    card = Path(card_path(str(DEFAULT_MODEL)))
    write_atomically(card, with_recall(card.read_text(encoding="utf-8"), evaluations[0]).encode())
    print(table, end="")


if __name__ == "__main__":
    run_script(main)
