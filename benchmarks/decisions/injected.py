"""False loops injected into a consistent trajectory: are they refused or taken back, and no true one?

    python -m benchmarks.decisions.injected

The robot drives with odometry that drifts by 2 %. Now and then, some images in a row are replaced by images
that it took elsewhere, with new noise: for the detector an overwhelming match with a wrong place, as a
look-alike place would give it. The true loops are those that are accepted without injections.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.decisions.odometry import with_odometry
from benchmarks.decisions.runner import Run, run
from benchmarks.decisions.sets import open_set
from benchmarks.verification.section import Section
from training.data.recordings.recording import Frame, Recording, Verdict

SETS = ("drive", "rtabmap_corridor", "7scenes_redkitchen")
LENGTHS = (1, 3, 6)  # images in a row
SEEDS = (1, 2)
WITHIN = 20  # keyframes after which a false loop must be gone
FREE = 8  # frames between two injections
NOISE = 4.0  # gray levels, standard deviation


class Injected(NamedTuple):
    """A recording with false loops."""

    recording: Recording
    false: frozenset[int]  # numbers of the frames whose images were replaced


class Outcome(NamedTuple):
    """What became of false and of true loops."""

    injected: int  # images
    accepted: int  # of them, those with an accepted wrong match
    remaining: int  # that are still accepted ``WITHIN`` keyframes later
    true: int  # candidates that are accepted without injections, at images that were not replaced
    lost: int  # of them, those that are retracted with injections


def inject(recording: Recording, length: int, seed: int) -> Injected:
    """Replace images by earlier ones of other places.

    Args:
        recording: with poses.
        length: images in a row.
        seed: of the choice.
    """
    random = np.random.default_rng(seed)
    frames, verdicts = list(recording.frames), recording.verdicts.copy()
    false: set[int] = set()
    first = len(frames) // 3  # before, there is no map
    while first + length < len(frames):
        source = _elsewhere(recording, first, length, random)
        if source is not None:
            for step in range(length):
                frames[first + step] = _replaced(frames[first + step], recording.frames[source + step], seed)
                verdicts[first + step, :] = verdicts[:, first + step] = Verdict.WRONG
                false.add(first + step)
        first += length + FREE
    changed = recording._replace(frames=frames, verdicts=verdicts)
    return Injected(changed, frozenset(false))


def _elsewhere(recording: Recording, first: int, length: int, random: np.random.Generator) -> int | None:
    """The first of ``length`` frames of another place, well before ``first``; None: there are none."""
    for source in random.permutation(max(0, first - length - 20)):
        pairs = [(first + step, int(source) + step) for step in range(length)]
        if all(recording.judge(*pair) == Verdict.WRONG for pair in pairs):
            return int(source)
    return None


def _replaced(frame: Frame, source: Frame, seed: int) -> Frame:
    return frame._replace(load=_noisy(source.load, seed + frame.stamp), depth=None)


def _noisy(load: Callable[[], np.ndarray], seed: int) -> Callable[[], np.ndarray]:
    def image() -> np.ndarray:
        original = load()
        noise = np.random.default_rng(seed).normal(0, NOISE, original.shape)
        return np.clip(original + noise, 0, 255).astype(np.uint8)

    return image


def outcome(clean: Run, injected: Injected, found: Run) -> Outcome:
    """Compare a run with injections with one without."""
    gone = {(query, match) for query, match, _ in found.retracted}
    wrong = [r for r in found.accepted if r.query in injected.false and r.verdict == Verdict.WRONG]
    remaining = {r.query for r in wrong if (r.query, r.match) not in gone}
    true = {
        (r.query, r.match)
        for r in clean.accepted
        if r.verdict == Verdict.RIGHT and r.query not in injected.false and r.match not in injected.false
    }
    return Outcome(
        len(injected.false), len({r.query for r in wrong}), len(remaining), len(true), len(true & gone)
    )


def measure(names: Sequence[str] = SETS) -> Section:
    """One row per set and length of the injections."""
    rows = []
    for name in names:
        try:
            recording = with_odometry(open_set(name))
        except OSError as reason:
            print(f"{name}: skipped, {reason}", file=sys.stderr)
            continue
        clean = run(recording)
        for length in LENGTHS:
            each = [_one(recording, clean, length, seed) for seed in SEEDS]
            total = Outcome(*(sum(numbers) for numbers in zip(*each)))
            share = 1 - total.remaining / max(1, total.injected)
            rows.append((name, str(length), *map(str, total), f"{100 * share:.1f} %"))
            print(*rows[-1], file=sys.stderr)
    headings = (
        "set", "images in a row", "injected", "accepted", f"remaining after {WITHIN} keyframes",
        "true loops", "of them retracted", "refused or retracted",
    )  # fmt: skip
    return Section("injected", headings, rows)


def _one(recording: Recording, clean: Run, length: int, seed: int) -> Outcome:
    injected = inject(recording, length, seed)
    return outcome(clean, injected, run(injected.recording))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    print(measure().markdown)
