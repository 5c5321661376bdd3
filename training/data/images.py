"""Finding and reading of image files."""

import re
from pathlib import Path

import cv2
import numpy as np

from training.data.manifest import read_manifest

SUFFIXES = frozenset(
    (".bmp", ".jpeg", ".jpg", ".jp2", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
)


def list_images(folder):
    """Image files directly in a folder, recognized by their suffix.

    Args:
        folder: its path.

    Returns:
        list of Path, in natural order of the names: 2.jpg before 10.jpg.

    Raises:
        ValueError: if the folder does not exist or contains no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"expected a folder of images. Received: '{folder}', which is not a folder")
    files = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    if not files:
        raise ValueError(f"expected images in '{folder}'. Received: none of {' '.join(sorted(SUFFIXES))}")
    return sorted(files, key=lambda path: natural(path.name))


def find_images(sources):
    """Image files of several sources.

    Args:
        sources: list of Path: files, folders (searched recursively) and manifests.

    Returns:
        list of Path; those of a folder are sorted.

    Raises:
        ValueError: if a source does not exist, or a folder contains no image.
    """
    found = []
    for source in sources:
        if source.is_dir():
            there = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
            if not there:
                raise ValueError(
                    f"expected images ({', '.join(sorted(SUFFIXES))}). Received: none in '{source}'"
                )
            found += there
        elif source.suffix.lower() == ".csv":
            found += [record.image for record in read_manifest(source)]
        elif source.is_file():
            found.append(source)
        else:
            raise ValueError(f"expected an image, a folder or a manifest. Received: '{source}', missing")
    return found


def natural(name):
    """Sort key of a name in which digits are compared as numbers."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def read_image(path):
    """Decode an image file.

    Args:
        path: of a file in a format that OpenCV can decode.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        ValueError: if the file cannot be read or decoded.
    """
    try:
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except OSError as error:
        raise ValueError(f"expected an image. Received: '{path}': {error.strerror}") from error
    if image is None:
        raise ValueError(f"expected an image that can be decoded. Received: '{path}'")
    return image
