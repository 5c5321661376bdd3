"""A road of synthetic places that robots drive along: descriptors and local features without images."""

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.fleet.matching import Matching
from place_recognition_ros.fleet.messages import Models
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import FEATURE, FeatureKind
from tests.loops.scenes import camera_of, in_view, vectors

SIZE = 64
MODELS = Models("synthetic-0123456789ab", SIZE, "synthetic features", FeatureKind.NETWORK)
CAMERA = camera_of()
POINTS, CLUTTER = 200, 20
NOISE = 0.6  # of the descriptor of a place, that a robot adds to it: its cosine with another robot's is 0.74
SEEN = 1.5  # metres between the places of two robots


def matching(**parameters):
    """How the server compares keyframes of this world."""
    return Matching(Config(**parameters), MODELS, 0.4, Coefficients())


def describe(place, robot):
    """The descriptor and the features of a place as a robot sees it.

    Args:
        place: number.
        robot: number; another one sees it from another viewpoint.
    """
    numbers = np.random.RandomState(place)
    base = numbers.normal(size=SIZE)
    points = numbers.uniform((-4, -3, 4), (4, 3, 12), (20 * POINTS, 3))
    points = points[in_view(CAMERA, points)[1]][:POINTS]
    looks = vectors(numbers, POINTS)
    numbers = np.random.RandomState(1000 * (robot + 1) + place)
    own = base + NOISE * numbers.normal(size=SIZE)
    offset = SEEN / 4 * numbers.uniform(-1, 1, 3)
    pixels, inside = in_view(CAMERA, points + offset)
    rows = np.flatnonzero(inside)
    features = np.zeros(len(rows) + CLUTTER, FEATURE)
    everywhere = numbers.uniform(0, 1, (len(features), 2)) * (CAMERA.width, CAMERA.height)
    everywhere[: len(rows)] = pixels[rows] + numbers.normal(0, 0.5, (len(rows), 2))
    features["x"], features["y"] = everywhere.T
    features["descriptor"] = np.concatenate([looks[rows], vectors(numbers, CLUTTER)])
    features["depth"] = np.nan
    return (own / np.linalg.norm(own)).astype(np.float32), features
