"""The place of a picture on another visit: from elsewhere, in another light, with another camera.

Made with albumentations (Buslaev et al., Information 2020).
"""

import os
import threading

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for a newer version

import albumentations as A  # noqa: N812  as its documentation does
import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class AugmentationConfig(BaseModel):
    """How far another visit may differ."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    geometric: float = Field(1.0, ge=0, le=2, description="crop, perspective, scale; 0: none, 1: a visit")
    photometric: float = Field(1.0, ge=0, le=2, description="exposure, colour, shadow, blur, noise; 0: none")
    rotation_degrees: float = Field(0.0, ge=0, le=180, description="in-plane rotation by up to this, either way")


class Augmentation:
    """Alters pictures, each in a way that its seed decides. Threads may share it.

    Args:
        config: an :class:`AugmentationConfig`.
    """

    def __init__(self, config):
        self._config = config
        self._thread = threading.local()  # a pipeline has one random state

    def __call__(self, image, seed):
        """Alter a picture.

        Args:
            image: (H, W, 3) uint8 BGR.
            seed: int; equal seeds alter equally.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        height, width = image.shape[:2]
        if getattr(self._thread, "size", None) != (height, width):
            self._thread.size = (height, width)
            self._thread.pipeline = A.Compose(
                [*_geometric(self._config, height, width), *_photometric(self._config.photometric)]
            )
        self._thread.pipeline.set_random_seed(seed)
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return cv2.cvtColor(self._thread.pipeline(image=rgb)["image"], cv2.COLOR_RGB2BGR)


def contact_sheet(images, augment, copies=6):
    """Pictures and what they become: one row each, the original first.

    Args:
        images: list of (H, W, 3) uint8 BGR, of one size.
        augment: (picture, seed) ► picture.
        copies: altered ones a row.

    Returns:
        uint8 BGR picture of len(images) rows and 1 + copies columns.
    """
    rows = [
        [image, *(augment(image, number * copies + copy) for copy in range(copies))]
        for number, image in enumerate(images)
    ]
    return np.vstack([np.hstack(row) for row in rows])


def _geometric(config, height, width):
    strength, border = config.geometric, cv2.BORDER_REFLECT_101
    steps = []
    if config.rotation_degrees:
        limits = (-config.rotation_degrees, config.rotation_degrees)
        steps.append(A.Rotate(limits, border_mode=border, p=0.5))
    if strength:
        steps += [
            A.Perspective(scale=(0.02, 0.02 + 0.1 * strength), border_mode=border, p=0.7),
            A.RandomResizedCrop(
                (height, width),
                scale=(1.0 - 0.4 * min(strength, 2.0), 1.0),
                ratio=(width / height * (1 - 0.2 * strength), width / height * (1 + 0.25 * strength)),
                p=0.8,
            ),
        ]
    return steps


def _photometric(strength):
    if not strength:
        return []
    s = strength
    return [
        A.OneOf(  # season, weather, lamps
            [
                A.HueSaturationValue(round(18 * s), round(70 * s), 0, p=1.0),
                A.ColorJitter((1, 1), (1, 1), (max(0.0, 1 - s), 1 + 0.5 * s), (0, 0), p=1.0),
                A.PlanckianJitter(mode="blackbody", p=1.0),
                A.RGBShift(round(30 * s), round(30 * s), round(30 * s), p=1.0),
            ],
            p=0.6,
        ),
        A.RandomToneCurve(scale=min(1.0, 0.3 * s), per_channel=True, p=0.3),
        A.RandomGamma((round(100 / (1 + 0.9 * s)), round(100 * (1 + 1.2 * s))), p=0.5),  # day and night
        A.RandomBrightnessContrast((-0.35 * s, 0.3 * s), (-0.45 * s, 0.45 * s), p=0.6),
        A.OneOf(  # lamps, shadows
            [
                A.Illumination(intensity_range=(0.02, min(0.2, 0.02 + 0.15 * s)), p=1.0),
                A.RandomShadow(num_shadows_limit=(1, 3), shadow_intensity_range=(0.2, min(0.8, 0.5 * s + 0.1)), p=1.0),
            ],
            p=0.35,
        ),
        A.OneOf(  # a small, moved or unfocused camera
            [
                A.Downscale((max(0.15, 0.35 - 0.1 * s), 0.7), p=1.0),
                A.GaussianBlur(blur_limit=0, sigma_limit=(0.5, 0.5 + 1.8 * s), p=1.0),
                A.MotionBlur((3, 2 * round(4 * s) + 3), p=1.0),
            ],
            p=0.55,
        ),
        A.GaussNoise((0.01, 0.02 + 0.04 * s), p=0.15),
        A.ImageCompression(quality_range=(max(10, round(60 - 35 * s)), 90), p=0.1),
        A.ToGray(p=0.2),
        A.CoarseDropout(num_holes_range=(1, 3), hole_height_range=(0.1, 0.1 + 0.15 * s), hole_width_range=(0.1, 0.1 + 0.15 * s), fill="random_uniform", p=0.2),
    ]
