"""Photographs and frames with known poses: strecha, and 7scenes_redkitchen with depth."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from benchmarks.verification.errors import PoseError, median, pose_error
from benchmarks.verification.methods import Method
from benchmarks.verification.section import Section, percent
from benchmarks.verification.sets import BINS, Pair, Shot, kitchen, strecha
from place_recognition_ros.types import View

NEAR = 30.0  # degrees; the medians are those of pairs up to this angle


class Views:
    """The features of each image, computed once."""

    def __init__(self, method: Method, with_depth: bool = False) -> None:
        self._method, self._with_depth = method, with_depth
        self._known: dict[str, View] = {}

    def of(self, shot: Shot) -> View:
        """The view of an image."""
        if shot.path not in self._known:
            depth = shot.depth if self._with_depth else None
            self._known[shot.path] = self._method.describe(shot.image, shot.camera, depth)
        return self._known[shot.path]


def errors_of(method: Method, pairs: Sequence[Pair], with_depth: bool = False) -> list[PoseError]:
    """The error of each pair."""
    views = Views(method, with_depth)
    return [
        pose_error(method.verify(views.of(pair.query), views.of(pair.match)).pose, pair.truth)
        for pair in pairs
    ]


def buildings(methods: Sequence[Method]) -> Section:
    """Share of right poses by the angle between the views, and medians up to 30°."""
    sets = strecha()
    rows, curves = [], {}
    for method in methods:
        errors = errors_of(method, [pair for bin_ in BINS for pair in sets[bin_]])
        angles = np.concatenate([[pair.degrees for pair in sets[bin_]] for bin_ in BINS])
        right = np.array([error.right for error in errors])
        shares = [float(right[(low <= angles) & (angles < high)].mean()) for low, high in BINS]
        near = [error for error, angle in zip(errors, angles) if angle < NEAR]
        medians = [median([e.rotation for e in near]), median([e.direction for e in near])]
        rows.append((method.name, *map(percent, shares), *(f"{value:.2f}°" for value in medians)))
        curves[method.name] = ([(low + high) / 2 for low, high in BINS], [100 * share for share in shares])
    headings = ("features", *(f"{a}–{b}°" for a, b in BINS), "rotation, ≤30°", "direction, ≤30°")
    return Section("strecha", headings, rows, curves=curves)


def rooms(methods: Sequence[Method]) -> Section:
    """7scenes_redkitchen with and without depth."""
    rows = []
    for method, naive in itertools.product(methods, (False, True)):
        pairs = kitchen(naive=naive)
        metric = errors_of(method, pairs, with_depth=True)
        plain = errors_of(method, pairs)
        found = np.mean([np.isfinite(error.metres) for error in metric])
        centimetres = 100 * median([error.metres for error in metric])
        rows.append(
            (
                f"{method.name}, 585 px for both cameras" if naive else method.name,
                percent(float(found)),
                f"{centimetres:.1f} cm",
                f"{median([error.rotation for error in metric]):.2f}°",
                percent(float(np.mean([error.right for error in plain]))),
                f"{median([error.rotation for error in plain]):.2f}°",
                f"{median([error.direction for error in plain]):.1f}°",
            )
        )
    headings = (
        "features", "pose in metres", "translation", "rotation",
        "without depth: right", "rotation", "direction",
    )  # fmt: skip
    return Section("kitchen", headings, rows)
