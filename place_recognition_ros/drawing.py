"""The image of a match: two views side by side, what fits between them, and what contradicts."""

from functools import lru_cache
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.rotation import rotate
from place_recognition_ros.types import View

SIDE = 640  # pixels: the longer side of each view, unless another one is asked for
GAP = 8  # pixels between the views
LINE = 26  # pixels: height of a line of text
MAX_LINES = 60  # inliers that are connected, in views of this size; all have dots
SMALLEST = 0.65  # of the size of marks in such views: below it they could not be seen

_BACKGROUND = 32
_TEXT, _FAINT = (235, 235, 235), (170, 170, 170)  # BGR
_RED = (60, 60, 255)
_OPACITY = 0.6  # of lines
_WHOLE = np.uint16(256)  # a pixel that is covered wholly
_FAINTEST = 25  # of these: what covers less is not drawn
_SHARPEN = 4  # bits behind the binary point of drawn coordinates
_HUES = 24  # of inliers


class Side(NamedTuple):
    """One of the two views."""

    view: View
    thumbnail: bytes  # JPEG; empty where there is an image
    title: str  # ASCII
    rotated: int = (
        0  # degrees, clockwise, by which the thumbnail was rotated (rotate_image); features were not
    )
    image: Optional[np.ndarray] = None  # (H, W, 3) or (H, W) uint8, of the camera, instead of the thumbnail


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
        hull = cv2.convexHull(points[inliers].astype(np.float32))[:, 0].astype(float)
        inside = _within(hull, points[rest])
    return Marks(inliers, rest[inside], rest[~inside])


