"""Where the robots of the fleet benchmark drive, and what they see.

Each robot drives in three districts, which are rendered towns, along streets that it chooses at random, 200 s
in each with five keyframes a second. Positions 1.5 m apart are rendered, with a margin; the six or seven
images of one position look into slightly different directions, which a homography gives exactly, because a
rotation of the camera moves all pixels alike, near or far.

The images are rendered once, to .run/data/fleet: ``python -m benchmarks.fleet.town``, half an hour.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.route import AHEAD, BEHIND, poses_along
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera
from rendering.camera import pinhole
from rendering.conditions import choose_conditions
from training.files import PROJECT

FOLDER = PROJECT / ".run" / "data" / "fleet"
ROBOTS = 8
DISTRICTS = (21, 22, 23)  # seeds of towns; each robot visits each of them, one after the other
SLOTS = len(DISTRICTS) + 1  # two robots begin in each district, and two later
SECONDS, RATE = 200, 5  # of a visit, and images a second: the most keyframes that a robot can take
KEYFRAMES = SECONDS * RATE
POSITIONS = 150  # of a visit
STEP = 1.5  # metres between rendered positions
SIZE, RENDERED = (320, 240), (384, 288)
FOCAL = 214.0  # pixels
KINDS = ("noon", "overcast")  # conditions of even robots and of odd ones
CROSSINGS = np.array([(0.0, 0.0), (36.0, 0.0), (72.0, 0.0), (0.0, 30.0), (36.0, 30.0), (72.0, 30.0)])
STREETS = ((0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5))  # pairs of crossings
ASIDE, TURNED = 0.6, np.radians(2.0)  # standard deviations from the middle of the street, and along it
SHAKEN = np.radians((3.0, 1.5, 1.0))  # pan, tilt and roll of the images of one position, standard deviations
MOST = 2.0  # standard deviations
QUALITY = 92


class Visit(NamedTuple):
    """A drive of one robot through one district."""

    robot: int
    slot: int  # when, among the visits of the robot
    district: int  # seed

    @property
    def files(self) -> list[Path]:
        """The rendered images, one for each position."""
        folder = FOLDER / f"{self.robot}_{self.slot}"
        return [folder / f"{position:04d}.jpg" for position in range(POSITIONS)]


def visits(robot: int) -> list[Visit]:
    """The visits of a robot in their order."""
    slots = [(slot, (robot + slot) % SLOTS) for slot in range(SLOTS)]
    return [Visit(robot, slot, DISTRICTS[place]) for slot, place in slots if place < len(DISTRICTS)]


def position_of(keyframe: int) -> int:
    """Where a keyframe of a visit was taken."""
    return keyframe * POSITIONS // KEYFRAMES


def taken(seconds: float, rate: float) -> list[int]:
    """The numbers of the images, among those of all visits of a robot, that are its keyframes.

    Args:
        seconds: how long it drives; no longer than its visits.
        rate: keyframes a second, at most RATE.
    """
    count = round(min(seconds, SECONDS * len(DISTRICTS)) * rate)
    return [int(number * RATE / rate + 1e-6) for number in range(count)]


def route(visit: Visit) -> np.ndarray:
    """(N, 2) metres: the crossings that a robot drives along; it never turns round at one."""
    random = np.random.default_rng((visit.district, visit.robot, visit.slot))
    neighbours = {each: [] for each in range(len(CROSSINGS))}  # type: dict[int, list[int]]
    for a, b in STREETS:
        neighbours[a].append(b)
        neighbours[b].append(a)
    way = [int(random.integers(len(CROSSINGS)))]
    metres, needed = 0.0, POSITIONS * STEP + AHEAD + BEHIND + STEP
    while metres < needed:
        choices = [each for each in neighbours[way[-1]] if each not in way[-2:-1]]
        way.append(int(random.choice(choices)))
        metres += float(np.linalg.norm(CROSSINGS[way[-1]] - CROSSINGS[way[-2]]))
    return CROSSINGS[way]


def poses_of(visit: Visit) -> list[Pose]:
    """The positions of a visit."""
    random = np.random.default_rng((visit.district, visit.robot, visit.slot, 1))
    along = random.uniform(0.0, STEP) + BEHIND + STEP * np.arange(POSITIONS)
    return poses_along(route(visit), along, ASIDE, TURNED, random)


def camera() -> Camera:
    """Of every robot."""
    return Camera(*SIZE, "camera_optical", "plumb_bob", pinhole(SIZE, FOCAL), np.zeros(5))


def images_of(visit: Visit) -> list[np.ndarray]:
    """(240, 320, 3) uint8 BGR: what the robot sees, at each of its keyframes."""
    random = np.random.default_rng((visit.district, visit.robot, visit.slot, 2))
    rendered = [cv2.imread(str(file)) for file in visit.files]
    shaken = SHAKEN * np.clip(random.standard_normal((KEYFRAMES, 3)), -MOST, MOST)
    return [_turned(rendered[position_of(row)], angles) for row, angles in enumerate(shaken)]


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
            random = np.random.default_rng((district, visit.robot, visit.slot, 3))
            kind = KINDS[visit.robot % len(KINDS)]
            chosen = next(each for each in choose_conditions(9, random) if each.name == kind)
            world.begin(chosen, random)
            visit.files[0].parent.mkdir(parents=True, exist_ok=True)
            for file, pose in zip(visit.files, poses_of(visit)):
                cv2.imwrite(str(file), world.render(pose), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            print(f"rendered visit {visit.slot} of robot {visit.robot}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    render()
