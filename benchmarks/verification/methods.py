"""A method: features of one kind, and an estimation of the relative pose from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.verification import baseline
from benchmarks.verification.finders import Finder
from benchmarks.verification.outcome import Outcome
from place_recognition_ros.depth import with_depth
from place_recognition_ros.loops import geometry
from place_recognition_ros.types import Camera, FeatureKind, View

MAX_DEPTH = 100.0  # metres; the depth of rendered pairs is exact


class Method(NamedTuple):
    """What is measured. Without the package's estimation (SIFT) the plain one is used."""

    finder: Finder
    plain: bool = False  # baseline.verify instead of the package's loops.geometry.measure

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.finder.name}, plain" if self.plain and self.finder.kind != "sift" else self.finder.name

    def describe(self, image: np.ndarray, camera: Camera | None = None, depth=None) -> View:
        """The features of an image, with depth where it is given.

        Args:
            image: (H, W, 3) uint8 BGR.
            camera: None: only the size is known.
            depth: (H, W) float32 metres or uint16 millimetres, aligned to the image; 0: not known.
        """
        height, width = image.shape[:2]
        features = with_depth(self.finder.find(image), depth, width, height, MAX_DEPTH)
        return View(features, camera or Camera(width, height))

    def verify(self, query: View, match: View) -> Outcome:
        """Compare two images."""
        if self.plain:
            return baseline.verify(query, match, self.finder.kind)
        found = geometry.measure(query, match, settings(self.finder.kind))
        return Outcome(found.matches, found.inliers, found.pose, found.degenerate, found.pairs, found)


def settings(kind: FeatureKind) -> geometry.GeometrySettings:
    """The package's settings by default, for a kind of features."""
    return geometry.GeometrySettings(FeatureKind(kind))


def method(finder: Finder, plain: bool = False) -> Method:
    """A method with these features; SIFT has no other estimation than the plain one."""
    return Method(finder, plain or finder.kind == "sift")
