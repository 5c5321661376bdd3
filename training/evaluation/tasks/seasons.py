"""Simulated change of season, for validation.

It shares no step with training/learning/augmentation.py, so that networks are not validated on the changes
that they were trained with.
"""

import cv2
import numpy as np


def change_season(image, random, other):
    """Colours of another image, another light, and dusk with lamps or fog.

    Args:
        image: (H, W, 3) uint8 BGR.
        random: numpy Generator.
        other: (H, W, 3) uint8 BGR, an image of another place, whose colours may be used.

    Returns:
        (H, W, 3) uint8.
    """
    size = image.shape[:2]
    light = _recolored(image, random, other).astype(np.float32) / 255
    light **= np.float32(random.uniform(0.6, 1.8))
    light *= np.exp(_smooth(random, 3, size, 0.6) + np.float32(random.normal(0.0, 0.12, 3)))
    light = _dusk(light, random) if random.random() < 0.5 else _fog(light, random)
    light += np.float32(random.normal(0.0, 0.02, light.shape))
    return (255 * np.clip(light, 0.0, 1.0)).astype(np.uint8)


def _recolored(image, random, other):
    """Low frequencies of another image (FDA: Yang and Soatto, CVPR 2020), its histogram, or neither."""
    import albumentations as A  # noqa: N812  as in its documentation; slow to import

    kind = random.choice(["spectrum", "histogram", "own"])
    if kind == "own":
        return image
    if kind == "spectrum":
        step = A.FDA(beta_limit=(0.02, 0.12), metadata_key="other", p=1)
    else:
        step = A.HistogramMatching(blend_ratio=(0.4, 0.9), metadata_key="other", p=1)
    step.set_random_seed(int(random.integers(2**31)))
    return step(image=image, other=[other])["image"]


def _dusk(light, random):
    """Darkness with some lamps."""
    height, width = light.shape[:2]
    v, u = np.mgrid[:height, :width].astype(np.float32)
    light *= np.float32(random.uniform(0.15, 0.5))
    for _ in range(random.integers(1, 5)):
        at, radius = random.uniform((0, 0), (width, 0.8 * height)), width * random.uniform(0.02, 0.12)
        glow = np.exp(-((u - at[0]) ** 2 + (v - at[1]) ** 2) / np.float32(2 * radius**2))[..., None]
        lamp = np.float32(random.uniform(0.3, 0.9) * np.array([0.6, 0.85, 1.0]))  # BGR, yellow
        light = light * (1 + 3 * glow) + glow * lamp
    return light


def _fog(light, random):
    """Haze, with probability 0.5, and another texture: leaves, snow, wet ground."""
    if random.random() < 0.5:
        light = 0.6 * light + np.float32(0.35 * random.random())
    return light * np.exp(_smooth(random, 40, light.shape[:2], 0.12))


def _smooth(random, knots, size, scale):
    """A smooth random field from a grid of knots: (H, W, 1) float32."""
    field = random.normal(0.0, scale, (knots, knots + 1)).astype(np.float32)
    return cv2.resize(field, size[::-1], interpolation=cv2.INTER_CUBIC)[..., None]
