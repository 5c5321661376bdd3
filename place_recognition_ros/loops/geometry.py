"""Geometric verification: do the local features of two images fit one rigid scene, and how did the camera
move between them?
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.loops.camera_model import MAX_PIXEL, Rays, is_calibrated, rays
from place_recognition_ros.loops.matching import Matches, match_features
from place_recognition_ros.loops.metric_pose import metric_pose
from place_recognition_ros.loops.models import MIN_POINTS, calibrated_model, uncalibrated_model
from place_recognition_ros.loops.refinement import Estimate
from place_recognition_ros.loops.residuals import Correspondences, sampson
from place_recognition_ros.loops.support import (
    Region,
    carried,
    inside,
    measure_support,
    moved_object,
    one_object,
    roll_between,
)
from place_recognition_ros.loops.two_view import Scene, calibrated_scene, uncalibrated_scene
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import FeatureKind, RelativePose, View

EPIPOLAR_TOLERANCE = 2.0  # pixels of the reduced image
MAX_REGION = 1024  # pixels
MIN_SPREAD = 0.05  # of the image's longer side: standard deviation of the inliers on each axis
REPEATED = 0.5  # of the inliers have a second detail in the match that looks the same
ROLLED = np.radians((3.0, 7.0))  # about the optical axis, of one camera to the other: hardly, and clearly
MAX_OBJECTS = 2  # that are set aside, one after the other

FEW_POINTS = "too few points"
REPEATED_TEXTURE = "repeated texture"
ONE_OBJECT = "one object"


class GeometrySettings(NamedTuple):
    """How images are compared."""

    kind: FeatureKind = FeatureKind.NETWORK
    min_points: int = MIN_POINTS  # with fewer matched features no scene is fitted
    longer_side: int = 480  # pixels; tolerances are those of images reduced to this size, whatever the camera


class Geometry(NamedTuple):
    """What geometric verification measured on two images."""

    matches: int  # of local features
    inliers: int = 0  # of the model of the scene
    spread: bool = (
        False  # whether the inliers spread over both images; in a spot or on a line almost anything fits
    )
    coverage: float = (
        0.0  # inliers among all features of the region that they cover; the lower of both images
    )
    pose: Optional[RelativePose] = None  # None: not calibrated, or not determined
    degenerate: str = ""  # what keeps the scene or the motion from being determined; empty: nothing
    pairs: np.ndarray = np.zeros((0, 2), int)  # (inliers, 2) int, rows of the features of query and match
    breadth: float = 0.0  # share of the image that is found again, see Support
    shift: float = 0.0  # median distance of an inlier from its place in the match, of the image's longer side
    rolled: float = 0.0  # how much higher the coverage of the other image is, where one camera was rolled


class _Points(NamedTuple):
    """The features of an image that have usable coordinates."""

    rows: np.ndarray  # (N,) int, of the view's features
    features: np.ndarray  # (N,) FEATURE
    pixels: np.ndarray  # (N, 2) float64, pixels of the reduced image; (0, 0): centre of its first pixel
    reduction: float  # pixels of the reduced image per pixel


def measure(query: View, match: View, settings: GeometrySettings) -> Geometry:
    """Look for one rigid scene in two images, and for the motion of the camera between them.

    Args:
        query: an image.
        match: another one. Cameras, calibrations and depth of both may differ or be unknown.
        settings: how they are compared.

    Returns:
        The evidence. With both calibrations it has a pose; with depth at enough features of one image,
        the pose is in metres. The coverage tells two walls of one design apart: of the same wall most
        features are found again, of the other one only those of frames and lamps. An object that most
        inliers are on is set aside: the evidence is that of its surroundings. Where they do not suffice, it
        is that of the object, which is not spread.
    """
    views = query, match
    here, there = (_usable_points(view, settings.longer_side) for view in views)
    with np.errstate(all="ignore"):
        found, rest = _compare(views, (here, there), settings)
        first = found
        objects: List[Tuple[Region, Region]] = []
        for _ in range(MAX_OBJECTS):
            regions = one_object(query, match, found.pairs) or moved_object(query, match, found.pairs, rest)
            if regions is None:
                return found
            objects.append(regions)
            here, there = (_outside(*each) for each in zip((here, there), regions))
            found, rest = _compare(views, (here, there), settings, objects)
            if found.inliers < max(settings.min_points, MIN_POINTS):
                break
    return first._replace(spread=False, pose=None, degenerate=ONE_OBJECT)


def _compare(
    views: Tuple[View, View],
    points: Tuple["_Points", "_Points"],
    settings: GeometrySettings,
    objects: Sequence[Tuple[Region, Region]] = (),
) -> Tuple[Geometry, np.ndarray]:
    """The evidence of some of the features of two images, outside of objects.

    Returns:
        The evidence, and (K, 2) int, rows of the matched features that do not fit.
    """
    here, there = points
    matches = match_features(here.features, there.features, settings.kind)
    count = len(matches.query)
    if count < max(settings.min_points, MIN_POINTS):
        return Geometry(count, degenerate=FEW_POINTS), np.zeros((0, 2), int)
    scene, scale_known = _scene(views, points, matches)
    kept = np.flatnonzero(scene.inliers)
    pairs = np.stack([here.rows[matches.query[kept]], there.rows[matches.match[kept]]], axis=1)
    support = measure_support(*views, pairs)
    scene.inliers[kept[~support.counts]] = False
    inliers = int(np.count_nonzero(scene.inliers))
    if inliers < MIN_POINTS:
        return Geometry(count, inliers, degenerate=FEW_POINTS), np.zeros((0, 2), int)
    rows = matches.query[scene.inliers], matches.match[scene.inliers]
    images = [(side.pixels[row], side.pixels) for side, row in zip(points, rows)]
    visible = _not_hidden(points, rows, objects)
    repeated = float(np.mean(matches.repeated[scene.inliers])) >= REPEATED
    coverage, rolled = _coverage(images, visible)
    rest = np.stack([here.rows[matches.query], there.rows[matches.match]], axis=1)[~scene.inliers]
    found = Geometry(
        count,
        inliers,
        all(_is_spread(*each) for each in images),
        coverage,
        None if scene.estimate is None else _relative_pose(scene.estimate, scale_known),
        scene.degenerate or (REPEATED_TEXTURE if repeated else ""),
        pairs[support.counts],
        support.breadth,
        support.shift,
        rolled,
    )
    return found, rest


def _coverage(
    images: Sequence[Tuple[np.ndarray, np.ndarray]], visible: Sequence[np.ndarray]
) -> Tuple[float, float]:
    """Inliers among all features of the region that they cover.

    Where one camera was rolled, its image has many features on oblique edges that are found nowhere again.

    Args:
        images: of both, pixels of the inliers and of all features.
        visible: of both, which features the other image can show.

    Returns:
        The lower share of both images; how much higher the other one is, where one camera was rolled.
    """
    low, high = sorted(
        len(inliers) / max(1, _count_in_region(inliers, features[shown]))
        for (inliers, features), shown in zip(images, visible)
    )
    rolled = np.interp(abs(roll_between(images[0][0], images[1][0])), ROLLED, (0.0, 1.0))
    return low, float(rolled) * (high - low)


def _usable_points(view: View, longer_side: int) -> _Points:
    features = view.features
    pixels = np.stack([features["x"], features["y"]], axis=1).astype(float)
    rows = np.flatnonzero((np.abs(pixels) <= MAX_PIXEL).all(axis=1))  # False for NaN
    reduction = 1.0
    if view.camera is not None and max(view.camera.width, view.camera.height) > longer_side:
        reduction = longer_side / max(view.camera.width, view.camera.height)
    return _Points(rows, features[rows], (pixels[rows] + 0.5) * reduction - 0.5, reduction)


def _outside(points: _Points, region: Region) -> _Points:
    left, top, right, bottom = region
    x, y = points.features["x"], points.features["y"]
    rows = np.flatnonzero((x < left) | (x > right) | (y < top) | (y > bottom))
    return _Points(points.rows[rows], points.features[rows], points.pixels[rows], points.reduction)


def _not_hidden(
    points: Tuple[_Points, _Points],
    rows: Tuple[np.ndarray, np.ndarray],
    objects: Sequence[Tuple[Region, Region]],
) -> Tuple[np.ndarray, np.ndarray]:
    """Which features of each image are not behind an object in the other one, extrapolated from inliers."""
    pixels = [np.stack([each.features["x"], each.features["y"]], axis=1) for each in points]
    visible = np.ones(len(pixels[0]), bool), np.ones(len(pixels[1]), bool)
    for side, other in ((0, 1), (1, 0)) if objects else ():
        moved = carried(pixels[side], pixels[side][rows[side]], pixels[other][rows[other]])
        for regions in objects:
            visible[side][inside(regions[other], moved)] = False
        visible[side][rows[side]] = True
    return visible


def _scene(views: Tuple[View, View], points: Tuple[_Points, _Points], matches: Matches) -> Tuple[Scene, bool]:
    """The scene, with inliers among all matches, and whether its motion is in metres."""
    matched = [
        _Points(side.rows[rows], side.features[rows], side.pixels[rows], side.reduction)
        for side, rows in zip(points, (matches.query, matches.match))
    ]
    depths = [side.features["depth"].astype(float) for side in matched]
    nothing = Scene(np.zeros(len(matches.query), bool))
    if not (is_calibrated(views[0].camera) and is_calibrated(views[1].camera)):
        query, match = (np.insert(side.pixels, 2, 1.0, axis=1) for side in matched)
        identity = np.broadcast_to(np.eye(2), (len(query), 2, 2))
        pairs = Correspondences(query, match, identity, identity, depths[0], depths[1])
        model = uncalibrated_model(pairs, EPIPOLAR_TOLERANCE)
        return (nothing if model is None else uncalibrated_scene(model)), False
    seen = [_rays(view, side) for view, side in zip(views, matched)]
    query, match = (np.insert(each.points, 2, 1.0, axis=1) for each in seen)
    pairs = Correspondences(query, match, seen[0].per_pixel, seen[1].per_pixel, depths[0], depths[1])
    rows = np.flatnonzero(np.isfinite(query + match).all(axis=1))
    scene, scale_known = _calibrated(pairs.subset(rows))
    inliers = nothing.inliers
    inliers[rows[scene.inliers]] = True
    return scene._replace(inliers=inliers), scale_known


def _calibrated(pairs: Correspondences) -> Tuple[Scene, bool]:
    """With depth at most matches, a metric pose needs no other model; else one finds the inliers first."""
    metric = metric_pose(pairs, np.ones(len(pairs.query), bool), EPIPOLAR_TOLERANCE)
    if metric is not None:
        inliers = sampson(pairs, metric.motion.essential) <= EPIPOLAR_TOLERANCE
        return Scene(inliers, "", metric), True
    model = calibrated_model(pairs, EPIPOLAR_TOLERANCE)
    if model is None or model.inliers.sum() < MIN_POINTS:
        return Scene(np.zeros(len(pairs.query), bool)), False
    metric = metric_pose(pairs, model.inliers, EPIPOLAR_TOLERANCE)
    if metric is not None:
        return Scene(model.inliers, "", metric), True
    return calibrated_scene(pairs, model, EPIPOLAR_TOLERANCE), False


def _rays(view: View, points: _Points) -> Rays:
    """The rays of features; derivatives by pixels of the reduced image."""
    pixels = np.stack([points.features["x"], points.features["y"]], axis=1)
    found = rays(view.camera, pixels)  # type: ignore[arg-type]
    return found._replace(per_pixel=found.per_pixel / points.reduction)


def _relative_pose(estimate: Estimate, scale_known: bool) -> RelativePose:
    orientation = Rotation.from_matrix(estimate.motion.rotation).as_quat()
    return RelativePose(Pose(estimate.motion.translation, orientation), estimate.covariance, scale_known)


def _is_spread(inliers: np.ndarray, features: np.ndarray) -> bool:
    needed = max(MIN_SPREAD * np.ptp(features, axis=0).max(), EPIPOLAR_TOLERANCE)
    return bool(inliers.std(axis=0).min() >= needed)


def _count_in_region(inliers: np.ndarray, features: np.ndarray) -> int:
    """How many features are in the convex hull of the inliers."""
    inliers, features = inliers.astype(float), features.astype(float)
    low, high = inliers.min(axis=0), inliers.max(axis=0)
    near = features[((low <= features) & (features <= high)).all(axis=1)]
    extent = high - low
    scale = min(1.0, MAX_REGION / max(1e-9, extent.max()))  # a damaged coordinate may be huge
    region = np.zeros((extent * scale).astype(int)[::-1] + 2, np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(((inliers - low) * scale).astype(np.int32)), (1,))
    x, y = ((near - low) * scale).astype(int).T
    return int(region[y, x].sum())
