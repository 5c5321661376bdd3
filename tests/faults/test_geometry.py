"""Points, calibrations and depths from which no scene follows, and solvers that return nonsense."""

import cv2
import numpy as np

from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.types import FEATURE, Camera, FeatureKind, View
from tests.faults.forms import fault, forms
from tests.loops import conftest as pairs
from tests.loops.test_geometry import COVERED, NOT_VERIFIED, features_at, project, verify

make_pair = pairs.make_pair
COUNTS = [0, 1, 2, 5, 7, 8, 9, 12, 13, 15, 20, 40, 100]  # points
DEPTHS = [np.nan, 0.0, -1.0, 1.0, np.inf, 1e30, 1e-30]
FOCAL = [1e-9, 17.0, 300.0, 300.0, 300.0, 1e9, np.nan, -300.0]
SIZES = [(320, 240), (320, 240), (320, 240), (0, 0), (1, 1), (10**9, 1), (-5, 7)]
COEFFICIENTS = {"": 0, "plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4, "unknown": 4}


def degenerate_sets(rng, count):
    """Point sets on which solvers fail: (name, points of the first view, points of the second view)."""
    free, other = rng.uniform(0, 320, (2, count, 2))
    line = np.stack([np.linspace(0, 300, count), np.full(count, 7.0)], axis=1)
    spot = np.full((count, 2), 50.0)
    holes = np.where(rng.random((count, 2)) < 0.3, np.nan, free)
    far = np.where(rng.random((count, 2)) < 0.3, np.inf, free)
    yield "random", free, other
    yield "line", line, line + (3, 0)
    yield "line to random", line, other
    yield "spot", spot, spot
    yield "spot to random", spot, other
    yield "blur to random", spot + rng.uniform(0, 3, (count, 2)), other
    yield "two spots", np.where(rng.random((count, 1)) < 0.5, spot, 2 * spot), spot
    yield "NaN", holes, other
    yield "all NaN", np.full((count, 2), np.nan), np.full((count, 2), np.nan)
    yield "infinite", far, other
    yield "huge", 1e30 * free, 1e30 * other
    yield "negative", -free, -other - 1000


def hostile_camera(rng):
    """A camera that is sometimes reasonable."""
    model = rng.choice(list(COEFFICIENTS))
    count = COEFFICIENTS[model] if rng.random() < 0.8 else rng.integers(0, 15)
    scale = rng.choice([0.0, 0.01, 0.1, 10.0, 1e6, 1e300, np.nan])
    width, height = SIZES[rng.integers(len(SIZES))]
    matrix = np.diag([*rng.choice(FOCAL, 2), 1.0]) if rng.random() < 0.3 else np.diag((300.0, 300.0, 1.0))
    matrix[:2, 2] = (159.5, 119.5) if rng.random() < 0.8 else rng.choice([0.0, 1e9, np.inf], 2)
    return Camera(width, height, "", str(model), matrix, rng.normal(size=count) * scale)


def hostile_view(rng, points, appearance):
    features = features_at(points, appearance)
    kind = rng.integers(3)
    features["depth"] = (rng.choice(DEPTHS), rng.uniform(0.1, 9), rng.choice(DEPTHS))[kind]
    if kind == 1:
        features["depth"] *= rng.uniform(0.1, 9, len(features))
    return View(features, None if rng.random() < 0.1 else hostile_camera(rng))


def rigid_sets(rng, count):
    """Point sets of which a hostile camera may give poses."""
    points = rng.uniform((-3, -2, 4), (3, 2, 10), (count, 3))
    yield "rigid", project(points, 0.0, (0, 0, 0)), project(points, 0.1, (0.6, 0.1, 0.3))
    yield "rotation", project(points, 0.0, (0, 0, 0)), project(points, 0.1, (0, 0, 0))
    points[:, 2] = 5.0
    yield "plane", project(points, 0.0, (0, 0, 0)), project(points, 0.1, (0.6, 0.1, 0.3))
    free = rng.uniform(0, 320, (count, 2))
    yield "same", free, free
    yield "mirrored", free, free[:, ::-1]
    yield "rounded", np.round(free / 100) * 100, free


def check(found, count, name):
    """A result of any points is possible: a pose is a rigid motion, and its covariance is one."""
    assert 0 <= found.inliers <= found.matches <= count, name
    assert len(found.pairs) in (0, found.inliers), name
    if found.pose is not None:
        assert found.pose.pose.is_rigid, name
        covariance = found.pose.covariance
        assert covariance.shape == (6, 6), name
        assert np.linalg.eigvalsh(covariance).min() >= -1e-9 * np.abs(covariance).max(), name


@fault(19, "Too few or degenerate points; solver returns None or 9×3")
@forms(4, 40)
def test_degenerate_points_are_never_verified(amount, rng, tried):
    """Nor do errors of the solvers cause an exception."""
    sets = 0
    for count in COUNTS * amount:
        appearance = rng.integers(0, 256, (count, 32)).astype(np.uint8)
        for name, first, second in degenerate_sets(rng, count):
            found = verify(features_at(first, appearance), features_at(second, appearance))
            assert found.reason in NOT_VERIFIED or found.coverage < COVERED, name
            assert 0 <= found.inliers <= found.matches <= count, name
            sets += 1
    tried("12 kinds of points: lines, spots, NaN, huge, 0 to 100 of them", f"{sets} sets", "none verified")


@fault(19, "Too few or degenerate points; solver returns None or 9×3")
@forms(1, 20)
def test_hostile_calibrations_and_depths_cause_no_exception(amount, rng, tried):
    sets = 0
    for count in COUNTS * amount:
        for name, *points in [*degenerate_sets(rng, count), *rigid_sets(rng, count)]:
            appearance = rng.integers(0, 256, (count, 32)).astype(np.uint8)
            views = [hostile_view(rng, each, appearance) for each in points]
            check(measure(*views, GeometrySettings(rng.choice(list(FeatureKind)), 8)), count, name)
            sets += 1
    tried("18 kinds of points with impossible calibrations and depths", f"{sets} sets", "no exception")


@fault(19, "Too few or degenerate points; solver returns None or 9×3")
@forms(50, 1000)
def test_random_bytes_as_features_are_never_verified(amount, rng, tried):
    """As in a damaged map without a CRC."""
    with np.errstate(all="ignore"):
        for _ in range(amount):
            views = [np.frombuffer(rng.bytes(FEATURE.itemsize * 60), FEATURE) for _ in range(2)]
            views[1] = views[1].copy()
            views[1]["descriptor"] = views[0]["descriptor"]
            found = verify(*views)
            assert found.reason in NOT_VERIFIED or found.coverage < COVERED
    tried("random bytes as features", f"{amount} pairs", "none verified")


def nonsense(rng, kind):
    """A matrix as OpenCV returns it for degenerate points."""
    shape = [(3, 3), (9, 3), (6, 3), (0, 0), (1, 3), (3, 4), (2, 2), (12, 3)][rng.integers(8)]
    filled = rng.normal(size=shape) * rng.choice([0.0, 1e-300, 1e-9, 1.0, 1e9, 1e300])
    if rng.random() < 0.3 and filled.size:
        filled.flat[rng.integers(filled.size)] = rng.choice([np.nan, np.inf])
    return None if rng.random() < 0.2 else filled


SOLVERS = {  # of OpenCV → its result for a matrix
    "findFundamentalMat": lambda matrix: (matrix, None),
    "findEssentialMat": lambda matrix: (matrix, None),
    "findHomography": lambda matrix: (matrix, None),
    "solvePnPRansac": lambda matrix: (matrix is not None, *_two_vectors(matrix), None),
}


def _two_vectors(matrix):
    if matrix is None or matrix.size < 6:
        return None, None
    return matrix.ravel()[:3].reshape(3, 1), matrix.ravel()[3:6].reshape(3, 1)


@fault(19, "Too few or degenerate points; solver returns None or 9×3")
@forms(60, 1000)
def test_a_solver_that_returns_nonsense_causes_no_exception(amount, make_pair, rng, monkeypatch, tried):
    """Each of OpenCV's solvers in turn, also where it raises; with and without calibration and depth."""
    names = sorted(SOLVERS)
    for number in range(amount):
        known = bool(number % 2), bool(number % 3)
        query, match, _, _ = make_pair(count=60, clutter=20, depth=known, plane=number % 5 == 0)
        if number % 4 == 0:
            query, match = (view._replace(camera=None) for view in (query, match))
        with monkeypatch.context() as patch:
            for name in rng.choice(names, rng.integers(1, len(names) + 1), replace=False):
                fails = rng.random() < 0.2

                def solve(*arguments, name=name, fails=fails):
                    if fails:
                        raise cv2.error("degenerate")
                    return SOLVERS[name](nonsense(rng, name))

                patch.setattr(cv2, name, solve)
            check(measure(query, match, GeometrySettings(FeatureKind.NETWORK, 8)), 80, number)
    tried("solvers that return None, 9×3, NaN or raise", f"{amount} pairs", "no exception")
