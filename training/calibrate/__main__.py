"""Fit the coefficients with which the detector weighs evidence, on recordings whose truth is known.

Each building is also judged with coefficients that were fitted on all others. Recordings are the sets of
../shared/data that may be used for it, the demo's drive, the rendered buildings in .run/data, and folders of
yours with a gt.csv of the columns file,floor,lap,index,stamp,tx,ty,tz,qx,qy,qz,qw.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2

from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.package_models import FEATURES
from training.calibrate.card import write_decision
from training.calibrate.collect import Collection, collect
from training.calibrate.sources import SETS, all_sources, open_recording
from training.calibrate.validation import fitted, leave_one_out, table
from training.console import command_line, run_script
from training.data.recordings.recording import Verdict

ORB = "orb"


def main() -> None:
    arguments = parse_arguments()
    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    collections = collect_all(arguments.recordings or all_sources(), arguments.features)
    fit = partial(fitted, prior=arguments.prior)
    weights = fit(collections, Coefficients())
    held = []
    if len({each.building for each in collections}) > 1:
        held = leave_one_out(collections, Coefficients(), fit)
        print("Judged with coefficients of the other buildings:\n\n" + table(held))
    print("\nCoefficients:\n" + "\n".join(f"  {name}: {value}" for name, value in weights._asdict().items()))
    if arguments.write:
        command = shlex.join(["python", "-m", "training.calibrate", *command_line()])
        write_decision(Path(arguments.features), weights, collections, held, command)
        print(f"Written to the card of {arguments.features}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.calibrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "recordings", nargs="*", help=f"folders with gt.csv, or of {', '.join(SETS)}; default: all"
    )
    parser.add_argument(
        "--features", default=default_model_path(FEATURES), help="model of the local features, or orb"
    )
    parser.add_argument(
        "--prior", type=float, help="log odds that a match is right before it is looked at; default: fitted"
    )
    parser.add_argument("--write", action="store_true", help="write them into the card of the model")
    arguments = parser.parse_args(command_line())
    if arguments.write and arguments.features == ORB:
        parser.error("orb has no model card: enter the coefficients in descriptor/orb.py")
    return arguments


def collect_all(names: Sequence[str], features: str) -> list[Collection]:
    """Run the detector over the recordings; a set whose data is missing is skipped, a folder is not."""
    found = []
    for name in names:
        try:
            recording = open_recording(name)
        except OSError as error:
            if name not in SETS:
                raise
            print(f"{name}: skipped, {error}", file=sys.stderr)
            continue
        found.append(collect(recording, feature_model=features))
        counts = {each.name.lower(): found[-1].count(each) for each in (Verdict.RIGHT, Verdict.WRONG)}
        print(f"{recording.name}: {counts['right']} right, {counts['wrong']} wrong matches", file=sys.stderr)
    return found


if __name__ == "__main__":
    run_script(main)
