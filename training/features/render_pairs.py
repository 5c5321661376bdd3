"""Pairs of images of a rendered town with true depth and relative pose, for the training of local features.

Usage:
  python -m training.features.render_pairs --output rendered/pairs_300 --seed 300 --pairs 300

Each seed gives another town. The two images of a pair show one place from viewing directions that differ by
0 to --degrees, mostly under different light, weather and season. Seeds 300 to 399 are for training, 900 to
999 for benchmarks.

Written are images/NNNN_{a,b}.webp, depth/NNNN_{a,b}.png (uint16 millimetres along the optical axis, 0: sky
or farther than 65.5 m) and, when all are complete, pairs.csv. Its columns: pair; condition_a, condition_b;
fx, fy, cx, cy (pixels; the centre of the first pixel is (0, 0)); x, y, z (metres), qx, qy, qz, qw: camera a
in the optical frame of camera b, x_b = R x_a + t; degrees (angle of R); overlap (0–1, share of the surfaces
of either image that the other one shows).
"""

import argparse
import csv
import io
from pathlib import Path

import cv2
import numpy as np

from rendering import check_renderer
from rendering.pairs import Spread, render_pairs
from training.console import command_line, run_script
from training.files import write_atomically
from training.render_world import image_size

QUALITY = 90  # of the WebP files, 0–100
MILLIMETRES = 65535
COLUMNS = (
    "pair", "condition_a", "condition_b", "fx", "fy", "cx", "cy",
    "x", "y", "z", "qx", "qy", "qz", "qw", "degrees", "overlap",
)  # fmt: skip


def write_pair(folder, name, pair):
    """Write the images of a :class:`rendering.pairs.RenderedPair`.

    Returns:
        tuple: its line of pairs.csv.
    """
    for letter, view in (("a", pair.query), ("b", pair.match)):
        _write(folder / "images" / f"{name}_{letter}.webp", view.image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        millimetres = np.round(1e3 * view.depth)
        millimetres[millimetres > MILLIMETRES] = 0
        _write(folder / "depth" / f"{name}_{letter}.png", millimetres.astype(np.uint16), [])
    k = pair.intrinsics
    numbers = (k[0, 0], k[1, 1], k[0, 2], k[1, 2], *pair.relative.position, *pair.relative.orientation)
    conditions = (pair.query.conditions, pair.match.conditions)
    return (name, *conditions, *(f"{n:.8g}" for n in numbers), f"{pair.degrees:.2f}", f"{pair.overlap:.3f}")


def _write(path, image, settings):
    done, content = cv2.imencode(path.suffix, image, settings)
    if not done:
        raise ValueError(f"expected an image that OpenCV can encode. Received: {image.shape} for '{path}'")
    write_atomically(path, content.tobytes())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for images/, depth/, pairs.csv")
    parser.add_argument("--seed", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--size", type=image_size, default=(320, 240), help="pixels (default: 320x240)")
    parser.add_argument("--degrees", type=float, default=Spread().degrees, help="maximum angle (default: 45)")
    arguments = parser.parse_args(command_line())
    check_renderer()
    from rendering.town.world import TownWorld  # only here: it needs Panda3D

    world = TownWorld(arguments.seed, arguments.size)
    spread = Spread(degrees=arguments.degrees)
    lines = [
        write_pair(arguments.output, f"{number:04d}", pair)
        for number, pair in enumerate(render_pairs(world, arguments.seed, arguments.pairs, spread))
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines])
    write_atomically(arguments.output / "pairs.csv", text.getvalue().encode())
    print(f"{arguments.output}: {len(lines)} pairs")


if __name__ == "__main__":
    run_script(main)
