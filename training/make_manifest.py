"""Make a manifest from your own images, or from a public image set.

Usage:
  python3 -m training.make_manifest frames walk.bag --output mine.csv --validation-every 5
  python3 -m training.make_manifest frames monday.mp4 tuesday.mp4 --output mine.csv
  python3 -m training.make_manifest map office.map --output mine.csv --validation-every 5
  python3 -m training.make_manifest folders images/ --output mine.csv
  python3 -m training.make_manifest pittsburgh Pittsburgh250k/ --output pittsburgh.csv
  python3 -m training.make_manifest tokyo tokyoTimeMachine/ --output tokyo.csv

Images of videos, bags and maps are written to a folder beside the manifest. training.render_world writes a
manifest itself. The columns are described in training/data/manifest.py.
"""

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

if not __package__:  # started as a file, python3 training/make_manifest.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

from training.console import command_line, run_script
from training.data.manifest import SPLITS, Record, write_manifest
from training.data.readers.frames import RATE, read_frames
from training.data.readers.own_sets import read_ie_tower, read_outdoor, read_own_sets
from training.data.readers.pittsburgh import read_pittsburgh, read_tokyo
from training.data.readers.place_folders import read_place_folders
from training.data.readers.recorded_map import GUARD_SECONDS, read_recorded_map
from training.data.readers.seasons import read_nordland, read_phenocam, read_timisoara
from training.data.splitting import split_validation
from training.files import DATA


def make_manifest(arguments):
    """Read the source and write the manifest; returns the records."""
    records = arguments.read(arguments)
    if getattr(arguments, "validation_every", None):
        records = split_validation(records, arguments.validation_every)
    write_manifest(records, arguments.output)
    return records


def _folders(arguments):
    return [
        record._replace(licence=arguments.licence)
        for source in arguments.source
        for record in read_place_folders(source, arguments.skip_single, arguments.split)
    ]


def _frames(arguments):
    records = []
    for source in _distinct(arguments.source):
        region = source.stem if arguments.apart else arguments.region
        origin = Record(source, region=region, split=arguments.split, licence=arguments.licence)
        images = _images(arguments, source)
        records += read_frames(source, images, arguments.rate, arguments.fps, arguments.topic, origin)
    return records


def _map(arguments):
    records = []
    for source in _distinct(arguments.source):
        origin = Record(source, split=arguments.split, licence=arguments.licence)
        records += read_recorded_map(source, _images(arguments, source), origin, arguments.guard_seconds)
    return records


def _nordland(arguments):
    records = read_nordland(arguments.source, _images(arguments, arguments.source), arguments.every)
    return [record for record in records if arguments.part in (None, record.split)]


def _distinct(sources):
    """The paths, after checking that their names are distinct."""
    for name, count in Counter(source.stem for source in sources).items():
        if count > 1:
            raise ValueError(f"expected sources with different names. Received: {count} named '{name}'")
    return sources


def _images(arguments, source):
    folder = arguments.images or arguments.output.with_name(f"{arguments.output.stem}_images")
    return folder / source.stem


def summarise(records):
    """Numbers of images, places and sequences, one line per split."""
    lines = []
    for split in SPLITS:
        chosen = [record for record in records if record.split == split]
        if chosen:
            places = len({(record.region, record.place) for record in chosen if record.place})
            sequences = len({(record.region, record.sequence) for record in chosen if record.sequence})
            lines.append(f"{split}: {len(chosen)} images, {places} places, {sequences} sequences")
    return lines


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    folders = _own(kinds, "folders", _folders, "a folder of place folders")
    folders.add_argument("--skip-single", action="store_true", help="skip places with a single image")
    frames = _own(kinds, "frames", _frames, "videos, bags or folders of frames in order")
    frames.add_argument("--rate", type=_positive, default=RATE, help=f"images per second (default {RATE})")
    frames.add_argument("--fps", type=_positive, help="frames per second of the source, if not stated in it")
    frames.add_argument("--topic", default="", help="image topic, of a bag with several")
    frames.add_argument("--region", default="", help="name of the region")
    frames.add_argument("--apart", action="store_true", help="the sources show no common place")
    recorded = _own(kinds, "map", _map, "maps that the node recorded, each of another building")
    recorded.add_argument(
        "--guard-seconds",
        type=_positive,
        default=GUARD_SECONDS,
        help=f"minimum time between the images of a loop (default {GUARD_SECONDS:g})",
    )
    for kind in (frames, recorded):
        kind.add_argument("--images", type=Path, help="folder for the images (default: beside the manifest)")
    _public(kinds)
    return parser


def _own(kinds, name, read, about):
    kind = kinds.add_parser(name, help=about, description=about)
    kind.add_argument("source", type=Path, nargs="+")
    kind.add_argument("--split", choices=SPLITS, default="train")
    kind.add_argument(
        "--validation-every",
        type=int,
        metavar="N",
        help="use every N-th place or sequence for validation; of a single sequence, its last N-th",
    )
    kind.add_argument("--licence", default="", help="of the images")
    return _finish(kind, read)


def _public(kinds):
    for name, about in (("pittsburgh", "Pittsburgh 250k or 30k"), ("tokyo", "Tokyo Time Machine")):
        kind = kinds.add_parser(name, help=f"{about}, as distributed", description=about)
        kind.add_argument("source", type=Path, help="folder of the unpacked set")
        kind.add_argument("--structs", type=Path, nargs="+", help=".mat files, if not the usual ones")
        kind.add_argument("--images", type=Path, help="folder of the database images")
        if name == "pittsburgh":
            kind.add_argument("--queries", type=Path, help="folder of the query images")
            _finish(kind, lambda a: read_pittsburgh(a.source, a.structs, a.images, a.queries))
        else:
            _finish(kind, lambda a: read_tokyo(a.source, a.structs, a.images))
    for name, reader, default in (
        ("ie_tower", read_ie_tower, DATA / "ie_tower"),
        ("outdoor", read_outdoor, DATA / "outdoor"),
        ("own", read_own_sets, DATA),
        ("phenocam", read_phenocam, DATA / "phenocam"),
        ("timisoara", read_timisoara, DATA / "timisoara_heritage"),
    ):
        _training_set(kinds, name, default, lambda a, reader=reader: reader(a.source))
    nordland = _training_set(kinds, "nordland", DATA / "nordland64", _nordland)
    nordland.add_argument("--images", type=Path, help="folder for the images (default: beside the manifest)")
    nordland.add_argument("--every", type=int, default=1, help="use one of so many places")
    nordland.add_argument("--part", choices=SPLITS, help="only this part of the line")


def _training_set(kinds, name, default, read):
    kind = kinds.add_parser(name, help="image set of training/configs")
    kind.add_argument("source", type=Path, nargs="?", default=default)
    return _finish(kind, read)


def _finish(kind, read):
    kind.add_argument("--output", type=Path, default=Path("manifest.csv"), help="default: manifest.csv")
    kind.set_defaults(read=read)
    return kind


def _positive(text):
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0. Received: '{text}'")
    return number


def main():
    arguments = _parser().parse_args(command_line())
    warnings.showwarning = lambda message, *_, **__: print(f"! {message}", file=sys.stderr)
    records = make_manifest(arguments)
    print("\n".join([f"{arguments.output}: {len(records)} images", *summarise(records)]))


if __name__ == "__main__":
    run_script(main)
