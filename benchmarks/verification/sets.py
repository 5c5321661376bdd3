"""Pairs of images whose truth is known, from the sets in ../shared/data that are for measuring only."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.verification.errors import relative
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera
from training.data.recordings.files import read_image, rows_of
from training.files import DATA

BINS = ((0, 15), (15, 30), (30, 45), (45, 60))  # degrees between the viewing directions
PAIRS = 60  # of each bin
SEED = 0
STRECHA_WIDTH, STRECHA_K = 3072.0, ((2759.48, 0, 1520.69), (0, 2764.16, 1006.81), (0, 0, 1))
OVERLAP = 0.4  # of either image, at the distance that the cameras of a set look at
GRID = 8  # rays along either axis of an image that the overlap is computed with
COLOR_SHARE = 525 / 585  # of the focal length: colour camera by depth camera of 7-Scenes, see kitchen()
KITCHEN_METRES, KITCHEN_DEGREES, KITCHEN_LEAST = 0.5, 30.0, 0.05


class Shot(NamedTuple):
    """One image of a set."""

    path: str
    camera: Camera
    depth_path: str = ""  # uint16 millimetres, possibly of a smaller size than the image
    depth_intrinsics: np.ndarray | None = None  # (3, 3), of the depth image; None: aligned to the image

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 BGR."""
        return read_image(self.path)

    @property
    def depth(self) -> np.ndarray | None:
        """(H, W) uint16 millimetres, aligned to the image; None: not known."""
        if not self.depth_path:
            return None
        stored = cv2.imread(self.depth_path, cv2.IMREAD_UNCHANGED)
        size = (self.camera.width, self.camera.height)
        if self.depth_intrinsics is not None:
            return registered(stored, self.depth_intrinsics, self.camera)
        return cv2.resize(stored, size, interpolation=cv2.INTER_NEAREST)


class Pair(NamedTuple):
    """Two images of one place."""

    query: Shot
    match: Shot
    truth: Pose  # the query camera in the frame of the match camera, metres
    degrees: float  # between the viewing directions


class Photo(NamedTuple):
    """An image without a pose."""

    path: str
    place: str
    condition: str = ""

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 BGR."""
        return read_image(self.path)


def scaled(intrinsics: np.ndarray, factor: float) -> np.ndarray:
    """K of an image resized by a factor, where (0, 0) is the centre of the first pixel."""
    k = np.array(intrinsics, float)
    k[:2] *= factor
    k[:2, 2] += (factor - 1) / 2
    return k


def strecha() -> dict[tuple[int, int], list[Pair]]:
    """``PAIRS`` pairs of each bin of angles: one building, overlapping views."""
    rows = rows_of("strecha")
    center = np.array([[float(row[name]) for name in ("cx", "cy", "cz")] for row in rows])
    world = np.array([[float(row[f"r{i}"]) for i in range(9)] for row in rows]).reshape(-1, 3, 3)
    shots = [strecha_shot(row["file"]) for row in rows]
    groups = np.array([row["set"] for row in rows])
    pairs: dict[tuple[int, int], list[Pair]] = {each: [] for each in BINS}
    random = np.random.default_rng(SEED)
    distance = viewing_distance(groups, center, world[:, :, 2])
    order = [(i, k) for i in range(len(rows)) for k in range(len(rows)) if i < k and groups[i] == groups[k]]
    for i, k in (order[n] for n in random.permutation(len(order))):
        angle = float(np.degrees(np.arccos(np.clip(world[i, :, 2] @ world[k, :, 2], -1, 1))))
        found = [each for each in BINS if each[0] <= angle < each[1] and len(pairs[each]) < PAIRS]
        if not found:
            continue
        truth = relative(center[i], world[i], center[k], world[k])
        if common(truth, shots[i].camera, shots[k].camera, distance[i]) >= OVERLAP:
            pairs[found[0]].append(Pair(shots[i], shots[k], truth, angle))
    return pairs


def strecha_shot(file: str) -> Shot:
    """An image of strecha, by its name in gt.csv."""
    path = str(DATA / "strecha" / file)
    height, width = read_image(path).shape[:2]
    k = scaled(np.array(STRECHA_K), width / STRECHA_WIDTH)
    return Shot(path, Camera(width, height, "", "plumb_bob", k, np.zeros(5)))


def viewing_distance(groups: np.ndarray, center: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Median distance of the cameras of a group from the point closest to all their optical axes.

    Args:
        groups: (N,) name of each camera's group.
        center: (N, 3) metres.
        axis: (N, 3) unit vectors, the viewing directions.

    Returns:
        (N,) float64 metres.
    """
    across = np.eye(3) - axis[:, :, None] * axis[:, None, :]
    distance = np.empty(len(groups))
    for name in set(groups):
        there = groups == name
        point = np.linalg.solve(
            across[there].sum(axis=0), np.einsum("nij,nj->i", across[there], center[there])
        )
        distance[there] = np.median(np.linalg.norm(center[there] - point, axis=1))
    return distance