def _within(hull: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) bool: which of (N, 2) points are in a convex polygon of (K, 2) corners, or on its border."""
    sides = np.roll(hull, -1, axis=0) - hull
    away = points[:, None] - hull
    across = sides[:, 0] * away[..., 1] - sides[:, 1] * away[..., 0]
    return np.asarray((across >= 0).all(axis=1) | (across <= 0).all(axis=1))


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


def draw(
    query: Side,
    match: Side,
    geometry: Geometry,
    caption: Sequence[str],
    longer_side: int = SIDE,
    legend: bool = True,
) -> np.ndarray:
    """Draw two views side by side.

    Args:
        query, match: the views.
        geometry: between them; its pairs are used.
        caption: lines of text below, ASCII.
        longer_side: of each view, pixels.
        legend: whether the marks are explained below the text; it needs 760 pixels of width.

    Returns:
        (H, W, 3) uint8 BGR. Inliers have dots of one colour in both views, some of them are connected;
        contradictions are red circles, all other features faint dots.
    """
    panels = [_panel(side, longer_side) for side in (query, match)]
    height = max(panel.shape[0] for panel in panels)
    offsets = [np.array([0.0, LINE]), np.array([panels[0].shape[1] + GAP, LINE], float)]
    width = int(offsets[1][0]) + panels[1].shape[1]
    lines = len(caption) + legend
    canvas = np.full((LINE + height + LINE * lines + 8, width, 3), _BACKGROUND, np.uint8)
    places, marks = [], []
    for side, panel, offset, rows in zip((query, match), panels, offsets, geometry.pairs.T):
        x, y = offset.astype(int)
        canvas[y : y + panel.shape[0], x : x + panel.shape[1]] = panel
        _write(canvas, side.title, (x + 4, LINE - 8), _TEXT)
        places.append(pixels_in_panel(side.view, panel.shape) + offset)
        marks.append(marks_of(side.view, rows))
    places = [each - (0, LINE) for each in places]
    _draw_features(canvas[LINE : LINE + height], places, marks, max(SMALLEST, longer_side / SIDE))
    bottom = LINE + height + LINE - 6
    for row, text in enumerate(caption):
        _write(canvas, text, (4, bottom + row * LINE), _TEXT)
    if legend:
        _draw_legend(canvas, bottom + len(caption) * LINE)
    return canvas


def connected(places: List[np.ndarray], marks: List[Marks]) -> Tuple[np.ndarray, np.ndarray]:
    """The inliers, ordered from left to right in the first view.

    Returns:
        (K, 2, 2) float64: x and y of the start and of the end of each; (K, 3) uint8: its colour, BGR.
    """
    start, end = (where[each.inliers] for where, each in zip(places, marks))
    order = np.argsort(start[:, 0], kind="stable")
    shares = np.arange(len(order)) / max(1, len(order) - 1)
    return np.stack([start[order], end[order]], axis=1), _COLOURS[np.rint(shares * (_HUES - 1)).astype(int)]


def _draw_features(canvas: np.ndarray, places: List[np.ndarray], marks: List[Marks], scale: float) -> None:
    """Draw all marks of one kind at once: that is what makes it fast; ``scale``: of the marks."""
    shapes = _shapes(scale)
    others = np.concatenate([where[each.others] for where, each in zip(places, marks)])
    _stamp(canvas, others, _FAINT, shapes.dot)
    rings = np.concatenate([where[each.contradictions] for where, each in zip(places, marks)])
    _stamp(canvas, rings, _RED, shapes.ring)
    ends, colours = connected(places, marks)
    if not len(ends):
        return
    above = canvas.copy()
    step = max(1, -(-len(ends) // round(scale * MAX_LINES)))
    fixed = np.rint(ends[::step] * (1 << _SHARPEN)).astype(int).tolist()
    for (start, end), colour in zip(fixed, colours[::step].tolist()):
        cv2.line(above, start, end, colour, 1, cv2.LINE_AA, _SHARPEN)
    cv2.addWeighted(above, _OPACITY, canvas, 1.0 - _OPACITY, 0.0, canvas)
    _stamp(
        canvas,
        ends.reshape(-1, 2),
        np.repeat(colours, 2, axis=0),
        shapes.disc,
        shapes.rim,
    )


def _draw_legend(canvas: np.ndarray, y: int) -> None:
    x, shapes = 10, _shapes(1.0)
    for text, colour, shape in (
        ("inlier (same colour: same point)", _COLOURS[_HUES // 2].tolist(), shapes.disc),
        ("contradiction: in the common region, not found again", _RED, shapes.ring),
        ("other feature", _FAINT, shapes.dot),
    ):
        _stamp(canvas, np.array([[x, y - 5.0]]), colour, shape)
        _write(canvas, text, (x + 10, y), _FAINT)
        x += 34 + cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)[0][0]


def _panel(side: Side, longer_side: int) -> np.ndarray:
    """The image in the size of the drawing and a little darker, so that the marks are visible."""
    image = side.image
    if image is not None:
        step = max(1, max(image.shape[:2]) // (2 * longer_side))
        image = image[::step, ::step]  # a large image would take long
        return _resized(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), longer_side)
    if side.thumbnail:
        image = cv2.imdecode(np.frombuffer(side.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    if image is None:  # a damaged row
        camera = side.view.camera
        image = np.zeros((camera.height, camera.width, 3) if camera else (240, 320, 3), np.uint8)
    else:
        image = rotate(image, (360 - side.rotated) % 360)
    return _resized(image, longer_side)


def _resized(image: np.ndarray, longer_side: int) -> np.ndarray:
    scale = longer_side / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.convertScaleAbs(cv2.resize(image, size, interpolation=method), alpha=0.8))


def _points(view: View) -> np.ndarray:
    return np.stack([view.features["x"], view.features["y"]], axis=1).astype(float)


_HUE = np.array([[[25 + 120 * each / (_HUES - 1), 170, 255] for each in range(_HUES)]], np.uint8)
_COLOURS = cv2.cvtColor(_HUE, cv2.COLOR_HSV2BGR)[0]
"""(24, 3) uint8 BGR: yellow, green, blue, violet; no red, which marks contradictions."""


def _shape(radius: float, thickness: int = -1) -> np.ndarray:
    """(K, K) uint16: how much of each pixel a circle covers, 0 to 256."""
    half = int(radius) + 2
    canvas = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    centre = half << _SHARPEN, half << _SHARPEN
    cv2.circle(canvas, centre, round(radius * (1 << _SHARPEN)), (255,), thickness, cv2.LINE_AA, _SHARPEN)
    return canvas + canvas.astype(np.uint16) // 128


class _Shapes(NamedTuple):
    """What marks look like."""

    dot: np.ndarray
    rim: np.ndarray
    disc: np.ndarray
    ring: np.ndarray


@lru_cache(maxsize=8)
def _shapes(scale: float) -> _Shapes:
    return _Shapes(
        _shape(1.6 * scale), _shape(3.5 * scale), _shape(2.6 * scale), _shape(max(3.2, 4.5 * scale), 1)
    )


def _stamp(
    canvas: np.ndarray, points: np.ndarray, colour: Any, shape: np.ndarray, rim: Optional[np.ndarray] = None
) -> None:
    """Draw one shape at many points; one at the border of the canvas is moved into it.

    Args:
        canvas: (H, W, 3) uint8, larger than the shape, in one piece.
        points: (N, 2), x and y.
        colour: BGR, or (N, 3).
        shape: of :func:`_shape`.
        rim: a larger one, black, below it.
    """
    if not len(points):
        return
    height, width = canvas.shape[:2]
    whole = shape if rim is None else rim
    rows, columns = np.nonzero(whole > _FAINTEST)
    half, inner = whole.shape[0] // 2, (whole.shape[0] - shape.shape[0]) // 2
    x = np.clip(np.rint(points[:, 0]).astype(np.int32), half, width - 1 - half)
    y = np.clip(np.rint(points[:, 1]).astype(np.int32), half, height - 1 - half)
    pixels = ((y * width + x)[:, None] + ((rows - half) * width + columns - half)).ravel()  # (N·K,)
    cover, light = whole[rows, columns][:, None], np.pad(shape, inner)[rows, columns][:, None]  # (K, 1)
    mixed = np.take(canvas.reshape(-1, 3), pixels, axis=0).reshape(len(points), -1, 3).astype(np.uint16)
    mixed *= _WHOLE - cover
    mixed += np.asarray(colour, np.uint16).reshape(-1, 1, 3) * light
    mixed >>= 8
    canvas.reshape(-1, 3).view("V3")[pixels] = mixed.astype(np.uint8).reshape(-1, 3).view("V3")


def _write(canvas: np.ndarray, text: str, place: Tuple[int, int], colour: Tuple[int, ...]) -> None:
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
