"""What is in every image: three strips pasted over images of different places, and over revisits.

    python -m benchmarks.decisions.strips

A strip is a hood, a time stamp on a textured panel, or a photograph-like dashboard; it covers the lower 15,
30 or 45 % of each image. Of different places every accepted match is wrong. Revisits under a strip are
compared with those that the same detector finds without one.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

import demo
from benchmarks.verification.sets import DATA, read_image, rows_of
from demo.judge import judge, revisits
from demo.sources import decode, open_drive
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Candidate, Keyframe

SHARES = (0.15, 0.30, 0.45)  # of the height of the image
SIZE = (320, 240)  # pixels: images of different places, as of one camera
SPACING = 5 * 10**9  # nanoseconds between images of different places
NOT_APART = {  # the image of a strip, and second names of places
    "triple/pebbles", "e1-l2-conference-room-a", "e1-l2-conference-room-b", "e1-l2-conference-room-b.webp",
    "e1-l2-enginius-office", "e1-l2-oddaa", "e1-l2-oddaa.webp", "e1-l2-osc",
}  # fmt: skip
DRIVE = Path(demo.__file__).parent / "drive"


class Sequence(NamedTuple):
    """Images in the order in which a camera would take them."""

    images: list[np.ndarray]  # (H, W, 3) uint8 BGR, all of one size
    stamps: list[int]  # nanoseconds
    is_right: Callable[[int, int], bool]  # of the rows of a query and of its match
    revisits: frozenset[int] = frozenset()  # rows of queries that should be recognised


class Outcome(NamedTuple):
    """What a detector accepted in a sequence."""

    wrong: int  # accepted matches of different places
    found: frozenset[int]  # rows of the revisits with an accepted match of their own place
    first_wrong: tuple[tuple[int, int], ...] = ()  # rows of the first wrong pairs


# ---------------------------------------------------------------------------------------- strips


def hood(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8: painted metal with seams, bolts and a badge."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shade = 150 - 70 * y / height + 25 * np.cos(6.3 * x / width)
    image = np.stack([shade * 0.7, shade * 0.8, shade], axis=-1)
    step = max(8, width // 16)
    for left in range(step // 2, width, step):
        for top in range(step // 2, height, step):
            radius = int(random.integers(2, 4))
            cv2.circle(image, (left, top), radius + 1, (30, 30, 40), -1)
            cv2.circle(image, (left, top), radius - 1, (200, 210, 220), -1)
    for row in range(step, height, 2 * step):
        cv2.line(image, (0, row), (width, row + int(random.integers(-4, 5))), (20, 20, 25), 2)
    cv2.putText(image, "ROBOT 07", (width // 3, height // 2), 0, width / 400, (240, 240, 250), 2)
    return _with_noise(image, 2)


def panel(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8: a textured panel with writing, without repetition."""
    random = np.random.default_rng(2)
    image = np.full((height, width, 3), 110, np.float32)
    for cells in (12, 30):
        seeds = random.uniform(-60, 60, (cells, cells, 3)).astype(np.float32)
        image += cv2.resize(seeds, (width, height), interpolation=cv2.INTER_NEAREST)
    for row in range(18, height + 18, 22):
        words = "".join(chr(int(each)) for each in random.integers(33, 123, 40))
        cv2.putText(image, words, (3, row), 0, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    return _with_noise(image, 2)


def dashboard(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8: cut out of a photograph of stones, darkened: natural texture."""
    stones = read_image(str(DATA / "outdoor" / _stones()))
    image = cv2.resize(stones, (width, max(height, width * stones.shape[0] // stones.shape[1])))
    return (image[:height] * 0.8 + 10).astype(np.uint8)


def _stones() -> str:
    return next(row["file"] for row in rows_of("outdoor") if row["sequence"] == "triple/pebbles")


def _with_noise(image: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


STRIPS: dict[str, Callable[[int, int], np.ndarray]] = {"hood": hood, "panel": panel, "dashboard": dashboard}


@functools.lru_cache(maxsize=32)
def _strip(name: str, height: int, width: int) -> np.ndarray:
    return STRIPS[name](height, width)


def with_strip(image: np.ndarray, row: int, name: str, share: float) -> np.ndarray:
    """The image with a strip over the lower ``share`` of it, in every ``row`` the same."""
    height, width = image.shape[:2]
    rows = round(share * height)
    covered = image.copy()
    covered[height - rows :] = _strip(name, rows, width)
    return covered


# ------------------------------------------------------------------------------------- sequences


def tower_places() -> Sequence:
    """One image of each clip of ie_tower, its middle one."""
    clips: dict[str, list[str]] = {}
    for row in rows_of("ie_tower"):
        clips.setdefault(row["video"], []).append(row["file"])
    return _places([f"ie_tower/{files[len(files) // 2]}" for files in clips.values()])


def mixed_places() -> Sequence:
    """One image of each place of outdoor, timisoara_heritage, koe_landmarks and strecha."""
    first: dict[str, str] = {}
    for name, column in (
        ("outdoor", "sequence"),
        ("timisoara_heritage", "place"),
        ("koe_landmarks", "place"),
        ("strecha", "place"),
    ):
        for row in rows_of(name):
            if row[column] not in NOT_APART:
                first.setdefault(f"{name} {row[column]}", f"{name}/{row['file']}")
    return _places(list(first.values()))


def _places(files: list[str]) -> Sequence:
    images = [cv2.resize(read_image(str(DATA / file)), SIZE, interpolation=cv2.INTER_AREA) for file in files]
    return Sequence(images, [(row + 1) * SPACING for row in range(len(images))], lambda query, match: False)


def corridor() -> Sequence:
    """The laps of rtabmap_corridor, a frame a second; right: up to two frames of the first lap away."""
    rows = [row for row in rows_of("rtabmap_corridor") if row["place"].isdigit()]
    places = [int(row["place"]) for row in rows]
    images = [read_image(str(DATA / "rtabmap_corridor" / row["file"])) for row in rows]
    later = frozenset(i for i, row in enumerate(rows) if row["sequence"] != "lap1")
    stamps = [int(row["order"]) * 10**9 for row in rows]
    return Sequence(images, stamps, lambda a, b: abs(places[a] - places[b]) <= 2, later)


def drive() -> Sequence:
    """The demo's drive in one session."""
    frames = list(open_drive(DRIVE).frames())
    images = [image for image in map(decode, frames) if image is not None]
    stamps = [frame.stamp for frame in frames]
    poses = [frame.pose for frame in frames if frame.pose is not None]
    due = revisits(stamps, poses, [True] * len(frames), 10 * 10**9)
    return Sequence(images, stamps, lambda a, b: judge(poses[a], poses[b]).right, frozenset(due))


# ------------------------------------------------------------------------------------ measurement


def run(sequence: Sequence, changed: Callable[[np.ndarray, int], np.ndarray], config: Config) -> Outcome:
    """Add a sequence to a new detector.

    Args:
        sequence: the images.
        changed: what the detector gets of an image and its row.
        config: the parameters.
    """
    detector = LoopDetector.open(config)
    rows = {stamp: row for row, stamp in enumerate(sequence.stamps)}
    wrong, found = [], set()
    for number, (image, stamp) in enumerate(zip(sequence.images, sequence.stamps)):
        for each in accepted(detector, changed(image, number), stamp):
            row, match = rows[each.query_stamp], rows[each.match_stamp]
            if not sequence.is_right(row, match):
                wrong.append((row, match))
            elif row in sequence.revisits:
                found.add(row)
    detector.close()
    return Outcome(len(wrong), frozenset(found), tuple(wrong[:10]))


def accepted(detector: LoopDetector, image: np.ndarray, stamp: int) -> Iterable[Candidate]:
    """The candidates that are accepted with the next keyframe, those of earlier keyframes too."""
    result = detector.add(Keyframe(image, stamp))
    return [*result.accepted, *result.confirmed]


SEQUENCES = {
    "tower": tower_places,
    "mixed": mixed_places,
    "corridor": corridor,
    "drive": drive,
}


def main(argv: list[str] | None = None) -> int:
    """Print a table; returns 1 if a wrong match was accepted or too few revisits were found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=tuple(SEQUENCES), default=tuple(SEQUENCES))
    parser.add_argument("--strips", nargs="+", choices=tuple(STRIPS), default=tuple(STRIPS))
    parser.add_argument("--shares", nargs="+", type=float, default=SHARES)
    parser.add_argument("--no-learning", action="store_true", help="without learn_overlay")
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    config = Config(learn_overlay=not options.no_learning)
    failed = False
    print(
        f"{'set':10} {'strip':10} {'share':>6} {'images':>7} {'wrong':>6} {'found':>6} "
        f"{'of those without':>17}"
    )
    for name in options.sets:
        sequence = SEQUENCES[name]()
        plain = run(sequence, lambda image, row: image, config)
        _print(name, "none", 0.0, sequence, plain, float("nan"))
        for strip in options.strips:
            for share in options.shares:
                outcome = run(sequence, partial(with_strip, name=strip, share=share), config)
                kept = len(outcome.found) / len(plain.found) if plain.found else float("nan")
                failed |= outcome.wrong > plain.wrong or (share <= 0.15 and kept < 0.8)
                _print(name, strip, share, sequence, outcome, kept)
    return int(failed)


def _print(name: str, strip: str, share: float, sequence: Sequence, outcome: Outcome, kept: float) -> None:
    print(
        f"{name:10} {strip:10} {share:6.2f} {len(sequence.images):7} {outcome.wrong:6} "
        f"{len(outcome.found):6} {kept:17.2f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