def common(relative_pose: Pose, query: Camera, match: Camera, distance: float) -> float:
    """Share of either image that the other one shows too, of a wall across the viewing direction; 0–1.

    Args:
        relative_pose: the query camera in the frame of the match camera.
        query, match: the cameras.
        distance: of the wall, metres.
    """
    back = relative_pose.rotation.inv()
    inverse = Pose(-back.apply(relative_pose.position), back.as_quat())
    return min(_seen(relative_pose, query, match, distance), _seen(inverse, match, query, distance))


def _seen(pose: Pose, first: Camera, second: Camera, distance: float) -> float:
    x = (np.arange(GRID) + 0.5) / GRID
    pixels = np.stack(
        [*(g.ravel() for g in np.meshgrid(x * first.width, x * first.height)), np.ones(GRID**2)]
    )
    points = (
        pose.rotation.apply((np.linalg.inv(np.asarray(first.intrinsics)) @ pixels * distance).T)
        + pose.position
    )
    ahead = points[:, 2] > 0
    moved = points @ np.asarray(second.intrinsics).T
    moved = moved[:, :2] / np.where(ahead, moved[:, 2], 1.0)[:, None]
    inside = (moved >= 0).all(axis=1) & (moved < (second.width, second.height)).all(axis=1)
    return float((ahead & inside).mean())


def kitchen(count: int = 200, naive: bool = False) -> list[Pair]:
    """Pairs of 7scenes_redkitchen with depth on both sides, from 5 cm to 0.5 m and up to 30° apart.

    ``naive``: as in :func:`kitchen_shots`.
    """
    taken = [(shot, pose) for shot, pose in kitchen_shots(naive) if shot.depth_path]
    pairs = []
    for i, (query, here) in enumerate(taken):
        for match, there in taken[:i]:
            truth = relative(here[:3, 3], here[:3, :3], there[:3, 3], there[:3, :3])
            degrees = float(np.degrees(truth.rotation.magnitude()))
            if (
                KITCHEN_LEAST <= np.linalg.norm(truth.position) <= KITCHEN_METRES
                and degrees <= KITCHEN_DEGREES
            ):
                pairs.append(Pair(query, match, truth, degrees))
    chosen = np.random.default_rng(SEED).permutation(len(pairs))[:count]
    return [pairs[n] for n in chosen]


