"""Render drives through a building.

``python -m rendering.building --seed 1 --floors 4 --laps 2 --out FOLDER`` writes the images (WebP), gt.csv
(a line per image: the camera's optical frame in the world of the building; metres, seconds) and camera.csv
(the intrinsics). The same arguments give the same images.
"""

import argparse
from pathlib import Path

from rendering.building.drives import Drive, write_drives


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m rendering.building",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="of the building")
    parser.add_argument("--floors", type=int, default=4)
    parser.add_argument(
        "--laps", type=int, nargs="+", default=[2], help="laps on each floor; the last number is for the rest"
    )
    parser.add_argument("--difference", type=float, default=None, help="between the floors, 0 to 1")
    parser.add_argument("--reverse", action="store_true", help="drive clockwise")
    parser.add_argument("--every", type=int, default=1, help="write only every n-th image, for a preview")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()
    laps = [options.laps[min(floor, len(options.laps) - 1)] for floor in range(options.floors)]
    drives = [Drive(floor, count, options.reverse) for floor, count in enumerate(laps)]
    count = write_drives(options.out, options.seed, drives, options.difference, options.every)
    print(f"{options.out}: {count} images")


if __name__ == "__main__":
    main()
