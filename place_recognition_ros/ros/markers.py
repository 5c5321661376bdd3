"""What RViz draws: markers of single things. Pure functions."""

import math
from typing import Iterable, NamedTuple, Optional, Sequence, Tuple

from geometry_msgs.msg import Point, Quaternion
from geometry_msgs.msg import Pose as PoseMessage
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker

from place_recognition_ros.poses import Pose

Position = Tuple[float, float, float]
"""Metres."""
Colour = Tuple[float, float, float, float]
"""Red, green, blue, opacity; 0 to 1."""


class Canvas(NamedTuple):
    """Where, and how large, things are drawn."""

    frame_id: str
    scale: float = 1.0


SESSION_COLOURS: Tuple[Colour, ...] = (
    (0.30, 0.60, 1.00, 1.0),
    (1.00, 0.75, 0.20, 1.0),
    (0.60, 0.85, 0.35, 1.0),
    (0.85, 0.50, 0.90, 1.0),
    (0.40, 0.85, 0.85, 1.0),
    (1.00, 0.55, 0.45, 1.0),
    (0.75, 0.75, 0.75, 1.0),
    (0.65, 0.55, 0.40, 1.0),
)
"""Of the sessions, one after the other."""
KIDNAP: Colour = (1.0, 0.2, 0.8, 1.0)
RETRACTED: Colour = (1.0, 0.1, 0.1, 0.8)
REJECTED: Colour = (0.9, 0.4, 0.3, 0.5)
TEXT: Colour = (0.95, 0.95, 0.95, 1.0)

FAINT = 0.3  # opacity of what may be elsewhere
PATH_WIDTH, LOOP_WIDTH, BALL, LETTER = 0.05, 0.04, 0.3, 0.4  # metres, of a map of some
SMALL = 10.0  # metres; in a larger one everything is larger
ARCH = 0.15  # height of a loop's arch, of the distance between its ends,
LOWEST_ARCH = 0.3  # metres, and at least: the ends of a good loop are at one point
CERTAIN = 5.0  # log10 odds from which a loop has the colour of certainty


def scale_of(extent: float) -> float:
    """How much larger everything is drawn in a map of some extent, metres; it rises in steps."""
    return 2.0 ** max(0, math.floor(math.log2(max(1e-3, extent) / SMALL)))


def session_colour(session: int, connected: bool = True) -> Colour:
    """The colour of a session; faint where it is not known how its world lies."""
    red, green, blue, opacity = SESSION_COLOURS[session % len(SESSION_COLOURS)]
    return red, green, blue, opacity if connected else FAINT


def confidence_colour(confidence: float) -> Colour:
    """Yellow where a loop is only just certain enough, green where it is beyond doubt; NaN: yellow."""
    odds = confidence / max(1e-9, 1.0 - confidence)
    share = 0.0 if not odds > 1.0 else min(1.0, math.log10(odds) / CERTAIN)
    return 1.0 - 0.9 * share, 0.9, 0.1, 1.0


def path(
    canvas: Canvas, number: int, points: Sequence[Position], world: Optional[Pose], colour: Colour
) -> Marker:
    """A stretch of a trajectory; ``world``: of its points in the frame, None: the same."""
    marker = _marker(canvas, "trajectory", number, Marker.LINE_STRIP, colour, PATH_WIDTH)
    marker.points = [Point(*each) for each in points]
    marker.points += marker.points[: len(points) == 1]  # RViz reports a line of one point as an error
    if world is not None:
        marker.pose = PoseMessage(Point(*world.position), Quaternion(*world.orientation))
    return marker


def arches(
    canvas: Canvas, name: str, number: int, ends: Iterable[Tuple[Position, Position, Colour]]
) -> Marker:
    """Loops, as arches between query and match; a marker that is deleted where there is none."""
    marker = _marker(canvas, name, number, Marker.LINE_LIST, TEXT, LOOP_WIDTH)
    for start, end, colour in ends:
        height = max(
            LOWEST_ARCH * canvas.scale, ARCH * math.sqrt(sum((a - b) ** 2 for a, b in zip(start, end)))
        )
        top = Point((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, max(start[2], end[2]) + height)
        marker.points += [Point(*start), top, top, Point(*end)]
        marker.colors += [ColorRGBA(*colour)] * 4
    if not marker.points:
        marker.action = Marker.DELETE
    return marker


def ball(canvas: Canvas, name: str, number: int, position: Position, colour: Colour) -> Marker:
    """A ball."""
    marker = _marker(canvas, name, number, Marker.SPHERE, colour, BALL, BALL, BALL)
    marker.pose.position = Point(*position)
    return marker


def text(canvas: Canvas, name: str, number: int, position: Position, words: str, colour: Colour) -> Marker:
    """Text above a place."""
    marker = _marker(canvas, name, number, Marker.TEXT_VIEW_FACING, colour, 0.0, 0.0, LETTER)
    marker.pose.position = Point(position[0], position[1], position[2] + 2 * LETTER * canvas.scale)
    marker.text = words
    return marker


def nothing() -> Marker:
    """Everything that was drawn before goes."""
    return Marker(action=Marker.DELETEALL)


def _marker(canvas: Canvas, name: str, number: int, kind: int, colour: Colour, *scale: float) -> Marker:
    """Without a stamp: RViz transforms it by the newest transform."""
    marker = Marker(header=Header(frame_id=canvas.frame_id), ns=name, id=number, type=kind, action=Marker.ADD)
    marker.color = ColorRGBA(*colour)
    marker.pose.orientation.w = 1.0
    sizes = [each * canvas.scale for each in (*scale, 0.0, 0.0)]
    marker.scale.x, marker.scale.y, marker.scale.z = sizes[:3]
    return marker