def kitchen_shots(naive: bool = False) -> list[tuple[Shot, np.ndarray]]:
    """The images of 7scenes_redkitchen in order, and the (4, 4) pose of the camera in the world, metres.

    The authors of 7-Scenes did not calibrate the two cameras of their Kinect: the images of colour and depth
    are raw, and their default intrinsics, focal length 585 pixels and principal point (320, 240), are those
    of the depth camera. The usual focal length of the colour camera of a Kinect is 525 pixels, and depth is
    registered with it here. ``naive``: 585 pixels for both, as if the images were registered.
    """
    folder = DATA / "7scenes_redkitchen"
    of_depth = np.loadtxt(folder / "camera-intrinsics.txt")
    of_color = of_depth * np.array([(COLOR_SHARE, 1, 1), (1, COLOR_SHARE, 1), (1, 1, 1)])
    k = scaled(of_depth if naive else of_color, 480 / 640)
    camera = Camera(480, 360, "", "plumb_bob", k, np.zeros(5))
    every_second = None if naive else of_depth * np.array([(0.5,), (0.5,), (1,)])  # pixel 2k is pixel k
    shots = []
    for row in rows_of("7scenes_redkitchen"):
        world = np.array([[float(row[f"T{i}{j}"]) for j in range(4)] for i in range(4)])
        depth = str(folder / row["depth"]) if row["depth"] else ""
        shots.append((Shot(str(folder / row["color"]), camera, depth, every_second), world))
    return shots


def registered(depth: np.ndarray, intrinsics: np.ndarray, camera: Camera) -> np.ndarray:
    """The depth image as the colour camera would see it; both are taken to be at one place.

    Its points are projected into the colour image, and the nearest one counts in each pixel. Nothing is
    interpolated: a pixel of the result is the point of one depth pixel, which covers the pixels around the
    projection, or 0.

    Args:
        depth: (H, W) uint16 millimetres.
        intrinsics: (3, 3), of the depth camera.
        camera: the colour camera, without distortion.

    Returns:
        (camera.height, camera.width) uint16 millimetres; 0: not known.
    """
    rows, columns = np.nonzero(depth)
    metres = depth[rows, columns]
    order = np.argsort(-metres.astype(int), kind="stable")  # the nearest is written last
    to_color = np.asarray(camera.intrinsics) @ np.linalg.inv(intrinsics)
    x = to_color[0, 0] * columns + to_color[0, 2]
    y = to_color[1, 1] * rows + to_color[1, 2]
    found = np.zeros((camera.height, camera.width), np.uint16)
    reach = int(np.ceil(to_color[0, 0])) // 2  # an enlarged depth pixel covers several pixels
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            to_row, to_column = (np.round(each).astype(int) for each in (y + down, x + right))
            inside = (to_row >= 0) & (to_row < camera.height) & (to_column >= 0) & (to_column < camera.width)
            kept = order[inside[order]]
            layer = np.zeros_like(found)
            layer[to_row[kept], to_column[kept]] = metres[kept]
            closer = (layer > 0) & ((found == 0) | (layer < found))
            found[closer] = layer[closer]
    return found


def koe() -> list[Photo]:
    """The photographs of koe_landmarks that have a day and a night: the set "new"."""
    folder = DATA / "koe_landmarks"
    return [
        Photo(str(folder / row["file"]), row["place"], row["condition"])
        for row in rows_of("koe_landmarks")
        if row["set"] == "new"
    ]


def two_floors() -> list[Photo]:
    """Frames of two floors of one design; ``place`` is the floor."""
    folder = DATA / "two_floors"
    return [Photo(str(folder / row["file"]), row["floor"]) for row in rows_of("two_floors")]


def ie_tower() -> list[Photo]:
    """The hallways of ie_tower, a frame a second; ``place`` is the floor, ``condition`` the clip."""
    folder = DATA / "ie_tower"
    return [
        Photo(str(folder / row["file"]), row["floor"], row["video"])
        for row in rows_of("ie_tower")
        if row["area"] == "hallway"
    ]


def rtabmap_corridor() -> list[Photo]:
    """Frames of a corridor walked twice and a bit.

    ``place`` is the frame of the first lap that shows the same spot, ``condition`` the lap.
    """
    folder = DATA / "rtabmap_corridor"
    return [
        Photo(str(folder / row["file"]), row["place"], row["sequence"])
        for row in rows_of("rtabmap_corridor")
        if row["place"].isdigit() and row["file"] not in ("images/019.webp", "images/046.webp")
    ]
