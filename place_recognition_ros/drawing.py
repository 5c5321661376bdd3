"""The image of an explanation: two views side by side, what fits between them, and what contradicts."""

from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.rotation import rotate
from place_recognition_ros.types import View

SIDE = 640  # pixels: the longer side of each view
GAP = 8  # pixels between the views
LINE = 26  # pixels: height of a line of text
MAX_LINES = 60  # inliers that are connected; all have dots

_BACKGROUND, _TEXT, _FAINT = (32, 32, 32), (235, 235, 235), (170, 170, 170)  # BGR
_RED = (60, 60, 255)
_OPACITY = 0.6  # of lines
_SHARPEN = 4  # bits behind the binary point of drawn coordinates


class Side(NamedTuple):
    """One of the two views."""

    view: View
    thumbnail: bytes  # JPEG
    title: str  # ASCII
    rotated: int = (
        0  # degrees, clockwise, by which the thumbnail was rotated (rotate_image); features were not
    )


class Marks(NamedTuple):
    """How the features of one view are drawn: rows of its features."""

    inliers: np.ndarray  # (K,) int
    contradictions: np.ndarray  # (M,) int: in the region of the inliers, without counterpart
    others: np.ndarray  # (N − K − M,) int


def marks_of(view: View, inliers: np.ndarray) -> Marks:
    """Sort the features of a view.

    Args:
        view: with (N,) features.
        inliers: (K,) int, rows of its features that fit the scene.

    Returns:
        The marks; contradictions are what lowers the coverage: the other features in the convex hull of the
        inliers. Features without usable coordinates are not marked.
    """
    points = _points(view)
    rest = np.setdiff1d(np.flatnonzero(np.isfinite(points).all(axis=1)), inliers)
    inside = np.zeros(len(rest), bool)
    if len(inliers) >= 3:
        hull = cv2.convexHull(points[inliers].astype(np.float32))
        inside = np.array(
            [cv2.pointPolygonTest(hull, (float(x), float(y)), False) >= 0 for x, y in points[rest]], bool
        )
    return Marks(inliers, rest[inside], rest[~inside])


def pixels_in_panel(view: View, shape: Tuple[int, ...]) -> np.ndarray:
    """Where the features of a view are in a panel that shows the whole image.

    Args:
        view: with (N,) features, in pixels of the original image. Where its size is not known, the features
            are taken to reach to the borders of the image.
        shape: (height, width, …) of the panel.

    Returns:
        (N, 2) float64, x and y, pixels of the panel.
    """
    points, size = _points(view), np.array([shape[1], shape[0]], float)
    if view.camera is not None:
        original = np.array([view.camera.width, view.camera.height], float)
    else:
        known = points[np.isfinite(points).all(axis=1)]
        original = size * max(1e-3, float((known / size).max(initial=1e-3))) if len(known) else size
    return (points + 0.5) * (size / original) - 0.5


def draw(query: Side, match: Side, geometry: Geometry, caption: List[str]) -> np.ndarray:
    """Draw two views side by side.

    Args:
        query, match: the views.
        geometry: between them.
        caption: lines of text below, ASCII.

    Returns:
        (H, W, 3) uint8 BGR. Inliers have dots of one colour in both views, at most ``MAX_LINES`` of them are
        connected; contradictions are red circles, all other features faint dots.
    """
    panels = [_panel(side) for side in (query, match)]
    height = max(panel.shape[0] for panel in panels)
    offsets = [np.array([0.0, LINE]), np.array([panels[0].shape[1] + GAP, LINE], float)]
    width = int(offsets[1][0]) + panels[1].shape[1]
    canvas = np.full((LINE + height + LINE * (len(caption) + 1) + 8, width, 3), _BACKGROUND, np.uint8)
    places, marks = [], []
    for side, panel, offset, rows in zip((query, match), panels, offsets, geometry.pairs.T):
        x, y = offset.astype(int)
        canvas[y : y + panel.shape[0], x : x + panel.shape[1]] = panel
        _write(canvas, side.title, (x + 4, LINE - 8), _TEXT)
        places.append(pixels_in_panel(side.view, panel.shape) + offset)
        marks.append(marks_of(side.view, rows))
    _draw_features(canvas, places, marks)
    bottom = LINE + height + LINE - 6
    for row, text in enumerate(caption):
        _write(canvas, text, (4, bottom + row * LINE), _TEXT)
    _draw_legend(canvas, bottom + len(caption) * LINE)
    return canvas


