"""Pictures of a rendered world, the same places under many lights, with a manifest.

Usage: python3 training/render_world.py --output rendered/town-1 --seed 1 --places 50 --visits 6
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder

from training.console import run_script
from training.rendering.town import TownWorld
from training.rendering.world import Tour, render_tour


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--places", type=int, default=50)
    parser.add_argument("--visits", type=int, default=6)
    parser.add_argument("--size", type=_size, default=(320, 240))
    arguments = parser.parse_args()
    world = TownWorld(arguments.seed, arguments.size)
    tour = Tour(arguments.places, arguments.visits)
    records = render_tour(
        world, arguments.output, tour, arguments.seed, f"rendered/town-{arguments.seed}", licence="MIT"
    )
    print(f"{arguments.output}: {len(records)} pictures")


def _size(text):
    width, _, height = text.partition("x")
    return int(width), int(height)


if __name__ == "__main__":
    run_script(main)
