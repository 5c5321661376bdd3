"""Pairs of views of one place, and how much of it both cameras see.

Depth images are (H, W) float32 metres along the optical axis, 0 where it is not known; K is (3, 3) float64
pixels, and the centre of the first pixel is (0, 0).
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose
from rendering.camera import camera_pose, heading, pitch
from rendering.conditions import choose_conditions

VIEWS = 60  # first views that are tried for one pair
ATTEMPTS = 20  # second views per first view
EMPTY_GROUPS = 10  # one after the other; then there is no room
GROUP = 20  # pairs under one pair of conditions
GRID = 4  # pixels between the points that the overlap is measured with
TOLERANCE = (0.03, 0.05)  # share of the depth, metres: the same surface
NEAR, FAR = 1.5, 30.0  # metres, depth of the point that both cameras look at
CENTRE = 0.6  # share of width and height in which this point is


class Spread(NamedTuple):
    """How much the two views of a pair differ."""

    degrees: float = 45.0  # between the viewing directions, at most; all angles are equally frequent
    closer: float = 0.6  # distance of the second camera from what both see: this factor, or its inverse
    jitter: float = 6.0  # degrees, standard deviation of the second camera's aim
    roll: float = 3.0  # degrees, standard deviation
    height: float = 0.25  # metres, standard deviation
    overlap: float = 0.2  # of either image, at least


def relative_pose(query: Pose, match: Pose) -> Pose:
    """The query camera in the optical frame of the match camera: x_match = R x_query + t."""
    into_match = match.rotation.inv()
    position = into_match.apply(query.position - match.position)
    return Pose(position, (into_match * query.rotation).as_quat())


def second_view(view, depth, intrinsics, spread, degrees, fits, random):
    """A view of what another one sees, from a direction that differs by about ``degrees``.

    The camera moves on a circle around a point that the first camera sees, nearer to it or farther away.

    Args:
        view: the first :class:`Pose`.
        depth, intrinsics: of the first camera.
        spread: a :class:`Spread`.
        degrees: from 0; to the left or to the right by chance.
        fits: function that returns whether a camera can be at a pose.
        random: numpy Generator.

    Returns:
        :class:`Pose`, or None if there is no room.
    """
    target = _target(view, depth, intrinsics, random)
    if target is None:
        return None
    for _ in range(ATTEMPTS):
        turn = np.radians(degrees) * random.choice([-1, 1])
        distance = spread.closer ** random.uniform(-1, 1)
        x, y, z = Rotation.from_rotvec((0, 0, turn)).apply(view.position - target)
        moved = camera_pose(
            target + (x * distance, y * distance, z + spread.height * random.normal()),
            heading=heading(view) + turn + np.radians(spread.jitter) * random.normal(),
            pitch=pitch(view) + np.radians(spread.jitter / 2) * random.normal(),
            roll=np.radians(spread.roll) * random.normal(),
        )
        if fits(moved):
            return moved
    return None


def _target(view, depth, intrinsics, random):
    """(3,) world coordinates of a point near the middle of an image; None if all is too near or too far."""
    height, width = depth.shape
    margin_y, margin_x = (int(size * (1 - CENTRE) / 2) for size in (height, width))
    rows, columns = np.nonzero((depth > NEAR) & (depth < FAR))
    middle = (np.abs(rows - height / 2) < height / 2 - margin_y) & (
        np.abs(columns - width / 2) < width / 2 - margin_x
    )
    if not middle.any():
        return None
    chosen = random.choice(np.nonzero(middle)[0])
    pixel = np.array([columns[chosen], rows[chosen], 1.0])
    point = np.linalg.inv(intrinsics) @ pixel * depth[rows[chosen], columns[chosen]]
    return view.rotation.apply(point) + view.position


def seen_again(depth_a, depth_b, relative, intrinsics):
    """Points of image a whose surface is also visible in image b.

    Args:
        depth_a, depth_b: of either image, of one camera.
        relative: :class:`Pose` of camera a in the frame of camera b, as :func:`relative_pose` returns it.
        intrinsics: K.

    Returns:
        (N, 2) float64 pixels of a, (N, 2) float64 pixels of b, and the number of points of a that have depth.
    """
    rows, columns = np.mgrid[: depth_a.shape[0] : GRID, : depth_a.shape[1] : GRID]
    pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)]).astype(float)
    depth = depth_a[::GRID, ::GRID].ravel().astype(float)
    pixels, depth = pixels[:, depth > 0], depth[depth > 0]
    points = relative.rotation.apply((np.linalg.inv(intrinsics) @ pixels * depth).T) + relative.position
    ahead = points[:, 2] > 0.1
    moved = points[ahead] @ intrinsics.T
    moved = moved[:, :2] / moved[:, 2:]
    inside = (np.round(moved) >= 0).all(1) & (np.round(moved) < depth_b.shape[::-1]).all(1)
    x, y = np.round(moved[inside]).astype(int).T
    expected, found = points[ahead][inside][:, 2], depth_b[y, x]
    same = (found > 0) & (np.abs(found - expected) < TOLERANCE[0] * expected + TOLERANCE[1])
    return pixels[:2].T[ahead][inside][same], moved[inside][same], len(depth)


def overlap(depth_a, depth_b, relative, intrinsics):
    """Share of an image's surfaces that the other image shows as well, 0–1; the lower of both directions."""
    back = relative.rotation.inv()
    inverse = Pose(-back.apply(relative.position), back.as_quat())
    shares = []
    for first, second, pose in ((depth_a, depth_b, relative), (depth_b, depth_a, inverse)):
        seen, _, points = seen_again(first, second, pose, intrinsics)
        shares.append(len(seen) / points if points else 0.0)
    return min(shares)


