"""A folder of place folders: each holds pictures of one place."""

import warnings
from pathlib import Path

from training.data.manifest import SPLITS, Record
from training.data.pictures import list_pictures, natural


def read_place_folders(folder, skip_single=False, split="train"):
    """Each sub-folder is a place, its name the label; other files are left alone.

    Where all sub-folders are called train, validation or test, each of them is a folder of place folders.

    Args:
        folder: its path.
        skip_single: leave out places with one picture, with a warning, instead of refusing them.
        split: of all pictures, where the sub-folders do not say it.

    Returns:
        list of :class:`Record`.

    Raises:
        ValueError: naming the folder or picture, if there are no places, or one without two pictures.
    """
    folder = Path(folder)
    inside = _folders(folder)
    if all(path.name in SPLITS for path in inside):
        return [
            record for path in inside for record in _read(path, _folders(path), skip_single, split=path.name)
        ]
    return _read(folder, inside, skip_single, split)


def _folders(folder):
    if not folder.is_dir():
        raise ValueError(f"expected a folder of place folders. Received: '{folder}', which is none")
    inside = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    if not inside:
        raise ValueError(f"expected a folder for each place in '{folder}'. Received: no folder in it")
    return sorted(inside, key=lambda path: natural(path.name))


def _read(folder, places, skip_single, split):
    records = []
    for place in places:
        pictures = list_pictures(place)
        if len(pictures) > 1:
            records += [Record(picture, place=place.name, split=split) for picture in pictures]
            continue
        problem = f"expected two pictures or more of each place. Received: only '{pictures[0]}'"
        if not skip_single:
            raise ValueError(problem)
        warnings.warn(f"{problem}; left out", stacklevel=3)
    if not records:
        raise ValueError(
            f"expected a place with two pictures in '{folder}'. Received: {len(places)} with one"
        )
    return records
