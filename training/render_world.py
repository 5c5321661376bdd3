"""Images of a rendered world, the same places under many lights, with a manifest.

Usage:
  python -m training.render_world --output rendered/town-1 --seed 1
  python -m training.render_world --output rendered/house --world house.obj --metres-per-unit 0.01

Each seed gives another town, and so another region; its images have positions and headings, to be judged
by PlaceRules. A model is one region whatever the seed, so render more places of it, not more seeds; its
images have labels, since a wall may stand between two that are near. --spacing is the distance from which
on two cameras that look in similar directions (within 110°) are at different places.
"""

import argparse
from pathlib import Path

if not __package__:  # started as a file, python3 training/render_world.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

from rendering import check_renderer
from rendering.pose_file import read_poses
from rendering.views import Apart, Jitter
from training.console import command_line, run_script
from training.data.manifest import SPLITS
from training.data.rendered_world import Origin, Tour, render_tour

PLACES = 50  # default, if there is room
LABELLED_TURN = 110.0  # degrees; views that differ by more have little in common, even after Jitter


def render_town(arguments, report):
    """Render the generated town; returns the records."""
    from rendering.town.world import TownWorld  # only here: it needs Panda3D

    apart = Apart(arguments.spacing or Apart().metres)
    tour = Tour(arguments.visits, apart, _jitter(apart), **_wanted(arguments.places))
    origin = Origin(f"rendered/town-{arguments.seed}", arguments.split, arguments.licence or "MIT")
    world = TownWorld(arguments.seed, arguments.size)
    return render_tour(world, arguments.output, tour, arguments.seed, origin, report=report)


def render_model(arguments, report):
    """Render a model of the user's; returns the records."""
    from rendering.model import ModelWorld, Placement

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
    parser.add_argument("--output", type=Path, required=True, help="folder for images/ and manifest.csv")
    parser.add_argument("--world", default="town", help="'town' (default), or a model: .obj, .egg, .bam")
    parser.add_argument("--seed", type=_at_least(int, 0), default=0)
    parser.add_argument(
        "--places",
        type=_at_least(int, 1),
        help=f"default: {PLACES}, or fewer if there is no room",
    )
    parser.add_argument(
        "--visits",
        type=_at_least(int, 1),
        default=6,
        help="of each place, in different light, weather and season (default: 6)",
    )
    parser.add_argument(
        "--size", type=image_size, default=(320, 240), help="of the images, pixels (default: 320x240)"
    )
    parser.add_argument(
        "--spacing",
        type=_at_least(float, 0.1),
        help="metres between places (default: 12; of a model 2 to 12)",
    )
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--licence", default="", help="of the images (default for a town: MIT)")
    model = parser.add_argument_group("models")
    model.add_argument("--metres-per-unit", type=_at_least(float, 1e-6), default=1.0)
    model.add_argument(
        "--up", choices=("y", "z"), help="the axis that points up (default: y in .obj, else z)"
    )
    model.add_argument("--height", type=float, default=1.5, help="of cameras above the lowest point, metres")
    model.add_argument(
        "--poses",
        type=Path,
        help="CSV file with possible places: x,y,z,heading (default: random places)",
    )
    arguments = parser.parse_args(command_line())
    check_renderer()
    render = render_town if arguments.world == "town" else render_model
    records = render(arguments, lambda conditions: print(f"{conditions.name} ✓", flush=True))
    print(f"{arguments.output}: {len(records)} images")


def image_size(text):
    """Width and height of an argument such as 320x240."""
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
