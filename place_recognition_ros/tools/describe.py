"""Describe images: each becomes a descriptor, and similar places have similar descriptors.

Prints the similarity (cosine) of every two images, in the order of the arguments:

    place-recognition describe first.jpg second.jpg third.jpg

With --output the descriptors are written to a NumPy file: (N, D) float32, rows of unit norm.
"""

import argparse
import sys
from typing import List, Optional

import cv2
import numpy as np

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.errors import ImageError, PlaceRecognitionError
from place_recognition_ros.tools.terminal import use_utf8


def main(arguments: Optional[List[str]] = None) -> int:
    use_utf8()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("-o", "--output", metavar="FILE.npy", help="write the descriptors to this file")
    parser.add_argument("--model", default="", help="ONNX file with its card; default: the package's model")
    options = parser.parse_args(arguments)
    try:
        descriptors = describe(options.images, options.model)
        if options.output:
            with open(options.output, "wb") as file:
                np.save(file, descriptors)
            print(f"{options.output}: {descriptors.shape[0]} descriptors of {descriptors.shape[1]} numbers")
    except (PlaceRecognitionError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if not options.output:
        print_similarities(options.images, descriptors @ descriptors.T)
    return 0


def describe(paths: List[str], model: str = "") -> np.ndarray:
    """The global descriptors of image files.

    Args:
        paths: of the images.
        model: ONNX file with its card beside it; empty: the package's model.

    Returns:
        (N, D) float32, rows of unit norm.

    Raises:
        ImageError: if a file is not an image.
        ModelError, EngineError: if the model cannot be opened.
    """
    extractor = open_extractor(model)
    return np.stack([extractor.describe(_read(path)) for path in paths])


def _read(path: str) -> np.ndarray:
    image = cv2.imread(path)
    if image is None:
        raise ImageError(f"expected an image file. Received: '{path}'")
    return image


def print_similarities(names: List[str], similarities: np.ndarray) -> None:
    """Print a table of cosines; the columns are numbered as the rows."""
    width = max(len(name) for name in names)
    print(" " * (width + 4) + "".join(f"{number:7d}" for number in range(1, len(names) + 1)))
    for number, (name, row) in enumerate(zip(names, similarities), 1):
        print(f"{number:3d} {name:<{width}}" + "".join(f"{value:7.3f}" for value in row))


if __name__ == "__main__":
    sys.exit(main())