def connected(
    places: List[np.ndarray], marks: List[Marks]
) -> List[Tuple[np.ndarray, np.ndarray, Tuple[int, ...]]]:
    """Start, end and colour of each inlier, ordered from left to right in the first view."""
    start, end = (where[each.inliers] for where, each in zip(places, marks))
    order = np.argsort(start[:, 0], kind="stable")
    return [(start[row], end[row], _colour(rank / max(1, len(order) - 1))) for rank, row in enumerate(order)]


def _draw_features(canvas: np.ndarray, places: List[np.ndarray], marks: List[Marks]) -> None:
    for where, each in zip(places, marks):
        for point in where[each.others]:
            _circle(canvas, point, 1.6, _FAINT, -1)
        for point in where[each.contradictions]:
            _circle(canvas, point, 4.5, _RED, 1)
    pairs = connected(places, marks)
    above = canvas.copy()
    for start, end, colour in pairs[:: max(1, -(-len(pairs) // MAX_LINES))]:
        cv2.line(above, _fixed(start), _fixed(end), colour, 1, cv2.LINE_AA, _SHARPEN)
    canvas[:] = cv2.addWeighted(above, _OPACITY, canvas, 1.0 - _OPACITY, 0.0)
    for start, end, colour in pairs:
        for point in (start, end):
            _circle(canvas, point, 3.5, (0, 0, 0), -1)
            _circle(canvas, point, 2.6, colour, -1)


def _draw_legend(canvas: np.ndarray, y: int) -> None:
    x = 10
    for text, colour, thickness, radius in (
        ("inlier (same colour: same point)", _colour(0.5), -1, 3.5),
        ("contradiction: in the common region, not found again", _RED, 1, 4.5),
        ("other feature", _FAINT, -1, 1.6),
    ):
        _circle(canvas, np.array([x, y - 5.0]), radius, colour, thickness)
        _write(canvas, text, (x + 10, y), _FAINT)
        x += 34 + cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)[0][0]


def _panel(side: Side) -> np.ndarray:
    """The thumbnail, enlarged and a little darker, so that the marks are visible."""
    image: Optional[np.ndarray] = None
    if side.thumbnail:
        image = cv2.imdecode(np.frombuffer(side.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    if image is None:  # a damaged row
        camera = side.view.camera
        image = np.zeros((camera.height, camera.width, 3) if camera else (240, 320, 3), np.uint8)
    else:
        image = rotate(image, (360 - side.rotated) % 360)
    scale = SIDE / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.convertScaleAbs(large, alpha=0.8))


def _points(view: View) -> np.ndarray:
    return np.stack([view.features["x"], view.features["y"]], axis=1).astype(float)


def _colour(share: float) -> Tuple[int, ...]:
    """0 to 1 → yellow, green, blue, violet: no red, which marks contradictions."""
    hue = np.array([[[25 + 120 * share, 170, 255]]], np.uint8)
    return tuple(int(each) for each in cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0])


def _fixed(point: np.ndarray) -> Tuple[int, int]:
    x, y = np.round(point * (1 << _SHARPEN)).astype(int)
    return int(x), int(y)


def _circle(
    canvas: np.ndarray, point: np.ndarray, radius: float, colour: Tuple[int, ...], thickness: int
) -> None:
    fixed_radius = round(radius * (1 << _SHARPEN))
    cv2.circle(canvas, _fixed(point), fixed_radius, colour, thickness, cv2.LINE_AA, _SHARPEN)


def _write(canvas: np.ndarray, text: str, place: Tuple[int, int], colour: Tuple[int, ...]) -> None:
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
