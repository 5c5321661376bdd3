"""Generated images of places, for benchmarks and tests: any number of places, each from many viewpoints.

A place is a few textured boards at different depths in front of a textured wall. Seen from another viewpoint
the near ones move more than the far ones, so that the images satisfy an epipolar geometry.
"""

from typing import Callable, List, NamedTuple, Tuple

import cv2
import numpy as np

HEIGHT, WIDTH = 240, 320
BOARDS = 6
FOCAL_LENGTH = 280.0  # pixels
FAR = 12.0  # metres to the wall

Colors = List[Tuple[int, ...]]
Painter = Callable[[np.random.Generator, np.ndarray, Colors], None]


class Board(NamedTuple):
    """A textured rectangle that faces the camera."""

    texture: np.ndarray  # (H, W, 3) uint8
    x: float  # of its centre, metres
    y: float
    depth: float  # metres
    width: float  # metres


class Place:
    """One place; the same number gives the same place.

    Args:
        number: 0 or more.
    """

    def __init__(self, number: int) -> None:
        random = np.random.default_rng(number)
        paint = PAINTERS[number % len(PAINTERS)]
        self._boards = [Board(_texture(random, paint, 480), 0.0, 0.0, FAR, 20.0)]
        for depth in np.sort(random.uniform(3.0, 9.0, BOARDS))[::-1]:
            x, y = random.uniform(-0.5, 0.5, 2) * depth * np.array([WIDTH, HEIGHT]) / FOCAL_LENGTH
            size = random.uniform(0.25, 0.5) * depth
            self._boards.append(Board(_texture(random, paint, 160), x, y, depth, size))

    def image(self, right: float = 0.0, forward: float = 0.0, brightness: float = 1.0) -> np.ndarray:
        """The image of a camera at the place.

        Args:
            right: metres to the right of the place's centre.
            forward: metres towards the wall.
            brightness: factor of the pixel values.

        Returns:
            (240, 320, 3) uint8 BGR.
        """
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for board in self._boards:
            _draw(image, board.texture, cv2.INTER_AREA, _view(board, right, forward))
        return cv2.convertScaleAbs(image, alpha=brightness)

    def depth(self, right: float = 0.0, forward: float = 0.0) -> np.ndarray:
        """(240, 320) float32, metres: the depth image of the same camera."""
        image = np.zeros((HEIGHT, WIDTH), np.float32)
        for board in self._boards:
            flat = np.full(board.texture.shape[:2], board.depth - forward, np.float32)
            _draw(image, flat, cv2.INTER_NEAREST, _view(board, right, forward))
        return image


def _view(board: Board, right: float, forward: float) -> np.ndarray:
    """(2, 3): pixels of a board's texture → pixels of the image."""
    scale = FOCAL_LENGTH * board.width / (board.depth - forward) / board.texture.shape[1]
    middle = FOCAL_LENGTH * np.array([board.x - right, board.y]) / (board.depth - forward)
    corner = middle + (WIDTH / 2, HEIGHT / 2) - scale * np.array(board.texture.shape[1::-1]) / 2
    return np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]])


def _draw(image: np.ndarray, texture: np.ndarray, interpolation: int, view: np.ndarray) -> None:
    cv2.warpAffine(texture, view, (WIDTH, HEIGHT), image, interpolation, cv2.BORDER_TRANSPARENT)


def _texture(random: np.random.Generator, paint: Painter, size: int) -> np.ndarray:
    """(size, size, 3) uint8: painted, with fine noise."""
    colors = [tuple(int(value) for value in color) for color in random.integers(0, 256, (5, 3))]
    texture = np.full((size, size, 3), colors[0], np.uint8)
    paint(random, texture, colors)
    grain = cv2.resize(random.normal(0.0, 8.0, (size // 2, size // 2)), (size, size))
    return np.clip(texture + grain[..., np.newaxis], 0, 255).astype(np.uint8)


def _boxes(random: np.random.Generator, texture: np.ndarray, colors: Colors) -> None:
    size = len(texture)
    for _ in range(40):
        x, y, width, height = (
            int(v) for v in random.integers((0, 0, 4, 4), (size, size, size // 4, size // 4))
        )
        cv2.rectangle(texture, (x, y), (x + width, y + height), colors[int(random.integers(5))], -1)


def _discs(random: np.random.Generator, texture: np.ndarray, colors: Colors) -> None:
    for _ in range(60):
        x, y, radius = (int(v) for v in random.integers((0, 0, 3), (len(texture), len(texture), 30)))
        cv2.circle(texture, (x, y), radius, colors[int(random.integers(5))], -1, cv2.LINE_AA)


def _writing(random: np.random.Generator, texture: np.ndarray, colors: Colors) -> None:
    step = int(random.integers(14, 30))
    for y in range(step, len(texture) + step, step):
        words = "".join(chr(int(letter)) for letter in random.integers(33, 123, 40))
        cv2.putText(texture, words, (2, y), int(random.integers(5)), step / 30, colors[1], 2, cv2.LINE_AA)


def _strokes(random: np.random.Generator, texture: np.ndarray, colors: Colors) -> None:
    for _ in range(80):
        a, b = random.integers(0, len(texture), (2, 2)).tolist()
        cv2.line(texture, a, b, colors[int(random.integers(5))], int(random.integers(1, 5)), cv2.LINE_AA)


def _tiles(random: np.random.Generator, texture: np.ndarray, colors: Colors) -> None:
    cells = random.integers(0, 5, (int(random.integers(4, 30)), int(random.integers(4, 30))))
    tiles = np.array(colors, np.uint8)[cells]
    texture[:] = cv2.resize(tiles, texture.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def _clouds(random: np.random.Generator, texture: np.ndarray, colors: Colors) -> None:
    for cells in (5, 11, 23):
        seeds = random.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        cloud = cv2.resize(seeds, texture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        cv2.addWeighted(texture, 0.5, cloud, 0.5, 0.0, texture)


PAINTERS = (_boxes, _writing, _discs, _tiles, _strokes, _clouds)
