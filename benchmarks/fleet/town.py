"""Where the robots of the fleet benchmark drive, and what they see.

Each robot drives in several districts, which are rendered towns, along streets that it chooses at random. The
camera advances 1.5 m a second and takes five keyframes a second. One position a second is rendered, with a
margin; the five images of that second look into slightly different directions, which a homography gives
exactly, because a rotation of the camera moves all pixels alike, near or far.

The images are rendered once, to .run/data/fleet: ``python -m benchmarks.fleet.town``, half an hour.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera
from rendering.camera import camera_pose, pinhole
from rendering.conditions import choose_conditions
from training.files import PROJECT

FOLDER = PROJECT / ".run" / "data" / "fleet"
ROBOTS = 8
VISITS = 4  # of districts by each robot, one after the other
DISTRICTS = (21, 22, 23, 24)  # seeds of towns
SECONDS = 150  # of a visit
RATE = 5  # keyframes a second
STEP = 1.5  # metres between rendered positions
SIZE, RENDERED = (320, 240), (384, 288)
FOCAL = 214.0  # pixels
KINDS = ("noon", "overcast")  # conditions of even robots and of odd ones
CROSSINGS = np.array([(0.0, 0.0), (36.0, 0.0), (72.0, 0.0), (0.0, 30.0), (36.0, 30.0), (72.0, 30.0)])
STREETS = ((0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5))  # pairs of crossings
AHEAD, BEHIND = 3.0, 2.0  # metres: the camera looks along the line between these points of the route
HEIGHT = 1.5
ASIDE, TURNED = 0.6, np.radians(2.0)  # standard deviations from the middle of the street, and along it
SHAKEN = np.radians((3.0, 1.5, 1.0))  # pan, tilt and roll of the five images, standard deviations
MOST = 2.0  # standard deviations
SMOOTH = 12  # positions over which they change
QUALITY = 92


class Visit(NamedTuple):
    """A drive of one robot through one district."""

    robot: int
    number: int  # of the robot's visits
    district: int  # seed

    @property
    def files(self) -> list[Path]:
        """The rendered images, one for each second."""
        folder = FOLDER / f"{self.robot}_{self.number}"
        return [folder / f"{second:04d}.jpg" for second in range(SECONDS)]


def visits(robot: int) -> list[Visit]:
    """The visits of a robot in their order; two robots at a time are in each district."""
    return [Visit(robot, number, DISTRICTS[(robot + number) % len(DISTRICTS)]) for number in range(VISITS)]


def route(visit: Visit) -> np.ndarray:
    """(N, 2) metres: the crossings that a robot drives along; it never turns round at one."""
    random = np.random.default_rng((visit.district, visit.robot, visit.number))
    neighbours = {each: [] for each in range(len(CROSSINGS))}  # type: dict[int, list[int]]
    for a, b in STREETS:
        neighbours[a].append(b)
        neighbours[b].append(a)
    way = [int(random.integers(len(CROSSINGS)))]
    metres, needed = 0.0, SECONDS * STEP + AHEAD + BEHIND + STEP
    while metres < needed:
        choices = [each for each in neighbours[way[-1]] if each not in way[-2:-1]]
        way.append(int(random.choice(choices)))
        metres += float(np.linalg.norm(CROSSINGS[way[-1]] - CROSSINGS[way[-2]]))
    return CROSSINGS[way]


def poses_of(visit: Visit) -> list[Pose]:
    """Where the camera is each second: along the route, a little aside and turned a little."""
    corners = route(visit)
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])

    def point(metres: float) -> np.ndarray:
        return np.array([np.interp(metres, reached, corners[:, axis]) for axis in (0, 1)])

    random = np.random.default_rng((visit.district, visit.robot, visit.number, 1))
    along = random.uniform(0.0, STEP) + BEHIND + STEP * np.arange(SECONDS)
    aside, turned = ASIDE * _slowly(random, SECONDS), TURNED * _slowly(random, SECONDS)
    poses = []
    for row, metres in enumerate(along):
        x, y = point(metres + AHEAD) - point(metres - BEHIND)
        heading = float(np.arctan2(y, x))
        left = np.array([-np.sin(heading), np.cos(heading)])
        position = point(metres) + aside[row] * left
        poses.append(camera_pose((*position, HEIGHT), heading + turned[row], pitch=0.05))
    return poses


def _slowly(random: np.random.Generator, count: int) -> np.ndarray:
    """(count,) numbers of unit variance that change slowly."""
    noise = random.standard_normal(count + SMOOTH)
    return np.convolve(noise, np.ones(SMOOTH) / np.sqrt(SMOOTH), "valid")[:count]


def camera() -> Camera:
    """Of every robot."""
    return Camera(*SIZE, "camera_optical", "plumb_bob", pinhole(SIZE, FOCAL), np.zeros(5))


def images_of(visit: Visit) -> list[np.ndarray]:
    """(240, 320, 3) uint8 BGR: what the robot sees, RATE images a second."""
    random = np.random.default_rng((visit.district, visit.robot, visit.number, 2))
    images = []
    for file in visit.files:
        rendered = cv2.imread(str(file))
        for _ in range(RATE):
            shaken = SHAKEN * np.clip(random.standard_normal(3), -MOST, MOST)
            images.append(_turned(rendered, shaken))
    return images


def _turned(rendered: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The image of a camera turned by pan, tilt and roll, radians."""
    turn = Rotation.from_euler("yxz", angles).as_matrix()
    homography = pinhole(SIZE, FOCAL) @ turn @ np.linalg.inv(pinhole(RENDERED, FOCAL))
    return cv2.warpPerspective(rendered, homography, SIZE, flags=cv2.INTER_LINEAR)


def render() -> None:
    """Render what is not there yet."""
    from rendering.town.world import TownWorld  # only here: it needs Panda3D

    for district in DISTRICTS:
        missing = [
            visit
            for robot in range(ROBOTS)
            for visit in visits(robot)
            if visit.district == district and not visit.files[-1].is_file()
        ]
        if not missing:
            continue
        world = TownWorld(district, RENDERED, samples=1.0, focal=FOCAL / RENDERED[0])
        for visit in missing:
            random = np.random.default_rng((district, visit.robot, visit.number, 3))
            kind = KINDS[visit.robot % len(KINDS)]
            chosen = next(each for each in choose_conditions(9, random) if each.name == kind)
            world.begin(chosen, random)
            visit.files[0].parent.mkdir(parents=True, exist_ok=True)
            for file, pose in zip(visit.files, poses_of(visit)):
                cv2.imwrite(str(file), world.render(pose), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            print(f"rendered visit {visit.number} of robot {visit.robot}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    render()
