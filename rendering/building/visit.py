"""What differs between laps: daylight, lamps and the camera's settings."""

from typing import NamedTuple, Tuple

import cv2
import numpy as np

from rendering.conditions import choose_conditions
from rendering.light import Light


class Visit(NamedTuple):
    """Light and camera during one lap."""

    name: str  # of the conditions outdoors
    sky: Light
    lamps: float  # factor of the lamps
    daylight: float  # factor of the light that windows let in
    brightness: float  # mean that the automatic exposure aims at, 0–1
    balance: Tuple[float, float, float]  # factors of blue, green, red
    noise: float  # standard deviation, gray values of 255
    blur: float  # standard deviation, pixels


def random_visits(count: int, random: np.random.Generator):
    """List of ``count`` different :class:`Visit`."""
    visits = []
    for conditions in choose_conditions(count, random):
        tint = random.normal(0, 0.025)
        visits.append(
            Visit(
                conditions.name,
                conditions.light,
                lamps=float(random.uniform(0.75, 1.15)),
                daylight=float(random.uniform(0.6, 1.6)),
                brightness=float(random.uniform(0.34, 0.5)),
                balance=(float(1 - tint), 1.0, float(1 + tint)),
                noise=float(random.uniform(1.0, 4.0)),
                blur=float(random.uniform(0.3, 0.8)),
            )
        )
    return visits


def through_camera(image: np.ndarray, visit: Visit, random: np.random.Generator) -> np.ndarray:
    """The image with the blur, white balance and noise of a visit; (H, W, 3) uint8 BGR."""
    soft = cv2.GaussianBlur(image.astype(np.float32), (0, 0), visit.blur) * np.array(
        visit.balance, np.float32
    )
    noise = cv2.GaussianBlur(random.standard_normal(image.shape, np.float32), (0, 0), 0.6)
    return np.clip(soft + visit.noise / noise.std() * noise + 0.5, 0, 255).astype(np.uint8)
