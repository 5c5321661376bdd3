"""Measure how much the pose graph of examples/ corrects drifting odometry of the demo drive.

The detector searches the drive's images, with depth; its accepted candidates and odometry that drifts by 2 %
of the distance and 1° every 10 m make the graph. The error is the absolute trajectory error, RMS of the
positions after the best rigid alignment (Umeyama, without scale), over the images before the camera is moved
with a covered lens; the table has the whole drive as well. False loops have the covariance of a right one and
poses of nearly the same view: at random pairs of images, or along a street that looks alike. The exit code is
1 if a target is not met.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.drive_loops import FALSE, Drive, alike_loops, loop_errors, no_loops, random_loops, read_drive
from benchmarks.trajectory_error import align, trajectory_error
from demo.odometry import drifting
from examples.pose_graph import Loop, PoseGraph, rigid, solve

SEEDS = range(5)  # of the odometry and the false loops
AFTER, WITH_FALSE = 0.15, 1.2  # targets: error after ÷ before; with false loops ÷ without
FALSE_LOOPS = {"none": no_loops, "random pairs": random_loops, "a street that looks alike": alike_loops}


class Run(NamedTuple):
    """The result of one graph."""

    before: float  # absolute trajectory error of the odometry, metres
    after: float  # of the optimised graph
    whole: float  # of the optimised graph, the whole drive
    scaled: float  # of the optimised graph, after an alignment with scale
    loops: int
    used: int  # loops that are not outliers
    false_used: int
    path: np.ndarray  # (N, 3), optimised
    odometry: np.ndarray  # (N, 3)


def main() -> int:
    """Command line; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pose_graph",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--plot", type=Path, help="PNG to write: the first seed's paths")
    parser.add_argument(
        "--simulated", action="store_true", help="true relative poses with noise instead of the detector's"
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    drive = read_drive(options.simulated)
    print(loop_errors(drive))
    runs = {
        name: [measure(drive, seed, make(drive, seed)) for seed in SEEDS]
        for name, make in FALSE_LOOPS.items()
    }
    runs["none; constant error of the scale"] = [measure(drive, seed, [], True) for seed in SEEDS]
    print(table(runs))
    if options.plot:
        plot(drive, runs["none"][0], options.plot)
    return report(runs)


# ---------------------------------------------------------------------------------------- measurement


def measure(drive: Drive, seed: int, false: list[Loop], constant_scale: bool = False) -> Run:
    """Optimise the graph of one odometry; the last argument is that of ``drifting``."""
    poses = [frame.pose for frame in drive.frames if frame.pose is not None]
    odometry = drifting(poses, [frame.tracking_ok for frame in drive.frames], seed, constant_scale)
    graph = PoseGraph()
    for before, row in zip((drive.kept[0] - 1, *drive.kept), drive.kept):
        pose = rigid(odometry[row].position, odometry[row].orientation)
        graph.add_odometry(drive.frames[row].stamp, pose, after_loss=row - before > 1)
    for loop in drive.loops + false:
        graph.add_loop(loop)
    problem = graph.problem()
    solution = solve(problem)
    used = solution.used
    first, true = slice(drive.moved), drive.true[drive.kept, :3, 3]
    moved, path = problem.initial[:, :3, 3], solution.poses[:, :3, 3]
    return Run(
        trajectory_error(moved[first], true[first]),
        trajectory_error(path[first], true[first]),
        trajectory_error(path, true),
        trajectory_error(path[first], true[first], with_scale=True),
        len(used),
        int(used.sum()),
        int(used[len(used) - len(false) :].sum()),
        path,
        moved,
    )


# ------------------------------------------------------------------------------------------- report


def table(runs: dict[str, list[Run]]) -> str:
    """A line for each kind of false loops, with the range over the seeds, as Markdown."""
    lines = [
        "| false loops | before | after | ratio | with scale | whole drive | used | false used |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, results in runs.items():
        cells = (
            ([run.before for run in results], "{:.2f}", " m"),
            ([run.after for run in results], "{:.2f}", " m"),
            ([100 * run.after / run.before for run in results], "{:.1f}", " %"),
            ([run.scaled for run in results], "{:.2f}", " m"),
            ([run.whole for run in results], "{:.2f}", " m"),
            ([run.used for run in results], "{:d}", f" of {results[0].loops}"),
            ([run.false_used for run in results], "{:d}", ""),
        )
        lines.append(f"| {name} | " + " | ".join(span(*cell) for cell in cells) + " |")
    return "\n".join(lines)


def span(values: Sequence[float], form: str, unit: str) -> str:
    """The lowest and the highest value; one number where they are the same."""
    ends = [form.format(end(values)) for end in (min, max)]
    return "–".join(dict.fromkeys(ends)) + unit


def report(runs: dict[str, list[Run]]) -> int:
    """Compare with the targets; the exit code."""
    after = max(run.after / run.before for run in runs["none"])
    worst = max(false.after / run.after for false, run in zip(runs["random pairs"], runs["none"]))
    print(f"\nafter ÷ before, worst seed: {after:.1%} (target ≤ {AFTER:.0%})")
    print(f"with {FALSE:.0%} false loops ÷ without, worst seed: {worst:.2f} (target ≤ {WITH_FALSE})")
    return int(after > AFTER or worst > WITH_FALSE)


def plot(drive: Drive, run: Run, path: Path) -> None:
    """Draw the true path, the odometry and the optimised path."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from PIL import Image

    true = drive.true[drive.kept, :3, 3]
    figure, axes = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    first = slice(drive.moved)
    lines = (
        ("true", true[first], "0.6", 3.0),
        (f"odometry, error {run.before:.2f} m", align(run.odometry[first], true[first]), "tab:red", 1.0),
        (f"pose graph, error {run.after:.2f} m", align(run.path[first], true[first]), "tab:blue", 1.0),
    )
    for label, points, color, width in lines:
        axes.plot(points[:, 0], points[:, 1], color=color, linewidth=width, label=label)
    axes.set_aspect("equal")
    axes.set_xlabel("x [m]")
    axes.set_ylabel("y [m]")
    axes.legend(loc="center", bbox_to_anchor=(0.72, 0.5), fontsize=8)
    figure.savefig(path, dpi=90)
    Image.open(path).convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
