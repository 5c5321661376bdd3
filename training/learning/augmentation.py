"""Augmentation: changes of viewpoint, light and camera, as between two visits of a place.

Built on albumentations (Buslaev et al., Information 2020).
"""

import random
import threading

import albumentations as A  # noqa: N812  as its documentation does
import cv2
import numpy as np
from pydantic import Field

from training.learning.section import Section

_WEBCAM = {"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_LINEAR}  # then enlarged to the network's size


class AugmentationConfig(Section):
    """How much another visit may differ."""

    geometric: float = Field(
        default=1.0, ge=0, le=2, description="crop, perspective, scale; 0: none, 1: as between visits"
    )
    photometric: float = Field(
        default=1.0, ge=0, le=2, description="exposure, colour, shadow, blur, noise; 0: none"
    )
    thumbnails: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of the images that become gray thumbnails, where others in the training are such",
    )
    rotation_degrees: float = Field(
        default=0.0, ge=0, le=180, description="maximum in-plane rotation, either direction"
    )


class Augmentation:
    """Random changes of an image, determined by a seed. Thread-safe.

    It takes 4.4 ms for an image of 240×320 on one core.

    Args:
        config: an :class:`AugmentationConfig`.
    """

    def __init__(self, config):
        self._config = config
        self._thread = threading.local()  # a pipeline holds one random state

    def __reduce__(self):  # each process builds its own pipeline
        return Augmentation, (self._config,)

    def __call__(self, image, seed):
        """Augment an image.

        Args:
            image: (H, W, 3) uint8 BGR.
            seed: int, at least 0; equal seeds give equal results.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        height, width = image.shape[:2]
        if getattr(self._thread, "size", None) != (height, width):
            self._thread.size = (height, width)
            self._thread.pipeline = A.Compose(
                [
                    *_geometric(self._config, height, width),
                    *_photometric(self._config.photometric),
                    *([Thumbnail(self._config.thumbnails)] if self._config.thumbnails else []),
                ]
            )
        # one generator for all steps: set_random_seed would seed all steps equally and correlate them
        self._thread.pipeline.set_random_state(np.random.default_rng(seed), random.Random(seed))  # noqa: S311
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return cv2.cvtColor(self._thread.pipeline(image=rgb)["image"], cv2.COLOR_RGB2BGR)


class Recoloring(A.ImageOnlyTransform):
    """Maps each colour to another one, smoothly: leaves turn brown, a blue sky gray.

    Args:
        scale: standard deviation of the change, in pixel values, 0 to 255.
        p: probability.
    """

    _LEVELS, _KNOTS = (
        32,
        4,
    )  # per channel, of the table and of the random grid

    def __init__(self, scale, p):
        super().__init__(p=p)
        self.scale = scale

    def get_params(self):
        """Draw the random change of each colour: {"changes": (LEVELS³, 3) float32}."""
        changes = self.random_generator.normal(0.0, self.scale, (self._KNOTS,) * 3 + (3,))
        at = np.linspace(0, self._KNOTS - 1, self._LEVELS)
        weights = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(self._KNOTS)))
        for _ in range(3):  # interpolates the last colour axis, which becomes the first
            changes = np.tensordot(weights, changes, (1, 2))
        return {"changes": np.float32(changes).reshape(-1, 3)}

    def apply(self, img, changes, **_):
        """Add the changes: (H, W, 3) uint8 → (H, W, 3) uint8."""
        level = (img // np.uint8(256 // self._LEVELS)).astype(np.int32)
        row = (level[..., 0] * self._LEVELS + level[..., 1]) * self._LEVELS + level[..., 2]
        return cv2.add(img, changes.take(row, axis=0), dtype=cv2.CV_8U)


class Thumbnail(A.ImageOnlyTransform):
    """Gray, and so coarse as the images of nordland64: neither tells then what set an image is from."""

    _SIZE = (64, 32)  # pixels

    def __init__(self, p):
        super().__init__(p=p)

    def apply(self, img, **_):
        """(H, W, 3) uint8 RGB → the same, three equal channels."""
        gray = cv2.resize(cv2.cvtColor(img, cv2.COLOR_RGB2GRAY), self._SIZE, interpolation=cv2.INTER_AREA)
        return cv2.cvtColor(cv2.resize(gray, img.shape[1::-1]), cv2.COLOR_GRAY2RGB)


def _geometric(config, height, width):
    border = cv2.BORDER_REFLECT_101
    at = _scale(config.geometric)
    steps = []
    if config.rotation_degrees:
        limits = (-config.rotation_degrees, config.rotation_degrees)
        steps.append(A.Rotate(limits, border_mode=border, p=0.5))
    if config.geometric:
        tilt = at(0, 3, 6)  # degrees
        stretch = (width / height * at(1.0, 0.8, 0.6), width / height * at(1.0, 1.25, 1.5))
        steps += [
            A.Perspective(scale=(0.02, at(0.02, 0.12, 0.2)), border_mode=border, p=0.7),
            A.Affine(rotate=(-tilt, tilt), shear=(-2 * tilt, 2 * tilt), border_mode=border, p=0.3),
            A.RandomResizedCrop((height, width), scale=(at(1.0, 0.6, 0.35), 1.0), ratio=stretch, p=0.8),
        ]
    return steps


def _photometric(strength):
    if not strength:
        return []
    at = _scale(strength)
    hole = (0.1, at(0.1, 0.25, 0.35))
    return [
        A.OneOf(_colours(at), p=0.6),
        Recoloring(at(0, 40, 55), p=0.5),
        A.RandomGamma((at(100, 55, 48), at(100, 210, 260)), p=0.5),  # day and night
        A.RandomBrightnessContrast((at(0, -0.28, -0.35), at(0, 0.25, 0.35)), at(0, 0.4, 0.5), p=0.6),
        A.OneOf(  # lamps, shadows
            [
                A.Illumination(intensity_range=(at(0.01, 0.02, 0.02), at(0.01, 0.17, 0.2)), p=1.0),
                A.RandomShadow(
                    num_shadows_limit=(1, 3),
                    shadow_intensity_range=(at(0.0, 0.2, 0.2), at(0.0, 0.6, 0.8)),
                    p=1.0,
                ),
            ],
            p=0.35,
        ),
        A.OneOf(_blurs(at), p=0.3),
        A.OneOf([A.RandomSnow(p=1.0), A.RandomRain(p=1.0)], p=_fades(strength, 0.12)),
        A.Downscale((at(0.7, 0.25, 0.17), 0.7), _WEBCAM, p=0.45),
        A.GaussNoise((at(0.0, 0.01, 0.01), at(0.0, 0.06, 0.1)), p=0.2),
        A.ImageCompression(quality_range=(round(at(90, 25, 12)), 90), p=0.1),
        A.ToGray(p=0.25),
        A.CoarseDropout(  # occluding people and objects
            num_holes_range=(1, 3),
            hole_height_range=hole,
            hole_width_range=hole,
            fill="random_uniform",
            p=0.2,
        ),
    ]


def _colours(at):
    """Colour changes of season, weather and lamps."""
    shift = round(at(0, 26, 40))
    return [
        A.HueSaturationValue(round(at(0, 18, 27)), round(at(0, 70, 100)), 0, p=1.0),
        A.ColorJitter((1, 1), (1, 1), (at(1.0, 0.0, 0.0), at(1.0, 1.5, 2.0)), (0, 0), p=1.0),
        A.PlanckianJitter(mode="blackbody", p=1.0),
        A.RGBShift(shift, shift, shift, p=1.0),
    ]


def _blurs(at):
    """Blur of defocus and of motion."""
    return [
        A.GaussianBlur(blur_limit=0, sigma_limit=(at(0.0, 0.5, 0.5), at(0.0, 2.3, 3.5)), p=1.0),
        A.MotionBlur((3, 2 * round(at(0, 4, 7)) + 3), p=1.0),
    ]


def _fades(strength, probability):
    """Probability of a transform that has no strength of its own; reduced for strengths below 1."""
    return min(1.0, strength) * probability


def _scale(strength):
    """A function (value at strength 0, at 1, at 2) → value at this strength."""
    return lambda *values: float(np.interp(strength, (0.0, 1.0, 2.0), values))
