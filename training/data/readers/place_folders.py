"""A folder with a sub-folder of images for each place."""

import warnings
from pathlib import Path

from training.data.images import list_images, natural
from training.data.manifest import SPLITS, Record


def read_place_folders(folder, skip_single=False, split="train"):
    """Read a folder in which each sub-folder is a place, labelled by its name; other files are ignored.

    If all sub-folders are called train, validation or test, each of them is such a folder.

    Args:
        folder: its path.
        skip_single: skip places with one image, with a warning, instead of refusing them.
        split: of all images, unless given by the sub-folders.

    Returns:
        list of :class:`Record`.

    Raises:
        ValueError: naming the folder or image, if there are no places, or one with a single image.
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
        raise ValueError(f"expected a folder of place folders. Received: '{folder}', which is not a folder")
    inside = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    if not inside:
        raise ValueError(f"expected a folder for each place in '{folder}'. Received: no folder in it")
    return sorted(inside, key=lambda path: natural(path.name))


def _read(folder, places, skip_single, split):
    records = []
    for place in places:
        images = list_images(place)
        if len(images) > 1:
            records += [Record(image, place=place.name, split=split) for image in images]
            continue
        problem = f"expected at least two images of each place. Received: only '{images[0]}'"
        if not skip_single:
            raise ValueError(problem)
        warnings.warn(f"{problem}; skipped", stacklevel=3)
    if not records:
        raise ValueError(f"expected a place with two images in '{folder}'. Received: {len(places)} with one")
    return records
