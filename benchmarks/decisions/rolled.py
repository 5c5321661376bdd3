"""Are places found by a rolled camera? The revisits of a recording, rotated about the optical axis.

python -m benchmarks.decisions.rolled [--only drive]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.decisions.runner import run
from benchmarks.decisions.sets import open_set
from training.data.recordings.recording import Recording, Verdict

SETS = ("rtabmap_corridor", "drive")
DEGREES = (0, 5, 10, 20, 30)
ZOOM = 1.54  # of all images, so that the corners of an image of 4:3 are not empty at 30 degrees


def rolled(recording: Recording, degrees: float) -> Recording:
    """The middle of the images of a recording, rotated about their centre from the first revisit on."""
    first = min(recording.revisits)
    frames = [
        frame._replace(load=_turned(frame.load, 0.0 if number < first else degrees), camera=None)
        for number, frame in enumerate(recording.frames)
    ]
    return recording._replace(frames=frames)


def _turned(load: Callable[[], np.ndarray], degrees: float) -> Callable[[], np.ndarray]:
    def load_and_turn() -> np.ndarray:
        image = load()
        height, width = image.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, ZOOM)
        return cv2.warpAffine(image, turn, (width, height))

    return load_and_turn


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=SETS, help="one set")
    only = parser.parse_args(argv).only
    print("| set | degrees | wrong | revisits recognised |\n|---|---:|---:|---:|")
    for name in [only] if only else SETS:
        recording = open_set(name)
        revisits = set(recording.revisits)
        for degrees in DEGREES:
            accepted = run(rolled(recording, degrees)).accepted
            right = {record.query for record in accepted if record.verdict == Verdict.RIGHT}
            wrong = sum(record.verdict == Verdict.WRONG for record in accepted)
            print(
                f"| {name} | {degrees} | {wrong} | {len(right & revisits)} of {len(revisits)} |", flush=True
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
