"""Images of a task, unchanged or changed as determined by a seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Optional

import cv2
import numpy as np

from training.data import read_image
from training.evaluation.tasks.seasons import change_season

_COARSE_WIDTH = 99  # pixels; webcams and thumbnails


@dataclass(frozen=True)  # mypy does not accept a NamedTuple as a Callable
class TaskImage:
    """Reads an image when called; equal objects are described once."""

    path: Path
    change: str = ""  # out of CHANGES; empty: unchanged
    seed: int = 0
    other: Optional[Path] = None  # second image, for changes that need one

    def __call__(self) -> np.ndarray:
        image = read_image(self.path)
        if not self.change:
            return image
        others = [read_image(self.other)] if self.other else []
        return CHANGES[self.change](image, np.random.default_rng(self.seed), *others)


def change_view(image, random, strength):
    """Change of viewpoint: a random homography, without borders.

    Args:
        image: (H, W, 3) uint8.
        random: numpy Generator.
        strength: maximum shift of each corner, relative to the size of the image, 0 to 0.5.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = random.uniform(0.0, strength, (4, 2)) * [width, height]
    source = (corners + inward * [[1, 1], [-1, 1], [-1, -1], [1, -1]]).astype(np.float32)
    homography = cv2.getPerspectiveTransform(source, corners)
    return cv2.warpPerspective(image, homography, (width, height), borderMode=cv2.BORDER_REFLECT)


def change_light(image, random, strength):
    """Change of light: a smooth field of exposure, a tone curve and a colour cast.

    Args:
        image: (H, W, 3) uint8.
        random: numpy Generator.
        strength: standard deviation of the exposure in stops (factors of two).

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    field = random.normal(0.0, 0.7 * strength, (3, 4)).astype(np.float32)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    exposure = np.clip(random.normal(0.0, 0.7), -1.2, 1.2) * strength
    cast = random.normal(0.0, 0.2 * strength, 3)
    stops = field[:, :, None] + np.float32(exposure + cast)
    tone = np.exp2(random.normal(0.0, 0.4 * strength))
    bright = np.float32(255.0) * (image / np.float32(255.0)) ** np.float32(tone) * np.exp2(stops)
    return np.clip(bright, 0.0, 255.0).astype(np.uint8)


def roll(image, random):
    """A camera rolled by 10° to 20° in either direction: (H, W, 3) uint8 → the same, without borders."""
    height, width = image.shape[:2]
    degrees = random.uniform(10, 20) * random.choice((-1, 1))
    zoom = 1.3  # so that the corners are not empty
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, zoom)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)


def _coarse(image, _random=None):
    size = (_COARSE_WIDTH, max(1, round(_COARSE_WIDTH * image.shape[0] / image.shape[1])))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


CHANGES: Dict[str, Callable] = {
    "light": lambda image, random: change_light(change_view(image, random, 0.05), random, 1.8),
    "view": lambda image, random: change_light(change_view(image, random, 0.45), random, 0.4),
    "roll": roll,
    "coarse": _coarse,
    "coarse light": lambda image, random: change_light(
        change_view(_coarse(image), random, 0.06), random, 1.6
    ),
    "season": lambda image, random, other: _coarse(
        change_season(change_view(image, random, 0.05), random, other)
    ),
}
