"""What all floors of a building share: walls, doors, lamps, vents and signs, at fixed positions. Metres."""

from typing import List, NamedTuple, Tuple

import numpy as np

from rendering.building.look import Look, random_look
from rendering.building.plan import Plan, Rect, Wall, inside, random_plan, walls

WALL_THICKNESS = 0.15
ROOM_MARGIN = 0.9  # of a room beyond its door
NEAR_DOOR = 0.28  # from a door's edge to the middle of its plate or switch
MARKS = (  # kind, probability per gap, half of the width that it needs
    ("extinguisher", 0.14, 0.3), ("hose", 0.08, 0.5), ("exit", 0.12, 0.25), ("plan", 0.1, 0.3),
    ("alarm", 0.12, 0.15), ("socket", 0.25, 0.1), ("grille", 0.15, 0.3), ("aid", 0.05, 0.25),
)  # fmt: skip
OUTLETS = ("grille", "diffuser", "detector", "sprinkler", "")


class Fixture(NamedTuple):
    """A part of a wall: door, glass, window, lift or panelling."""

    kind: str
    wall: int
    low: float  # along the wall
    high: float
    room: float = 0.0  # depth of the room behind; 0: none
    outdoors: bool = False  # whether that room has a window


class Mark(NamedTuple):
    """A small thing on a wall."""

    kind: str
    wall: int
    along: float


class Portal(NamedTuple):
    """A frame across a corridor."""

    x: float
    y: float
    yaw: float  # along the corridor
    left: float  # from the middle to the wall
    right: float


class Design(NamedTuple):
    """The structure of every floor."""

    look: Look
    plan: Plan
    walls: Tuple[Wall, ...]
    fixtures: Tuple[Fixture, ...]
    marks: Tuple[Mark, ...]
    gaps: Tuple[Tuple[int, float, float], ...]  # wall, from, to: where something can hang or stand
    lamps: Tuple[Tuple[float, float, float], ...]  # x, y, yaw
    outlets: Tuple[Tuple[str, float, float], ...]  # kind, x, y: in the ceiling
    portals: Tuple[Portal, ...]


def random_design(random: np.random.Generator) -> Design:
    """A building's structure."""
    plan, look = random_plan(random), random_look(random)
    around = tuple(walls(plan.spaces))
    portals = tuple(_portals(plan, random))
    placer = _Placer(plan, around, portals, random)
    for index in range(len(around)):
        placer.fill(index)
    lamps = tuple(_lamps(plan, look.lamp_spacing, random))
    return Design(
        look,
        plan,
        around,
        tuple(placer.fixtures),
        tuple(placer.marks),
        tuple(placer.gaps),
        lamps,
        tuple(_outlets(plan, lamps, look.lamp_spacing, random)),
        portals,
    )


