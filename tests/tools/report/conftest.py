"""Runs over painted places: with and without odometry and ground truth."""

import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.poses import Pose
from place_recognition_ros.stream.odometry import StampedPose
from place_recognition_ros.tools.replay.judge import Judge, Limits
from place_recognition_ros.tools.replay.run import run
from place_recognition_ros.tools.replay.source import Decoded, Item, Source
from place_recognition_ros.tools.replay.truth import Spot
from place_recognition_ros.tools.report.findings import gather
from place_recognition_ros.tools.report.page import page
from place_recognition_ros.tools.report.pairs import Gallery
from place_recognition_ros.types import FeatureKind

SECOND = 10**9
PLACES = [*range(1, 13), 2, 3, 4, 5, 20, 21]  # layouts; the second visit is shifted
REVISITS = [12, 13, 14, 15]  # rows
MATCHES = [1, 2, 3, 4]


@pytest.fixture
def images(paint):
    return [paint(place, shift=12 if row in REVISITS else 0) for row, place in enumerate(PLACES)]


@pytest.fixture
def source(images):
    """``source(odometry)`` → Source of the images, one a second."""

    def source(odometry=False):
        def items():
            for number, (image, place) in enumerate(zip(images, PLACES)):
                stamp, pose = (number + 1) * SECOND, None
                if odometry:
                    there = Pose(np.array([place, place % 3, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
                    pose = StampedPose(stamp, there, "odom", "base_link")
                yield Item(number, stamp, lambda image=image: Decoded(image), f"{number}.png", pose)

        return Source("drive <1>", "test", len(images), items, notes=["a note & more"])

    return source


@pytest.fixture
def judge():
    """Ground truth by which the last revisit is another place."""
    xs = [10.0 * place for place in PLACES]
    xs[REVISITS[-1]] = 500.0
    spots = [Spot(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])) for x in xs]
    stamps = [(number + 1) * SECOND for number in range(len(PLACES))]
    return Judge(spots, stamps, Limits(5.0, 45.0), 5 * SECOND)


_REPORTS = {}  # by odometry and ground truth


@pytest.fixture
def report(make_detector, source, judge):
    """``report(odometry, truth)`` → (Findings, HTML); each is made once."""

    def report(odometry=False, truth=False):
        if (odometry, truth) not in _REPORTS:
            detector = make_detector()
            done = run(source(odometry), Config(), detector, lambda count, total: None)
            findings = gather(done, judge if truth else None, "a test." if truth else "")
            gallery = Gallery(findings, detector.map.store, FeatureKind.ORB)
            _REPORTS[odometry, truth] = findings, page(findings, gallery)
        return _REPORTS[odometry, truth]

    return report
