"""The trajectory of a robot along the corridors."""

from typing import List, NamedTuple

import numpy as np

from place_recognition_ros.poses import Pose
from rendering.building.plan import Plan
from rendering.camera import camera_pose

STEP = 0.7  # metres between keyframes
TURN = np.radians(15)  # between keyframes
RADIUS = 0.75  # metres, of the curve at a corner
ASIDE = 0.3  # metres from the middle, at most
SWING = np.radians(5)  # of the heading, at most
SPEED, RATE = 0.7, 0.8  # metres and radians per second
CLEARANCE = 0.35  # metres to a wall, at least
FINE = 0.02  # metres between the points from which keyframes are picked


class Keyframe(NamedTuple):
    """A keyframe of a drive."""

    lap: int
    number: int  # within the lap
    stamp: float  # seconds
    pose: Pose  # of the optical frame in the world of the building


def drive(plan: Plan, laps: int, height: float, random: np.random.Generator, reverse=False) -> List[Keyframe]:
    """Laps round the loop of a plan; every lap takes another line.

    Args:
        plan: the corridors.
        laps: number of laps, one after the other.
        height: of the camera, metres in the world.
        random: numpy Generator.
        reverse: clockwise.

    Returns:
        list of :class:`Keyframe`, with stamps from 0.
    """
    frames: List[Keyframe] = []
    stamp = 0.0
    pitch = random.uniform(-0.02, 0.05)
    for lap in range(laps):
        points, headings = _line(plan, random, reverse)
        last = None
        index = 0
        for point, heading in zip(points, headings):
            if last is not None:
                moved = np.linalg.norm(point - last[0])
                turned = abs(np.angle(np.exp(1j * (heading - last[1]))))
                if moved < STEP and turned < TURN:
                    continue
                stamp += moved / SPEED + turned / RATE
            tilt = pitch + np.clip(random.normal(0, 0.008), -0.02, 0.02)
            pose = camera_pose((*point, height), heading=heading, pitch=tilt, roll=random.normal(0, 0.006))
            frames.append(Keyframe(lap, index, stamp, pose))
            last, index = (point, heading), index + 1
        stamp += STEP / SPEED
    return frames


def _line(plan, random, reverse):
    """(N, 2) metres and (N,) radians along one lap."""
    middle = _rounded(plan.loop[::-1] if reverse else plan.loop)
    forward = np.gradient(middle, axis=0)
    forward /= np.linalg.norm(forward, axis=1)[:, None]
    along = np.arange(len(middle)) * FINE
    aside = ASIDE * _wander(along, random)
    left = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    for _ in range(20):
        points = middle + aside[:, None] * left
        near = plan.clearance(points) < CLEARANCE
        if not near.any():
            break
        aside = np.where(near, aside * 0.8, aside)
    headings = np.arctan2(forward[:, 1], forward[:, 0]) + SWING * _wander(along, random)
    return points, headings


def _wander(along, random):
    """(N,) float64 from −1 to 1, smooth."""
    waves = random.uniform(0.15, 1.1, 4)[:, None] * along + random.uniform(0, 2 * np.pi, 4)[:, None]
    weights = random.dirichlet(np.ones(5))
    return np.clip(weights[:4] @ np.sin(waves) + weights[4] * random.choice([-1, 1]), -1, 1)


def _rounded(corners):
    """(N, 2) metres, ``FINE`` apart, from the middle of the first side once round."""
    corners = np.asarray(corners, float)
    pieces = []
    count = len(corners)
    for i in range(count):
        before, corner, after = corners[i - 1], corners[i], corners[(i + 1) % count]
        into = (corner - before) / np.linalg.norm(corner - before)
        out = (after - corner) / np.linalg.norm(after - corner)
        centre = corner + RADIUS * (out - into)
        angles = np.linspace(0, np.pi / 2, int(RADIUS * np.pi / 2 / FINE))[:, None]
        pieces.append(centre + RADIUS * (np.sin(angles) * into - np.cos(angles) * out))
        end = corner + RADIUS * out
        length = np.linalg.norm(after - corner) - 2 * RADIUS
        pieces.append(end + np.linspace(0, 1, int(length / FINE))[:, None] * length * out)
    line = np.concatenate(pieces)
    return np.roll(line, -len(pieces[0]) - len(pieces[1]) // 2, axis=0)