class _Placer:
    """Places fixtures on walls."""

    def __init__(self, plan, around, portals, random) -> None:
        self._plan, self._walls, self._portals, self._random = plan, around, portals, random
        self._rooms: List[Rect] = []
        self._mix = random.dirichlet([9, 1.5, 1.5, 2])  # door, glass, panelling, nothing
        self._space = random.uniform(0.5, 1.1), random.uniform(1.6, 3.0)
        self._windows = random.uniform(0.1, 0.5)
        self._door = float(random.uniform(0.85, 1.0))
        self.fixtures: List[Fixture] = []
        self.marks: List[Mark] = []
        self.gaps: List[Tuple[int, float, float]] = []

    def fill(self, index: int) -> None:
        """Place everything on one wall."""
        wall = self._walls[index]
        if wall.length < 0.8:
            return
        if any(np.hypot(*np.subtract(wall.at(wall.length / 2), end)) < 1.0 for end in self._plan.dead_ends):
            edge = 0.1 * wall.length
            self.fixtures.append(Fixture("window", index, edge, wall.length - edge))
            return
        lobby = np.subtract(self._plan.lobby, wall.at(0))
        across = np.array(wall.at(0, 1)) - wall.at(0)
        if abs(lobby @ across) < 0.01 and wall.length < 4.5 and 0 < np.hypot(*lobby) < wall.length:
            for low in np.arange(0.35, wall.length - 1.3, 1.6):
                self.fixtures.append(Fixture("lift", index, float(low), float(low + 1.1)))
            return
        exterior = self._is_exterior(wall) and self._random.random() < self._windows
        for low, high in self._free(wall):
            self._span(index, low, high, exterior)

    def _free(self, wall):
        """Spans of a wall between the portals that touch it."""
        cuts = []
        for portal in self._portals:
            offset = np.subtract((portal.x, portal.y), wall.at(0))
            along = offset @ (np.array(wall.at(1)) - wall.at(0))
            front = offset @ (np.array(wall.at(0, 1)) - wall.at(0))
            if -0.3 < along < wall.length + 0.3 and 0 < front < 1.7:
                cuts.append(float(along))
        edges = [0.0, *[c + s for c in sorted(cuts) for s in (-0.25, 0.25)], wall.length]
        return [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a > 0.5]

    def _span(self, index, low, high, exterior):
        random = self._random
        at, free = low + random.uniform(0.2, 0.9), low
        while True:
            kind = "window" if exterior else ("door", "glass", "panelling", "")[random.choice(4, p=self._mix)]
            wide = self._width(kind)
            if at + wide > high - 0.15:
                break
            if kind:
                self._gap(index, free, at)
                self._add(kind, index, at, at + wide)
                free = at + wide
            at += wide + random.uniform(*self._space)
        self._gap(index, free, high)

    def _width(self, kind):
        if kind == "door":
            return self._door * (1.7 if self._random.random() < 0.1 else 1.0)
        return {"window": 1.5, "panelling": 2.2, "": 1.5}.get(kind, 2.8) * self._random.uniform(0.8, 1.4)

    def _add(self, kind, index, low, high):
        wall = self._walls[index]
        room, margin = 0.0, 0.0 if kind == "glass" else ROOM_MARGIN
        if kind in ("door", "glass"):
            for depth in (4.5, 3.5, 2.5, 1.6):
                area = wall.behind(low - margin, high + margin, WALL_THICKNESS / 2, depth + WALL_THICKNESS)
                if not any(area.overlaps(other, 0.02) for other in (*self._plan.spaces, *self._rooms)):
                    room = depth
                    self._rooms.append(area)
                    break
        if kind == "glass" and not room:
            kind = "panelling"
        outdoors = self._is_exterior(wall)
        self.fixtures.append(Fixture(kind, index, float(low), float(high), room, outdoors))
        if kind == "door" and self._random.random() < 0.6:
            self.marks.append(Mark("switch", index, float(low) - NEAR_DOOR))

    def _gap(self, index, low, high):
        """Marks in a gap between fixtures; what is left between them is free."""
        low, high = low + 0.42, high - 0.42
        for kind, share, half in MARKS:
            if self._random.random() < share and high - low > 2 * half:
                at = self._random.choice([low + half, high - half])
                self.marks.append(Mark(kind, index, float(at)))
                low, high = (low + 2 * half, high) if at < (low + high) / 2 else (low, high - 2 * half)
        if high - low > 0.4:
            self.gaps.append((index, float(low), float(high)))

    def _is_exterior(self, wall):
        points = np.array([wall.at(wall.length * s, -d) for s in (0.1, 0.5, 0.9) for d in (1, 3, 6, 12)])
        hull = self._plan.hull
        return not (inside(self._plan.spaces, points).any() or inside([hull], points).any())


def _portals(plan: Plan, random) -> List[Portal]:
    """Frames across the corridors of the loop, where they are narrow."""
    found: List[Portal] = []
    corners = np.array(plan.loop)
    for start, end in zip(corners, np.roll(corners, -1, axis=0)):
        forward = (end - start) / np.linalg.norm(end - start)
        left = np.array([-forward[1], forward[0]])
        for share in random.uniform(0.1, 0.9, int(random.integers(0, 3))):
            middle = start + share * (end - start)
            reach = np.arange(0.5, 1.6, 0.01)
            sides = []
            for side in (left, -left):
                ray = plan.clearance(middle + reach[:, None] * side)
                sides.append(float(reach[np.argmax(ray < 0)]) if (ray < 0).any() else np.inf)
            far = all(np.hypot(middle[0] - p.x, middle[1] - p.y) > 4 for p in found)
            if max(sides) < 1.5 and far:
                yaw = float(np.arctan2(forward[1], forward[0]))
                found.append(Portal(float(middle[0]), float(middle[1]), yaw, *sides))
    return found


def _lamps(plan: Plan, spacing: float, random) -> List[Tuple[float, float, float]]:
    lamps: List[Tuple[float, float, float]] = []
    turned = random.random() < 0.4
    for space in plan.spaces:
        wide, high = space.x1 - space.x0, space.y1 - space.y0
        if min(wide, high) < 1.3:
            continue
        count = max(1, round(max(wide, high) / spacing))
        for share in (np.arange(count) + 0.5) / count:
            level = wide > high
            x = space.x0 + wide * (share if level else 0.5)
            y = space.y0 + high * (0.5 if level else share)
            if all(np.hypot(x - a, y - b) > 1.4 for a, b, _ in lamps):
                lamps.append((float(x), float(y), float(np.pi / 2) * (level == turned)))
    return lamps


def _outlets(plan: Plan, lamps, spacing: float, random) -> List[Tuple[str, float, float]]:
    """Vents, detectors and sprinklers between the lamps, in a pattern with exceptions."""
    pattern = [(str(random.choice(OUTLETS)), random.uniform(-0.5, 0.5)) for _ in range(3)]
    found = []
    for k, (x, y, _) in enumerate(lamps):
        for j in range(2):
            kind, aside = pattern[(k + j) % 3]
            if random.random() < 0.2:
                kind = str(random.choice(OUTLETS))
            dx, dy = (0.5 - 0.9 * j) * spacing, aside
            for spot in ((x + dx, y + dy), (x + dy, y + dx)):
                if kind and plan.clearance(np.array([spot]))[0] > 0.35:
                    found.append((kind, float(spot[0]), float(spot[1])))
                    break
    return found
