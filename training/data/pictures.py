"""Finding and reading picture files."""

import re
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = frozenset(
    (".bmp", ".jpeg", ".jpg", ".jp2", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
)


def list_pictures(folder):
    """Picture files directly in a folder, told by their suffix.

    Args:
        folder: its path.

    Returns:
        list of Path in the natural order of their names: 2.jpg before 10.jpg.

    Raises:
        ValueError: if there is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"expected a folder of pictures. Received: '{folder}', which is none")
    files = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    if not files:
        raise ValueError(f"expected pictures in '{folder}'. Received: none of {' '.join(sorted(SUFFIXES))}")
    return sorted(files, key=lambda path: natural(path.name))


def natural(name):
    """Sort key of a name: numbers in it count as numbers."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def read_picture(path):
    """Decode a picture file.

    Args:
        path: of a file that OpenCV can decode.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        ValueError: if there is none or it does not decode.
    """
    try:
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except OSError as error:
        raise ValueError(f"expected a picture. Received: '{path}': {error.strerror}") from error
    if image is None:
        raise ValueError(f"expected a picture that decodes. Received: '{path}'")
    return image
