"""Pictures of a rendered world, the same places under many lights, with a manifest.

Usage:
  python3 training/render_world.py --output rendered/town-1 --seed 1
  python3 training/render_world.py --output rendered/house --world house.obj --metres-per-unit 0.01

The town is another one for every seed, and so another region; its pictures have positions and headings,
to be judged by PlaceRules. A model is one region whatever the seed, so take more places of it, not more
seeds; its pictures have labels, since a wall may stand between two that are near: --spacing says from
where on two cameras that look in similar directions (within 110°) are at different places.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder

from training.console import run_script
from training.data.manifest import SPLITS
from training.rendering import check_renderer
from training.rendering.poses import read_poses
from training.rendering.views import Apart, Jitter
from training.rendering.world import Origin, Tour, render_tour

PLACES = 50  # if there is room, and nothing else is asked for
LABELLED_TURN = 110.0  # degrees; less than the field of view is left in common after two turns by Jitter


def render_town(arguments, report):
    """Render the generated town; returns the records."""
    from training.rendering.town import TownWorld  # Panda3D is wanted only here

    apart = Apart(arguments.spacing or Apart().metres)
    tour = Tour(arguments.visits, apart, _jitter(apart), **_wanted(arguments.places))
    origin = Origin(f"rendered/town-{arguments.seed}", arguments.split, arguments.licence or "MIT")
    world = TownWorld(arguments.seed, arguments.size)
    return render_tour(world, arguments.output, tour, arguments.seed, origin, report=report)


def render_model(arguments, report):
    """Render a model of the user's; returns the records."""
    from training.rendering.model import ModelWorld, Placement

    views = read_poses(arguments.poses) if arguments.poses else None
    path = Path(arguments.world)
    up = arguments.up or ("y" if path.suffix.lower() == ".obj" else "z")
    world = ModelWorld(path, Placement(arguments.metres_per_unit, up, arguments.height), arguments.size)
    spacing = arguments.spacing or min(max(world.extent / 8, 2.0), Apart().metres)
    apart = Apart(spacing, LABELLED_TURN)
    tour = Tour(arguments.visits, apart, _jitter(apart), labelled=True, **_wanted(arguments.places))
    origin = Origin(f"rendered/{path.stem}", arguments.split, arguments.licence)
    return render_tour(world, arguments.output, tour, arguments.seed, origin, views, report)


def _jitter(apart):
    return Jitter(min(Jitter().metres, apart.metres / 8))


def _wanted(places):
    return {"least": places or 2, "most": places or PLACES}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder; gets images/ and manifest.csv")
    parser.add_argument("--world", default="town", help="'town' (default), or a model: .obj, .egg, .bam")
    parser.add_argument("--seed", type=_at_least(int, 0), default=0)
    parser.add_argument(
        "--places", type=_at_least(int, 1), help=f"default: {PLACES}, or fewer if there is no room"
    )
    parser.add_argument(
        "--visits", type=_at_least(int, 1), default=6, help="lights, weathers and seasons (default 6)"
    )
    parser.add_argument("--size", type=_size, default=(320, 240), help="pixels (default 320x240)")
    parser.add_argument(
        "--spacing", type=_at_least(float, 0.1), help="metres between places (default: 2 to 12)"
    )
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--licence", default="", help="of the pictures (the town's: MIT)")
    model = parser.add_argument_group("models")
    model.add_argument("--metres-per-unit", type=_at_least(float, 1e-6), default=1.0)
    model.add_argument(
        "--up", choices=("y", "z"), help="the axis that points up (default: y in .obj, else z)"
    )
    model.add_argument("--height", type=float, default=1.5, help="of cameras above the lowest point, metres")
    model.add_argument("--poses", type=Path, help="CSV with the columns x,y,z,heading, instead of chance")
    arguments = parser.parse_args()
    check_renderer()
    render = render_town if arguments.world == "town" else render_model
    try:
        records = render(arguments, lambda conditions: print(f"{conditions.name} ✓", flush=True))
    except RuntimeError as error:  # no off-screen buffer
        raise ValueError(str(error)) from error
    print(f"{arguments.output}: {len(records)} pictures")


def _size(text):
    try:
        width, height = (int(number) for number in text.split("x"))
    except ValueError:
        width = height = 0
    if min(width, height) < 16:
        raise argparse.ArgumentTypeError(f"expected WIDTHxHEIGHT, each at least 16. Received: '{text}'")
    return width, height


def _at_least(kind, low):
    def parse(text):
        number = kind(text)
        if not number >= low:
            raise argparse.ArgumentTypeError(f"expected at least {low}. Received: '{text}'")
        return number

    parse.__name__ = kind.__name__
    return parse


if __name__ == "__main__":
    run_script(main)
