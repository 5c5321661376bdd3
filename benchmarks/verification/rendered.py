"""Rendered pairs, whose poses and depths are exact: honesty of the covariance, and camera models."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import chi2

from benchmarks.verification.errors import (
    PoseError,
    freedom,
    median,
    normalized_error,
    pose_error,
    within_bound,
)
from benchmarks.verification.methods import Method
from benchmarks.verification.outcome import Outcome
from benchmarks.verification.section import Section, percent
from place_recognition_ros.config import Config
from place_recognition_ros.types import Camera
from rendering.camera import pinhole
from rendering.lens import Lens, through, wide_size
from rendering.pairs import RenderedPair, Spread, render_pairs

SEEDS = (900, 901, 902)  # 300 to 399 are for training
PAIRS = 40  # of each town
SIZE = (640, 480)
FOCAL = 0.625  # share of the width
LENS_SEED, LENS_PAIRS, WIDE_FOCAL, LENS_DEGREES = 910, 30, 360.0, 30.0
SAME_DEGREES, SAME_SHARE = 1.0, 0.03  # two poses are the same: rotation; translation, of its length
K = pinhole(SIZE, FOCAL * SIZE[0])
LENSES = (
    Lens("plumb_bob", K, np.zeros(5), SIZE),  # the pinhole camera, with which the others are compared
    Lens("plumb_bob", K, np.array([-0.28, 0.08, 0.0008, -0.0006, -0.01]), SIZE),
    Lens("rational_polynomial", K, np.array([0.3, 0.05, 0.0005, 0.0004, 0.003, 0.6, 0.1, 0.004]), SIZE),
    Lens("equidistant", pinhole(SIZE, 0.5 * SIZE[0]), np.array([0.02, -0.008, 0.002, -0.0004]), SIZE),
)


@functools.lru_cache(maxsize=1)
def pairs() -> list[RenderedPair]:
    """The pairs of all towns."""
    return [pair for seed in SEEDS for pair in _town(seed, SIZE, FOCAL, PAIRS)]


def _town(seed: int, size: tuple[int, int], focal: float, count: int) -> Iterator[RenderedPair]:
    from rendering.town.world import TownWorld  # only here: it needs Panda3D

    yield from render_pairs(TownWorld(seed, size, focal=focal), seed, count)


def honesty(methods: Sequence[Method]) -> Section:
    """Errors of rendered pairs, and how many of them the published covariance admits."""
    camera = Camera(*SIZE, "", "plumb_bob", K, np.zeros(5))
    rows, curves = [], {}
    for method in methods:
        for with_depth in (False, True):
            found = [_compare(method, pair, camera, with_depth) for pair in pairs()]
            name = f"{method.name}, {'with' if with_depth else 'without'} depth"
            rows.append((name, *_cells(found)))
            nees = _normalized(found)
            if len(nees):
                expected = np.linspace(0.02, 0.98, 25)
                curves[name] = (
                    (100 * expected).tolist(),
                    [100 * float(np.mean(nees <= e)) for e in expected],
                )
    headings = (
        "features",
        "right",
        "verified",
        "rotation",
        "direction",
        "translation",
        "within the 95 % bound",
    )
    return Section("rendered", headings, rows, curves=curves)


Compared = tuple[Outcome, PoseError, RenderedPair]


def _compare(method: Method, pair: RenderedPair, camera: Camera, with_depth: bool) -> Compared:
    views = [
        method.describe(view.image, camera, view.depth if with_depth else None)
        for view in (pair.query, pair.match)
    ]
    found = method.verify(*views)
    return found, pose_error(found.pose, pair.relative), pair


def _is_verified(found: Outcome) -> bool:
    return found.pose is not None and found.inliers >= Config().min_inliers


def _cells(found: Sequence[Compared]) -> tuple[str, ...]:
    """Shares among all pairs; medians and the share within the bound among those that are verified."""
    verified = [each for each in found if _is_verified(each[0])]
    errors = [error for _, error, _ in verified]
    metric = [100 * error.share for error in errors if np.isfinite(error.share)]
    honest = [
        within_bound(each.pose, pair.relative)
        for each, _, pair in verified
        if each.pose is not None and np.isfinite(each.pose.covariance).all()
    ]
    return (
        percent(float(np.mean([error.right for _, error, _ in found]))),
        percent(len(verified) / len(found)),
        f"{median([error.rotation for error in errors]):.2f}°",
        f"{median([error.direction for error in errors]):.2f}°",
        f"{median(metric):.1f} %" if metric else "",
        percent(float(np.mean(honest))) if honest else "",
    )


def _normalized(found: Sequence[Compared]) -> np.ndarray:
    """(n,) probability of an error smaller than that of each verified pair, from its covariance."""
    return np.array(
        [
            chi2.cdf(normalized_error(each.pose, pair.relative), freedom(each.pose))
            for each, _, pair in found
            if _is_verified(each) and each.pose is not None and np.isfinite(each.pose.covariance).all()
        ]
    )


def lenses(methods: Sequence[Method]) -> Section:
    """The same pairs of views through several camera models."""
    size = wide_size(LENSES, WIDE_FOCAL)
    wide = pinhole(size, WIDE_FOCAL)
    rows = []
    found: dict[tuple[str, int], list[Outcome]] = {}
    truths = []
    for pair in _narrow_pairs(size):
        truths.append(pair.relative)
        for number, lens in enumerate(LENSES):
            camera = Camera(*SIZE, "", lens.distortion_model, lens.intrinsics, lens.distortion)
            seen = [through(lens, view.image, wide, view.depth) for view in (pair.query, pair.match)]
            for method in methods:
                views = [method.describe(image, camera, depth) for image, depth in seen]
                found.setdefault((method.name, number), []).append(method.verify(*views))
    for method in methods:
        reference = found[method.name, 0]
        for number, lens in enumerate(LENSES):
            outcomes = found[method.name, number]
            name = lens.distortion_model if number else "no distortion"
            against_truth = [pose_error(each.pose, truth) for each, truth in zip(outcomes, truths)]
            both = [
                pose_error(each.pose, other.pose.pose)
                for each, other in zip(outcomes, reference)
                if other.pose is not None and other.pose.scale_known
            ]
            rows.append((f"{method.name}, {name}", *_lens_cells(against_truth, both)))
    headings = (
        "features, camera model", "rotation error", "translation error",
        "rotation to that of no distortion", "translation", "the same pose",
    )  # fmt: skip
    return Section("lenses", headings, rows)


def _narrow_pairs(size: tuple[int, int]) -> list[RenderedPair]:
    """Pairs whose images have one light, weather and season, rendered wide."""
    from rendering.town.world import TownWorld

    world = TownWorld(LENS_SEED, size, samples=1.0, focal=WIDE_FOCAL / size[0])
    spread = Spread(degrees=LENS_DEGREES, overlap=0.4)
    return list(render_pairs(world, LENS_SEED, LENS_PAIRS, spread, same=1.0))


def _lens_cells(truth: Sequence[PoseError], other: Sequence[PoseError]) -> tuple[str, ...]:
    same = [e.rotation <= SAME_DEGREES and e.share <= SAME_SHARE for e in other]
    return (
        f"{median([e.rotation for e in truth]):.2f}°",
        f"{100 * median([e.share for e in truth]):.1f} %",
        f"{median([e.rotation for e in other]):.2f}°",
        f"{100 * median([e.share for e in other]):.1f} %",
        percent(float(np.mean(same))) if same else "",
    )
