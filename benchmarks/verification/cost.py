"""What features and verification cost, and what they do with hostile input."""

from __future__ import annotations

import os
from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.figures import timed
from benchmarks.verification.methods import Method
from benchmarks.verification.section import Section
from benchmarks.verification.sets import kitchen
from place_recognition_ros.types import FEATURE, Camera, View

SIZE = (640, 480)
ROUNDS, WARM_UP = 40, 5
KB = 1000.0
HOSTILE, SEED = 5000, 0
BIGGEST = 1e30


def costs(methods: Sequence[Method]) -> Section:
    """Milliseconds on one thread and bytes, for images of 640×480 with intrinsics."""
    rows = []
    pairs = kitchen(ROUNDS)
    for method in methods:
        images = [cv2.resize(pair.query.image, SIZE) for pair in pairs]
        features = [timed(method.finder.find, image) for image in images]
        views = [
            (method.describe(p.query.image, p.query.camera), method.describe(p.match.image, p.match.camera))
            for p in pairs
        ]
        checks = [timed(method.verify, *both)[0] for both in views]
        middle, high = 1e3 * np.percentile(checks[WARM_UP:], (50, 95))
        count = int(np.median([len(found) for _, found in features]))
        rows.append(
            (
                method.name,
                f"{1e3 * np.median([seconds for seconds, _ in features[WARM_UP:]]):.1f} ms",
                f"{middle:.1f} ms",
                f"{high:.1f} ms",
                str(count),
                f"{max(len(found) for _, found in features) * method.finder.bytes_each / KB:.1f} kB",
            )
        )
    headings = ("features", "finding them", "one verification, median", "95 %", "number", "stored, maximum")
    note = f"One thread; load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores at the end."
    return Section("cost", headings, rows, note)


def hostile(methods: Sequence[Method]) -> Section:
    """Exceptions of the package's verification on random, degenerate and damaged input."""
    rows = []
    for method in methods:
        if method.plain:
            continue
        random = np.random.default_rng(SEED)
        failures: dict[str, int] = {}
        odd = 0
        for _ in range(HOSTILE):
            query, match = hostile_pair(random)
            try:
                pose = method.verify(query, match).pose
            except Exception as error:  # any is a fault
                failures[type(error).__name__] = failures.get(type(error).__name__, 0) + 1
                continue
            odd += pose is not None and not (pose.pose.is_rigid and np.isfinite(pose.covariance).all())
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(failures.items()))
        rows.append((method.name, f"{HOSTILE:,}", str(sum(failures.values())), kinds or "none", str(odd)))
    return Section("hostile", ("features", "pairs", "exceptions", "which", "poses that are not finite"), rows)


def hostile_pair(random: np.random.Generator) -> tuple[View, View]:
    """Two views made to break a solver."""
    count = int(random.choice([0, 1, 2, 4, 7, 8, 9, 20, 60, 200]))
    query = np.zeros(count, FEATURE)
    query["descriptor"] = random.integers(0, 256, (count, 32))
    query["depth"] = random.choice([np.nan, 0.0, 1.0, 3.0, -1.0, np.inf], count)
    match = query[random.permutation(count)] if random.random() < 0.7 else query.copy()
    for features in (query, match):
        shape = LAYOUTS[int(random.integers(len(LAYOUTS)))]
        features["x"], features["y"] = shape(random, count).T
    if random.random() < 0.3:  # the same points, moved, so that most are inliers
        match["x"], match["y"] = query["x"] + 5, query["y"]
        match["descriptor"] = query["descriptor"]
    return View(query, hostile_camera(random)), View(match, hostile_camera(random))


LAYOUTS = (
    lambda random, n: random.uniform(0, 640, (n, 2)),
    lambda random, n: np.full((n, 2), random.uniform(0, 640)),  # one point
    lambda random, n: random.uniform(0, 640, (n, 1)) * [1.0, 0.5],  # a line
    lambda random, n: random.integers(0, 3, (n, 2)) * 100.0,  # few points, many times
    lambda random, n: random.choice([0.0, np.nan, np.inf, -np.inf, BIGGEST, 5.0], (n, 2)),
    lambda random, n: random.normal(0, 1e-6, (n, 2)) + 300,
    lambda random, n: random.uniform(-1, 1, (n, 2)) * 10.0 ** random.integers(-3, 12),
)


def hostile_camera(random: np.random.Generator) -> Camera | None:
    """A camera that may be missing, not calibrated, or nonsense."""
    choice = int(random.integers(6))
    if choice == 0:
        return None
    if choice == 1:
        return Camera(640, 480)
    model = str(random.choice(["plumb_bob", "rational_polynomial", "equidistant", "", "unknown"]))
    focal = float(random.choice([400.0, 0.0, -300.0, np.nan, np.inf, 1e-9, 1e12], p=[0.7] + [0.05] * 6))
    k = np.array([[focal, 0, 320], [0, focal, 240], [0, 0, 1]])
    size = int(random.choice([0, 4, 5, 8, 12]))
    distortion = random.normal(0, float(random.choice([0.0, 0.1, 10.0])), size)
    if random.random() < 0.1 and size:
        distortion[0] = np.nan
    width = int(random.choice([640, 640, 640, 0, 1, -5, 10**9]))
    return Camera(width, 480, "", model, k, distortion)
