"""Light of lamps and windows at the vertices of a floor, with the walls in between."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from rendering.building.plan import Rect

CELL = 0.1  # metres of the grid of free space
NUDGE = 0.05  # metres along the normal
NEAR = 0.3  # metres around a vertex in which nothing hides a source
REACH = (8.0, 16.0)  # metres: lamps, windows
STEPS = 24  # along a ray
WRAP = 0.3  # share of the light that comes from all sides, after reflections


class Source(NamedTuple):
    """A lamp or a window."""

    position: Tuple[float, float, float]
    normal: Tuple[float, float, float]  # in which it shines
    power: float
    daylight: bool


def irradiance(vertices: np.ndarray, sources: Sequence[Source], spaces: Sequence[Rect]) -> np.ndarray:
    """Light at vertices.

    Args:
        vertices: (N,) ``rendering.mesh.VERTEX``.
        sources: lamps and windows.
        spaces: the free space, with open rooms and the openings to them.

    Returns:
        (N, 2) float64: of lamps and of windows.
    """
    key = np.round(np.concatenate([vertices["vertex"], 0.3 * vertices["normal"]], axis=1), 2)
    unique, back = np.unique(key, axis=0, return_inverse=True)
    points, normals = unique[:, :3], unique[:, 3:] / 0.3
    free = _FreeSpace(spaces)
    total = np.zeros((len(points), 2))
    for source in sources:
        position = np.array(source.position)
        rays = position - points - NUDGE * normals
        distance = np.linalg.norm(rays, axis=1)
        near = np.flatnonzero(distance < REACH[source.daylight])
        seen = near[free.open(points[near] + NUDGE * normals[near], position)]
        ray, away = rays[seen] / distance[seen, None], distance[seen]
        fade = np.clip(2 - 2 * away / REACH[source.daylight], 0, 1)
        onto = np.clip((ray * normals[seen]).sum(1), 0, 1)
        out = np.clip(-ray @ np.array(source.normal), 0, 1)
        direct = onto * out / (away**2 + 0.4)
        total[seen, int(source.daylight)] += source.power * fade * (direct + WRAP / (away**2 + 2.5))
    return total[np.ravel(back)]


class _FreeSpace:
    """Where light passes, as a grid seen from above."""

    def __init__(self, spaces: Sequence[Rect]) -> None:
        self._low = np.min([(r.x0, r.y0) for r in spaces], axis=0) - 1
        high = np.max([(r.x1, r.y1) for r in spaces], axis=0) + 1
        self._grid = np.zeros(np.ceil((high - self._low) / CELL).astype(int) + 1, bool)
        for r in spaces:
            (i, j), (k, m) = (
                np.round((np.array(corner) - self._low) / CELL).astype(int)
                for corner in ((r.x0, r.y0), (r.x1, r.y1))
            )
            self._grid[i:k, j:m] = True

    def open(self, points: np.ndarray, source: np.ndarray) -> np.ndarray:
        """(N,) bool: whether the source is visible from (N, 3) points, apart from their surroundings."""
        if not len(points):
            return np.zeros(0, bool)
        rays = source[:2] - points[:, :2]
        length = np.maximum(np.linalg.norm(rays, axis=1), 1e-6)
        start = np.minimum(NEAR / length, 1.0)
        shares = start[:, None] + (1 - start)[:, None] * np.linspace(0, 0.98, STEPS)
        spots = points[:, None, :2] + shares[:, :, None] * rays[:, None]
        i, j = np.moveaxis(((spots - self._low) / CELL).astype(int), 2, 0)
        i, j = (np.clip(v, 0, n - 1) for v, n in zip((i, j), self._grid.shape))
        return self._grid[i, j].all(axis=1)


def window_sources(corners: Sequence[Tuple[float, float]], z0: float, z1: float, inward) -> List[Source]:
    """Sources of a window: a row of points across it.

    Args:
        corners: ends of the window in the plan.
        z0, z1: its lower and upper edge.
        inward: (2,) unit vector into the building.
    """
    start, end = np.array(corners[0]), np.array(corners[1])
    wide = float(np.linalg.norm(end - start))
    count = max(1, round(wide))
    middle = (start + end) / 2 + 0.1 * np.asarray(inward)
    found = []
    for k in range(count):
        x, y = middle + (end - start) * ((k + 0.5) / count - 0.5)
        power = wide * (z1 - z0) / count
        normal = (float(inward[0]), float(inward[1]), 0.0)
        found.append(Source((float(x), float(y), (z0 + z1) / 2), normal, power, True))
    return found
