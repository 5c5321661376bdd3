"""A folder of place folders: each holds images of one place."""

import warnings
from pathlib import Path

from training.data.images import list_images, natural
from training.data.manifest import SPLITS, Record


def read_place_folders(folder, skip_single=False, split="train"):
    """Each sub-folder is a place, its name the label; other files are left alone.

    Where all sub-folders are called train, validation or test, each of them is a folder of place folders.

    Args:
        folder: its path.
        skip_single: leave out places with one image, with a warning, instead of refusing them.
        split: of all images, where the sub-folders do not say it.

    Returns:
        list of :class:`Record`.

    Raises:
        ValueError: naming the folder or image, if there are no places, or one without two images.
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
        images = list_images(place)
        if len(images) > 1:
            records += [Record(image, place=place.name, split=split) for image in images]
            continue
        problem = f"expected two images or more of each place. Received: only '{images[0]}'"
        if not skip_single:
            raise ValueError(problem)
        warnings.warn(f"{problem}; left out", stacklevel=3)
    if not records:
        raise ValueError(f"expected a place with two images in '{folder}'. Received: {len(places)} with one")
    return records
