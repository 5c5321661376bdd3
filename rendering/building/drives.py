"""Writes drives through a building to a folder."""

import csv
from pathlib import Path
from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np

from rendering.building.building import Building
from rendering.building.contents import DIFFERENCE
from rendering.building.visit import random_visits

SIZE = (320, 240)  # pixels
QUALITY = 80  # of the WebP files
COLUMNS = ("file", "floor", "lap", "index", "stamp", "tx", "ty", "tz", "qx", "qy", "qz", "qw")
PAUSE = 60.0  # seconds between two drives


class Drive(NamedTuple):
    """Laps on one floor."""

    floor: int
    laps: int
    reverse: bool = False


def write_drives(
    folder: Path, seed: int, drives: Sequence[Drive], difference: Optional[float] = None, every: int = 1
) -> int:
    """Render drives.

    Args:
        folder: to write: ``images/``, gt.csv and camera.csv (fx, fy, cx, cy, width, height; pixels).
        seed: of the building.
        drives: one after the other.
        difference: between floors, 0 to 1; None: natural.
        every: only every n-th image is written.

    Returns:
        How many images were written.

    Raises:
        OSError: if there is no OpenGL, or the folder cannot be written.
    """
    from rendering.building.renderer import BuildingRenderer  # only here: it needs Panda3D

    floors = 1 + max(drive.floor for drive in drives)
    building = Building(seed, floors, DIFFERENCE if difference is None else difference)
    renderer = BuildingRenderer(building, SIZE)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    k = building.intrinsics(SIZE)
    with open(folder / "camera.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("fx", "fy", "cx", "cy", "width", "height"), (k[0, 0], k[1, 1], k[0, 2], k[1, 2], *SIZE)]
        )
    written, start = 0, 0.0
    with open(folder / "gt.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number, drive in enumerate(drives):
            random = np.random.default_rng((seed, 5, number))
            visits = random_visits(drive.laps, random)
            frames = building.drive(drive.floor, drive.laps, random, drive.reverse)
            lap = -1
            for frame in frames[::every]:
                if frame.lap != lap:
                    lap = frame.lap
                    renderer.begin(drive.floor, visits[lap])
                image = renderer.render(frame.pose, random)
                name = f"images/{number:02d}_{drive.floor}_{lap}_{frame.number:04d}.webp"
                cv2.imwrite(str(folder / name), image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
                stamp = f"{start + frame.stamp:.3f}"
                numbers = [f"{v:.6f}" for v in (*frame.pose.position, *frame.pose.orientation)]
                table.writerow([name, drive.floor, lap, frame.number, stamp, *numbers])
                written += 1
            start += frames[-1].stamp + PAUSE
    return written
