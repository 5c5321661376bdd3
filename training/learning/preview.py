"""What augmentation makes of images, as one image to look at."""

import cv2
import numpy as np

from training.files import write_atomically


def contact_sheet(images, augment, copies=6):
    """Images and what they become: one row each, the original first.

    Args:
        images: list of (H, W, 3) uint8 BGR, of one size, at least one.
        augment: (image, seed) ► image.
        copies: altered ones a row.

    Returns:
        uint8 BGR image of len(images) rows and 1 + copies columns.
    """
    rows = [
        [image, *(augment(image, number * copies + copy) for copy in range(copies))]
        for number, image in enumerate(images)
    ]
    return np.vstack([np.hstack(row) for row in rows])


def write_preview(path, images, count, augment, rows=8):
    """Write the contact sheet of some images, evenly chosen.

    Args:
        path: of the sheet; its suffix says in what format.
        images: by index, (H, W, 3) uint8 BGR each, of one size.
        count: how many there are, at least one.
        augment: (image, seed) ► image.
        rows: how many are shown at most.

    Raises:
        ValueError: if OpenCV writes no images with that suffix.
    """
    if not cv2.haveImageWriter(str(path)):
        raise ValueError(f"expected a name for a image, such as sheet.jpg. Received: '{path}'")
    chosen = np.linspace(0, count - 1, min(rows, count)).astype(int)
    sheet = contact_sheet([images[index] for index in chosen], augment)
    write_atomically(path, cv2.imencode(path.suffix, sheet)[1].tobytes())
