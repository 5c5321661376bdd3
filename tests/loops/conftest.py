"""Synthetic pairs of views with a known motion."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from place_recognition_ros.loops.camera_model import rays
from place_recognition_ros.types import FEATURE, View
from tests.loops.scenes import camera_of, in_view, vectors


@pytest.fixture
def make_pair(rng):
    """``make_pair(**scene)`` → (query View, match View, rotation, translation): x_match = R x_query + t.

    Positions have noise of ``noise`` pixels of an image of 480 pixels. ``wrong``: share of mismatches. Depths
    have 1 % of noise, 5 % of them are wrong and 10 % missing.
    """

    def make_pair(
        count=150, turn=12.0, base=0.5, noise=0.7, wrong=0.2, depth=(False, False), plane=False,
        cameras=(None, None), clutter=100, generator=None,
    ):  # fmt: skip
        numbers = rng if generator is None else generator
        here, there = (each or camera_of() for each in cameras)
        axis, translation = numbers.normal(size=(2, 3))
        rotation = Rotation.from_rotvec(np.radians(turn) * axis / np.linalg.norm(axis)).as_matrix()
        translation *= base / np.linalg.norm(translation)
        pixels = numbers.uniform(0, 1, (60 * count, 2)) * (there.width - 1, there.height - 1)
        plane_points = rays(there, pixels).points
        pixels = pixels[np.isfinite(plane_points).all(axis=1)]
        points = np.insert(rays(there, pixels).points, 2, 1.0, axis=1)
        distance = 3 / (points @ (0.3, 0.2, 1.0)) if plane else numbers.uniform(2, 8, len(points))
        points *= distance[:, None]
        back = (points - translation) @ rotation
        seen, inside = in_view(here, back)
        rows = np.flatnonzero(inside & (distance > 0.2))[:count]
        assert len(rows) == count, "the views overlap too little"
        views = []
        appearance = vectors(numbers, count)
        for camera, where, metres, known in (
            (here, seen[rows], back[rows, 2], depth[0]),
            (there, pixels[rows], points[rows, 2], depth[1]),
        ):
            features = np.zeros(count + clutter, FEATURE)
            everywhere = numbers.uniform(0, 1, (count + clutter, 2)) * (camera.width, camera.height)
            everywhere[:count] = where + numbers.normal(0, noise * camera.width / 480, (count, 2))
            features["x"], features["y"] = everywhere.T
            features["descriptor"] = np.concatenate([appearance, vectors(numbers, clutter)])
            features["depth"] = np.nan
            if known:
                metres = metres * (1 + numbers.normal(0, 0.01, count))
                bad = numbers.random(count) < 0.05
                metres[bad] *= numbers.uniform(0.5, 2.0, int(bad.sum()))
                metres[numbers.random(count) < 0.1] = np.nan
                features["depth"][:count] = metres
            views.append(View(features, camera))
        moved = np.flatnonzero(numbers.random(count) < wrong)
        views[1].features["descriptor"][numbers.permutation(moved)] = appearance[moved]
        return views[0], views[1], rotation, translation

    return make_pair


@pytest.fixture
def errors_of():
    """``errors_of(pose, R, t)`` → (6,) error of a RelativePose; without scale, of the direction."""

    def errors_of(found, rotation, translation):
        difference = Rotation.from_matrix(rotation @ found.pose.rotation.as_matrix().T).as_rotvec()
        if not found.scale_known:
            translation = translation / np.linalg.norm(translation)
        return np.concatenate([translation - found.pose.position, difference])

    return errors_of