class RenderedView(NamedTuple):
    """One image of a pair."""

    image: np.ndarray  # (H, W, 3) uint8 BGR
    depth: np.ndarray  # (H, W) float32 metres, 0: sky
    pose: Pose  # of the optical frame in the world
    conditions: str  # their name


class RenderedPair(NamedTuple):
    """Two images of one place, and the truth about them."""

    query: RenderedView
    match: RenderedView
    relative: Pose  # the query camera in the frame of the match camera
    intrinsics: np.ndarray  # K of both
    overlap: float  # 0–1

    @property
    def degrees(self):
        """Angle between the orientations of the cameras."""
        return float(np.degrees(self.relative.rotation.magnitude()))


def render_pairs(world, seed, count, spread=Spread(), same=0.3):  # noqa: B008, an immutable value
    """Pairs of images of a world, in groups; the two images of a pair have the conditions of its group.

    Args:
        world: with ``candidate``, ``fits``, ``begin``, ``render``, ``depth`` and ``intrinsics``, such as
            :class:`rendering.town.world.TownWorld`.
        seed: int; the same seed gives the same pairs.
        count: of the pairs.
        spread: a :class:`Spread`.
        same: share of the groups in which both images have the same light, weather and cars.

    Yields:
        :class:`RenderedPair`.

    Raises:
        ValueError: if the world has no room for a pair.
    """
    random = np.random.default_rng((seed, 3))
    without = 0
    while count > 0:
        first, second = choose_conditions(2, random)
        if random.random() < same:
            second = first
        found = 0
        for pair in _group(world, min(count, GROUP), (first, second), spread, random):
            yield pair
            found += 1
        count -= found
        without = 0 if found else without + 1
        if without == EMPTY_GROUPS:
            raise ValueError("expected a world with room for two views of one place. Received: none found")


def _group(world, count, conditions, spread, random):
    """At most ``count`` pairs under two conditions: first all images of the one, then all of the other."""
    before, after = conditions
    world.begin(before, random)
    planned = []
    for number in range(count):
        degrees = spread.degrees * (number + random.random()) / count
        planned += _planned(world, spread, degrees, before.name, random)
    if after is not before:
        world.begin(after, random)
    for query, pose in planned:
        if not world.fits(pose):  # another car
            continue
        depth = world.depth(pose)
        relative = relative_pose(query.pose, pose)
        common = overlap(query.depth, depth, relative, world.intrinsics)
        if common >= spread.overlap:
            match = RenderedView(world.render(pose), depth, pose, after.name)
            yield RenderedPair(query, match, relative, world.intrinsics, common)


def _planned(world, spread, degrees, conditions, random):
    """A list of one rendered first view and the pose of the second one; empty if there is no room."""
    for _ in range(VIEWS):
        view = world.candidate(random)
        if not world.fits(view):
            continue
        depth = world.depth(view)
        other = second_view(view, depth, world.intrinsics, spread, degrees, world.fits, random)
        if other is not None:
            return [(RenderedView(world.render(view), depth, view, conditions), other)]
    return []
