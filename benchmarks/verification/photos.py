"""Images without poses: night and day of one landmark, and places that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.verification.errors import area_under_curve
from benchmarks.verification.methods import Method
from benchmarks.verification.section import Section, percent
from benchmarks.verification.sets import Photo, ie_tower, koe, rtabmap_corridor, two_floors
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.types import View

SIFT_SIZE = 16.0  # pixels of the reduced image, diameter of a keypoint
LONGER_SIDE = 512  # pixels; images are reduced or enlarged to it for descriptors at corresponding points
PATCH = 21  # pixels of the reduced image
ALIKE = 0.75  # cosine of SIFT descriptors from which on two points are of one detail
WRONG_PAIRS, RIGHT_PAIRS, SEED = 250, 150, 0
SECONDS = 2  # between the frames of a right pair of ie_tower
EVERY = 12  # only each nth frame of ie_tower is in a wrong pair
STEPS = np.arange(8, 81, 2)  # inliers, of the sweep


def night_and_day(methods: Sequence[Method]) -> Section:
    """Night images against day images of landmarks: verified right ones where no wrong one is."""
    photos = koe()
    night = [photo for photo in photos if photo.condition == "night"]
    day = [photo for photo in photos if photo.condition == "day"]
    similar = describe_all(night) @ describe_all(day).T
    best = similar.argmax(axis=1)
    right = [row for row, column in enumerate(best) if night[row].place == day[column].place]
    wrong = [
        (row, column)
        for row, dark in enumerate(night)
        for column, light in enumerate(day)
        if dark.place != light.place
    ]
    least = Config().min_inliers
    rows, curves = [], {}
    for method in methods:
        views = [[method.describe(photo.image) for photo in side] for side in (night, day)]
        good, bad = (
            np.array([method.verify(views[0][a], views[1][b]).largest_threshold() for a, b in pairs])
            for pairs in (zip(right, best[right]), wrong)
        )
        strict = int(bad.max()) + 1
        rows.append(
            (
                method.name,
                f"{int(np.sum(good >= strict))} of {len(right)} ({percent(float(np.mean(good >= strict)))})",
                str(strict),
                percent(float(np.mean(good >= least))),
                f"{int(np.sum(bad >= least))} of {bad.size}",
            )
        )
        curves[method.name] = (STEPS.tolist(), [100 * float(np.mean(good >= step)) for step in STEPS])
        curves[method.name + " wrong"] = (STEPS.tolist(), [100 * float(np.mean(bad >= n)) for n in STEPS])
    headings = (
        "features", "right top matches verified, no wrong pair", "inliers needed",
        f"right, ≥{least} inliers", "wrong pairs",
    )  # fmt: skip
    note = f"{len(right)} of {len(night)} night images have a day image of their landmark as top match."
    return Section("night", headings, rows, note, curves)


class LookAlikes(NamedTuple):
    """Pairs of one place, and pairs of places that only look alike."""

    name: str
    right: list[tuple[Photo, Photo]]
    wrong: list[tuple[Photo, Photo]]


def look_alikes(methods: Sequence[Method]) -> Section:
    """What separates pairs of one place from pairs of two places that look alike."""
    rows = []
    sets = (_floors(), _tower(), _corridor())
    for method in methods:
        for pairs in sets:
            photos = {photo for side in (pairs.right, pairs.wrong) for both in side for photo in both}
            looks = {each: Looks.of(each.image, method.describe(each.image)) for each in photos}
            right, wrong = (
                [_signs(method, looks[a], looks[b]) for a, b in side] for side in (pairs.right, pairs.wrong)
            )
            for sign in Signs._fields:
                a, b = ([getattr(each, sign) for each in side] for side in (right, wrong))
                rows.append(
                    (
                        f"{method.name}, {pairs.name}",
                        NAMES[sign],
                        f"{np.median(a):.2f}",
                        f"{np.median(b):.2f}",
                        f"{np.percentile(b, 95):.2f}",
                        f"{area_under_curve(a, b):.3f}",
                        percent(float(np.mean(np.array(a) > np.percentile(b, 99)))),
                    )
                )
    headings = (
        "features, set", "sign", "right, median", "wrong, median", "wrong, 95 %",
        "area under the ROC curve", "right above 99 % of wrong",
    )  # fmt: skip
    return Section("look_alikes", headings, rows)


class Signs(NamedTuple):
    """What may tell a right pair from a wrong one."""

    inliers: float
    ratio: float  # inliers by matches
    sift: float  # median cosine of the SIFT descriptors at the inliers
    patch: float  # median correlation of the patches at the inliers
    alike: float  # number of inliers whose SIFT descriptors are alike
    alike_ratio: float  # the same by matches


NAMES = {
    "inliers": "inliers",
    "ratio": "inliers by matches",
    "sift": "SIFT cosine at inliers",
    "patch": "patch correlation at inliers",
    "alike": "inliers with alike SIFT",
    "alike_ratio": "the same by matches",
}


def _signs(method: Method, query: Looks, match: Looks) -> Signs:
    found = method.verify(query.view, match.view)
    total = max(1, found.matches)
    if found.pairs is None or not len(found.pairs):
        return Signs(found.inliers, found.inliers / total, 0.0, 0.0, 0.0, 0.0)
    here, there = found.pairs.T
    sift = (query.sift[here] * match.sift[there]).sum(axis=1)
    patch = (query.patches[here] * match.patches[there]).sum(axis=1)
    alike = float(np.sum(sift >= ALIKE))
    return Signs(
        found.inliers,
        found.inliers / total,
        float(np.median(sift)),
        float(np.median(patch)),
        alike,
        alike / total,
    )


class Looks(NamedTuple):
    """An image, and what it looks like at each of its features."""

    view: View
    sift: np.ndarray  # (N, 128) float32, unit norm: upright SIFT descriptors
    patches: np.ndarray  # (N, PATCH²) float32, zero mean and unit norm

    @classmethod
    def of(cls, image: np.ndarray, view: View) -> Looks:
        """The looks of an image, (H, W, 3) uint8 BGR, at the features of its view."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        scale = LONGER_SIDE / max(gray.shape)
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        x, y = ((view.features[axis] + 0.5) * scale - 0.5 for axis in "xy")
        points = [cv2.KeyPoint(float(a), float(b), SIFT_SIZE, 0.0) for a, b in zip(x, y)]
        if not points:
            return cls(view, np.zeros((0, 128), np.float32), np.zeros((0, PATCH**2), np.float32))
        sift = cv2.SIFT_create().compute(gray, points)[1]  # type: ignore[attr-defined]
        cut = [cv2.getRectSubPix(gray, (PATCH, PATCH), (float(a), float(b))) for a, b in zip(x, y)]
        flat = np.array(cut, np.float32).reshape(len(cut), -1)
        return cls(view, _unit(sift), _unit(flat - flat.mean(axis=1, keepdims=True)))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def describe_all(photos: Sequence[Photo]) -> np.ndarray:
    """(N, D) float32: the global descriptors of the default network."""
    extractor = open_extractor(threads=1)
    return np.array([extractor.describe(photo.image) for photo in photos])


