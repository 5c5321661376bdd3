"""Pittsburgh 250k and Tokyo Time Machine, as distributed by their authors.

Positions are UTM coordinates of panoramas. Each panorama was cut into images in 12 directions (at two
pitches in Pittsburgh), encoded in the file names. Directions are relative to the first one of a panorama,
which is assumed to be the same for all panoramas; this is not documented.
"""

import math
import re
from pathlib import Path

from training.data.manifest import Record
from training.data.readers.dbstruct import read_dbstruct

_PITTSBURGH_YAW = re.compile(r"_yaw(\d+)\.\w+$")  # 000/000123_pitch1_yaw4.jpg: 1 to 12
_TOKYO_YAW = re.compile(r"_(\d{3})\.\w+$")  # …_012_090.png: degrees
_STEP = 30.0  # degrees


def read_pittsburgh(root, structs=None, images=None, queries=None):
    """Pittsburgh 250k, or its subset 30k.

    Args:
        root: folder of 000/ to 010/ (or images/ with them), queries_real/ (or queries/) and datasets/.
        structs: paths of .mat files; None: pitts250k_train, _val and _test in root/datasets.
        images: folder of 000/ to 010/; None: below root.
        queries: folder of the queries; None: below root.

    Returns:
        list of :class:`Record`; database images have the role reference.

    Raises:
        ValueError: naming the file, if one is missing or invalid.
    """
    root = Path(root)
    structs = structs or _structs(root, "pitts250k")
    images = Path(images or _first_folder(root / "images", root))
    queries = Path(queries or _first_folder(root / "queries_real", root / "queries"))
    return _read(structs, images, queries, "pittsburgh", _pittsburgh_heading)


def read_tokyo(root, structs=None, images=None):
    """Tokyo Time Machine. Queries are part of the database; an image that is both has an empty role.

    Args:
        root: folder of images/ and of tokyoTM_train.mat and tokyoTM_val.mat (or datasets/ with them).
        structs: paths of .mat files; None: those.
        images: folder of the images; None: below root.

    Returns:
        list of :class:`Record`; the sequence is the month of the image.

    Raises:
        ValueError: naming the file, if one is missing or invalid.
    """
    root = Path(root)
    structs = structs or _structs(root, "tokyoTM")
    images = Path(images or _first_folder(root / "images", root))
    return _read(structs, images, images, "tokyo", _tokyo_heading)


def _structs(root, name):
    folders = (root / "datasets", root)
    paths = [folder / f"{name}_{part}.mat" for part in ("train", "val", "test") for folder in folders]
    found = [path for path in paths if path.is_file()]
    if not found:
        raise ValueError(
            f"expected {name}_train.mat, _val.mat or _test.mat in '{folders[0]}'. Received: none"
        )
    return found


def _first_folder(*folders):
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def _read(structs, images, queries, region, heading):
    records: dict = {}  # by split and image
    for path in structs:
        part = read_dbstruct(path)
        lists = (
            ("reference", images, part.references, part.reference_xy, part.reference_months),
            ("query", queries, part.queries, part.query_xy, part.query_months),
        )
        for role, folder, names, positions, months in lists:
            for name, (x, y), month in zip(names, positions.tolist(), months):
                image = _existing(folder, name, path)
                other = records.get((part.split, image))
                records[part.split, image] = Record(
                    image=image,
                    x=x,
                    y=y,
                    heading=heading(name),
                    sequence=month,
                    region=region,
                    split=part.split,
                    role=role if other is None or other.role == role else "",
                )
    return list(records.values())


def _existing(folder, name, struct):
    """Path of an image; distributed copies contain either .jpg or .png files."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"expected images in '{folder}'. Received: '{name}' in '{struct}'")
    for suffix in (Path(name).suffix, ".png", ".jpg"):
        image = (folder / name).with_suffix(suffix)
        if image.is_file():
            return image
    raise ValueError(f"expected an image. Received: '{folder / name}', missing, of '{struct}'")


def _pittsburgh_heading(name):
    found = _PITTSBURGH_YAW.search(name)
    return _clockwise((int(found[1]) - 1) * _STEP) if found else math.nan


def _tokyo_heading(name):
    found = _TOKYO_YAW.search(name)
    return _clockwise(float(found[1])) if found and float(found[1]) % _STEP == 0 else math.nan


def _clockwise(degrees):
    """Degrees clockwise → radians counter-clockwise, in (−π, π]."""
    return math.radians(180.0 - (degrees + 180.0) % 360.0)
