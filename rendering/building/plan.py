"""Floor plan of a building: corridors, halls and niches, and the walls around them. Metres."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np


class Rect(NamedTuple):
    """A rectangle with edges along the axes."""

    x0: float
    y0: float
    x1: float
    y1: float

    def overlaps(self, other: "Rect", margin: float = 0.0) -> bool:
        """Whether two rectangles are less than ``margin`` apart."""
        return (
            self.x0 < other.x1 + margin
            and other.x0 < self.x1 + margin
            and self.y0 < other.y1 + margin
            and other.y0 < self.y1 + margin
        )


class Wall(NamedTuple):
    """A straight wall; seen from the free space in front of it, ``start`` is on the left."""

    start: Tuple[float, float]
    end: Tuple[float, float]

    @property
    def length(self) -> float:
        """Metres."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    @property
    def yaw(self) -> float:
        """Direction from start to end, radians; the free space is on the right of it."""
        return float(np.arctan2(self.end[1] - self.start[1], self.end[0] - self.start[0]))

    def at(self, along: float, front: float = 0.0) -> Tuple[float, float]:
        """The point ``along`` metres from the start and ``front`` metres in front of the wall."""
        x, y = np.cos(self.yaw), np.sin(self.yaw)
        return self.start[0] + along * x + front * y, self.start[1] + along * y - front * x

    def behind(self, low: float, high: float, near: float, far: float) -> Rect:
        """The rectangle behind the wall from ``low`` to ``high`` along it, ``near`` to ``far`` deep."""
        (ax, ay), (bx, by) = self.at(low, -near), self.at(high, -far)
        return Rect(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


class Plan(NamedTuple):
    """The free space of a floor."""

    spaces: Tuple[Rect, ...]  # their union is free
    loop: Tuple[Tuple[float, float], ...]  # corners of the route, counter-clockwise, closed
    dead_ends: Tuple[Tuple[float, float], ...]  # points at the ends of side corridors
    lobby: Tuple[float, float]  # a point at the wall with the lifts
    hull: Rect  # of the loop; rooms beyond it have windows

    def clearance(self, points: np.ndarray) -> np.ndarray:
        """Distance to the nearest wall.

        Args:
            points: (N, 2) metres.

        Returns:
            (N,) float64 metres; negative in a wall.
        """
        points = np.asarray(points, float)
        distances = []
        for wall in walls(self.spaces):
            start, along = np.array(wall.start), np.subtract(wall.end, wall.start)
            share = np.clip((points - start) @ along / (along @ along), 0, 1)
            distances.append(np.linalg.norm(points - start - share[:, None] * along, axis=1))
        return np.where(inside(self.spaces, points), 1, -1) * np.min(distances, axis=0)


def inside(spaces: Sequence[Rect], points: np.ndarray) -> np.ndarray:
    """(N,) bool: which of (N, 2) points are in the union of rectangles."""
    x, y = np.asarray(points, float).T
    return np.any([(r.x0 < x) & (x < r.x1) & (r.y0 < y) & (y < r.y1) for r in spaces], axis=0)


def cells(spaces: Sequence[Rect]) -> List[Rect]:
    """The union of rectangles as rectangles that do not overlap."""
    xs, ys, free = _grid(spaces)
    return [Rect(xs[i], ys[j], xs[i + 1], ys[j + 1]) for i, j in zip(*np.nonzero(free))]


def walls(spaces: Sequence[Rect]) -> List[Wall]:
    """The boundary of the union of rectangles, one wall per straight piece."""
    xs, ys, free = _grid(spaces)
    padded = np.pad(free, 1)
    found = []
    for j in range(len(ys)):  # between the row below and the row above
        below, above = padded[1:-1, j], padded[1:-1, j + 1]
        for first, last in _runs(below & ~above):
            found.append(Wall((xs[first], ys[j]), (xs[last], ys[j])))
        for first, last in _runs(above & ~below):
            found.append(Wall((xs[last], ys[j]), (xs[first], ys[j])))
    for i in range(len(xs)):
        left, right = padded[i, 1:-1], padded[i + 1, 1:-1]
        for first, last in _runs(left & ~right):
            found.append(Wall((xs[i], ys[last]), (xs[i], ys[first])))
        for first, last in _runs(right & ~left):
            found.append(Wall((xs[i], ys[first]), (xs[i], ys[last])))
    return found


def _grid(spaces):
    """Coordinates of all edges, and (columns, rows) bool: the free cells between them."""
    xs = sorted({x for r in spaces for x in (r.x0, r.x1)})
    ys = sorted({y for r in spaces for y in (r.y0, r.y1)})
    free = np.zeros((len(xs) - 1, len(ys) - 1), bool)
    for r in spaces:
        free[xs.index(r.x0) : xs.index(r.x1), ys.index(r.y0) : ys.index(r.y1)] = True
    return xs, ys, free


def _runs(row):
    """First and one past the last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return list(zip(edges[::2], edges[1::2]))


def random_plan(random: np.random.Generator) -> Plan:
    """A loop of corridors with side corridors, perhaps one across, a hall, a lift lobby and niches."""
    length, depth = random.uniform(19, 25), random.uniform(10, 14)
    south, east, north, west = random.uniform(1.7, 2.4) / 2 * random.uniform(0.9, 1.15, 4)
    spaces = [
        Rect(-west, -south, length + east, south),
        Rect(length - east, -south, length + east, depth + north),
        Rect(-west, depth - north, length + east, depth + north),
        Rect(-west, -south, west, depth + north),
    ]
    if random.random() < 0.5:
        x, half = length * random.uniform(0.4, 0.6), random.uniform(0.8, 1.1)
        spaces.append(Rect(x - half, 0, x + half, depth))
    dead_ends = _add_side_corridors(spaces, length, depth, (south, east, north, west), random)
    x = length * random.uniform(0.1, 0.2)
    spaces.append(Rect(x, 0, x + random.uniform(4, 6.5), south + random.uniform(1.2, 2.2)))  # the hall
    x, high = length * random.uniform(0.7, 0.78), depth - north - random.uniform(1.4, 2.2)
    spaces.append(Rect(x, high, x + random.uniform(3.2, 4.2), depth))
    lobby = (x + 1.5, high)
    for _ in range(int(random.integers(2, 6))):
        x, wide, deep = random.uniform(2, length - 4), random.uniform(0.9, 1.8), random.uniform(0.3, 0.6)
        if random.random() < 0.5:
            spaces.append(Rect(x, -south - deep, x + wide, 0))
        else:
            spaces.append(Rect(x, depth, x + wide, depth + north + deep))
    loop = ((0.0, 0.0), (length, 0.0), (length, depth), (0.0, depth))
    return Plan(tuple(spaces), loop, tuple(dead_ends), lobby, Rect(0, 0, length, depth))


def _add_side_corridors(spaces, length, depth, halves, random):
    """Corridors that continue beyond a corner or leave the loop; returns the points at their ends."""
    south, east, north, west = halves
    reach = random.uniform(2.5, 6.5, 4)
    possible = [
        (Rect(-west - reach[0], -south, 0, south), (-west - reach[0], 0.0)),
        (
            Rect(length, depth - north, length + east + reach[1], depth + north),
            (length + east + reach[1], depth),
        ),
        (Rect(-west, depth, west, depth + north + reach[2]), (0.0, depth + north + reach[2])),
        (Rect(length - east, -south - reach[3], length + east, 0), (length, -south - reach[3])),
    ]
    chosen = random.permutation(4)[: int(random.integers(2, 4))]
    spaces += [possible[i][0] for i in chosen]
    return [possible[i][1] for i in chosen]
