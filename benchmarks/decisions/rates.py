"""Are loops found at any rate of the keyframes? The same images, with their stamps stretched.

python -m benchmarks.decisions.rates [--only drive]
"""

from __future__ import annotations

import argparse

from benchmarks.decisions.runner import run
from benchmarks.decisions.sets import open_set
from training.data.recordings.recording import Recording, Verdict

SETS = ("7scenes_redkitchen", "rtabmap_corridor", "tum_fr1_rpy", "drive")
FACTORS = (0.5, 1, 2, 5, 10, 50)


def stretched(recording: Recording, factor: float) -> Recording:
    """The recording, played ``factor`` times as slowly."""
    first = recording.frames[0].stamp
    frames = [
        frame._replace(stamp=first + round(factor * (frame.stamp - first))) for frame in recording.frames
    ]
    return recording._replace(frames=frames)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=SETS, help="one set")
    only = parser.parse_args(argv).only
    print("| set | slower by | right | wrong | revisits recognised |\n|---|---:|---:|---:|---:|")
    for name in [only] if only else SETS:
        recording = open_set(name)
        for factor in FACTORS:
            found = run(stretched(recording, factor))
            verdicts = [record.verdict for record in found.accepted]
            revisits = set(recording.revisits)
            right = {record.query for record in found.accepted if record.verdict == Verdict.RIGHT}
            print(
                f"| {name} | {factor} | {verdicts.count(Verdict.RIGHT)} | {verdicts.count(Verdict.WRONG)} "
                f"| {len(right & revisits)} of {len(revisits)} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
