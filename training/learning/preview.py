"""Contact sheet of augmented images."""

import cv2
import numpy as np

from training.files import write_atomically


def contact_sheet(images, augment, copies=6):
    """Arrange images and augmented copies of them in rows, each original first.

    Args:
        images: list of (H, W, 3) uint8 BGR, of one size, at least one.
        augment: callable (image, seed) → image.
        copies: augmented copies per row.

    Returns:
        (H · rows, W · (1 + copies), 3) uint8 BGR.
    """
    rows = [
        [image, *(augment(image, number * copies + copy) for copy in range(copies))]
        for number, image in enumerate(images)
    ]
    return np.vstack([np.hstack(row) for row in rows])


def write_preview(path, images, count, augment, rows=8):
    """Write a contact sheet of some images, evenly spaced.

    Args:
        path: of the sheet; the suffix selects the format.
        images: sequence of (H, W, 3) uint8 BGR, of one size.
        count: number of images, at least one.
        augment: callable (image, seed) → image.
        rows: maximum number of rows.

    Raises:
        ValueError: if OpenCV cannot write that format.
    """
    if not cv2.haveImageWriter(str(path)):
        raise ValueError(f"expected the file name of an image, such as sheet.jpg. Received: '{path}'")
    chosen = np.linspace(0, count - 1, min(rows, count)).astype(int)
    sheet = contact_sheet([images[index] for index in chosen], augment)
    write_atomically(path, cv2.imencode(path.suffix, sheet)[1].tobytes())
