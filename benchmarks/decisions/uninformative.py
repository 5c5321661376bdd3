"""Images that show no place: they must neither be stored nor be searched for.

    python -m benchmarks.decisions.uninformative

1,000 of 12 kinds, made from the drive's images where a kind needs one, are added to a detector whose map
holds the drive. Also printed: which share of real images, dim and small ones among them, is used.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from benchmarks.decisions.strips import corridor, drive
from benchmarks.verification.sets import DATA, read_image, rows_of
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Keyframe

Kind = Callable[[np.ndarray, np.random.Generator], np.ndarray]
FRAMES = 1000
SPACING = 10**9  # nanoseconds


def _noisy(image: np.ndarray, random: np.random.Generator, deviation: float) -> np.ndarray:
    return np.clip(image + random.normal(0, deviation, image.shape), 0, 255).astype(np.uint8)


def _smooth(random: np.random.Generator, shape: tuple[int, ...], cells: int) -> np.ndarray:
    """A smooth random surface between 0 and 1."""
    seeds = random.uniform(0, 1, (cells, cells)).astype(np.float32)
    return cv2.resize(seeds, shape[1::-1], interpolation=cv2.INTER_CUBIC)[..., np.newaxis]


def _vignette(shape: tuple[int, ...]) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return (1 - 0.35 * (x * x + y * y))[..., np.newaxis]


def dark(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _noisy(image * 0.004, random, random.uniform(0, 4))


def white(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _noisy(np.minimum(image * 0.01 + 253, 255), random, random.uniform(0, 2))


def vignette(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _noisy(random.uniform(40, 230) * np.ones_like(image) * _vignette(image.shape), random, 2)


def noise(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _noisy(np.full(image.shape, random.uniform(30, 200)), random, random.uniform(5, 60))


def defocused(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return _noisy(cv2.GaussianBlur(image, (0, 0), image.shape[1] * random.uniform(0.06, 0.12)), random, 1)


def smeared(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A fast turn in the dark: lines of the whole width."""
    width = image.shape[1]
    return _noisy(cv2.blur(image, (width, max(1, width // 12)), borderType=cv2.BORDER_REFLECT), random, 2)


def covered(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A hand on the lens: a red glow."""
    glow = _smooth(random, image.shape, 3) * np.array([0.1, 0.12, 0.5]) * 255
    return _noisy(np.clip(glow, 0, 255), random, random.uniform(1, 5))


def fogged(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    blurred = cv2.GaussianBlur(image, (0, 0), image.shape[1] * 0.03)
    return _noisy(blurred * 0.06 + 170, random, 2)


def wall(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Plaster near the camera: fine grain and a gradient of light."""
    light = 120 + 80 * _smooth(random, image.shape, 2)
    grain = cv2.GaussianBlur(random.normal(0, 6, image.shape), (0, 0), 1.0)
    return np.clip(light + grain, 0, 255).astype(np.uint8)


def hot_pixels(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    black = np.zeros_like(image)
    rows, columns = (random.integers(0, side, 40) for side in image.shape[:2])
    black[rows, columns] = random.integers(60, 256, (40, 1))
    return _noisy(black, random, 2)


def flicker(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Bands of a lamp's flicker on a wall."""
    rows = np.arange(image.shape[0]) / image.shape[0]
    bands = 120 + 50 * np.sin(2 * np.pi * (random.uniform(2, 6) * rows + random.uniform(0, 1)))
    return _noisy(np.ones_like(image) * bands[:, np.newaxis, np.newaxis], random, 3)


def colour_bars(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The test image of a camera."""
    colors = [(b, g, r) for g in (191, 0) for r in (191, 0) for b in (191, 0)]
    bars = np.array(colors, np.uint8)[np.arange(image.shape[1]) * 8 // image.shape[1]]
    return _noisy(np.broadcast_to(bars, image.shape), random, 1)


KINDS: tuple[Kind, ...] = (
    dark, white, vignette, noise, defocused, smeared, covered, fogged, wall, hot_pixels, flicker, colour_bars,
)  # fmt: skip


def uninformative(images: list[np.ndarray], count: int) -> Iterator[tuple[str, np.ndarray]]:
    """``count`` images with the names of their kinds, each (H, W, 3) uint8 BGR of the size of ``images``."""
    random = np.random.default_rng(0)
    for row in range(count):
        kind = KINDS[row % len(KINDS)]
        yield kind.__name__, kind(images[row % len(images)], random)


def used(detector: LoopDetector, images: Iterator[tuple[str, np.ndarray]], start: int) -> Counter[str]:
    """How many images of each kind were stored or had a candidate.

    Args:
        detector: with a map.
        images: (kind, image).
        start: stamp of the first image, nanoseconds.
    """
    counts: Counter[str] = Counter()
    for row, (kind, image) in enumerate(images):
        stored = len(detector.map)
        result = detector.add(Keyframe(image, start + row * SPACING))
        counts[kind] += len(detector.map) > stored or bool(result.candidates)
    return counts


def real_images() -> dict[str, list[np.ndarray]]:
    """Real images that are hard to use."""
    koe = [
        read_image(str(DATA / "koe_landmarks" / row["file"]))
        for row in rows_of("koe_landmarks")
        if row["condition"] == "night"
    ]
    laps = corridor().images
    return {
        "rtabmap_corridor": laps,
        "rtabmap_corridor at 160×120": [
            cv2.resize(each, (160, 120), interpolation=cv2.INTER_AREA) for each in laps
        ],
        "rtabmap_corridor at a quarter of its light": [(each // 4) for each in laps],
        "koe_landmarks by night": koe,
    }


def main(argv: list[str] | None = None) -> int:
    """Print both tables; returns 1 if an uninformative image was used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=FRAMES)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    sequence = drive()
    detector = LoopDetector.open(Config())
    for image, stamp in zip(sequence.images, sequence.stamps):
        detector.add(Keyframe(image, stamp))
    start = sequence.stamps[-1] + SPACING
    counts = used(detector, uninformative(sequence.images, options.frames), start)
    for kind, count in counts.items():
        print(f"{kind:14} {count:5} used")
    detector.close()
    for name, images in real_images().items():
        detector = LoopDetector.open(Config())
        real = used(detector, ((name, image) for image in images), SPACING)[name]
        print(f"{name:44} {real / len(images):6.3f} used")
        detector.close()
    return int(sum(counts.values()) > 0)


if __name__ == "__main__":
    sys.exit(main())