def _floors() -> LookAlikes:
    photos = two_floors()
    right = [(a, b) for a, b in zip(photos, photos[2:]) if a.place == b.place]
    return LookAlikes(
        "two_floors", _chosen(right, RIGHT_PAIRS), _alike(photos, lambda a, b: a.place != b.place)
    )


def _tower() -> LookAlikes:
    photos = ie_tower()
    right = [(a, b) for a, b in zip(photos, photos[SECONDS:]) if a.condition == b.condition]
    few = photos[::EVERY]
    return LookAlikes("ie_tower", _chosen(right, RIGHT_PAIRS), _alike(few, lambda a, b: a.place != b.place))


def _corridor() -> LookAlikes:
    photos = rtabmap_corridor()
    first, later = ([p for p in photos if (p.condition == "lap1") == side] for side in (True, False))
    right = [(a, b) for a in later for b in first if a.place == b.place]
    far = _alike(photos, lambda a, b: abs(int(a.place) - int(b.place)) > 5)
    return LookAlikes("rtabmap_corridor", right, far)


def _alike(photos: Sequence[Photo], different) -> list[tuple[Photo, Photo]]:
    """For each image the most similar ones of other places."""
    vectors = describe_all(photos)
    similar = vectors @ vectors.T
    each = max(1, WRONG_PAIRS // len(photos))
    allowed = np.array([[different(a, b) for b in photos] for a in photos])
    best = np.argsort(-np.where(allowed, similar, -2.0), axis=1)[:, :each]
    pairs = {tuple(sorted((row, int(column)))) for row, found in enumerate(best) for column in found}
    return _chosen([(photos[a], photos[b]) for a, b in sorted(pairs)], WRONG_PAIRS)


def _chosen(pairs: list, count: int) -> list:
    order = np.random.default_rng(SEED).permutation(len(pairs))[:count]
    return [pairs[number] for number in order]
