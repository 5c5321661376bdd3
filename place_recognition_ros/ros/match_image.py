"""The image of a match, for people. Pure functions of the result of a query."""

from typing import Callable, List, NamedTuple, Optional

import numpy as np
from sensor_msgs.msg import Image

from place_recognition_ros.drawing import Side, draw
from place_recognition_ros.loops.geometry import Geometry
from place_recognition_ros.ros.messages import header
from place_recognition_ros.types import Candidate, Query, QueryResult, View

WIDTH = 320  # pixels: the longer side of each view


class Shown(NamedTuple):
    """What is kept of a keyframe of the map."""

    view: View
    thumbnail: bytes  # JPEG


def best_of(result: QueryResult) -> Optional[Candidate]:
    """The candidate to show: an accepted one, else that with the most inliers, else the most similar one."""
    order = [(each.accepted, each.inliers, each.similarity) for each in result.candidates]
    return result.candidates[order.index(max(order))] if order else None


def match_image(
    result: QueryResult, image: np.ndarray, kept: Callable[[int], Shown], rotated: int = 0
) -> Optional[Image]:
    """Query and match side by side, with the inliers connected, contradictions, and numbers.

    Args:
        result: of the query.
        image: the query, (H, W, 3) uint8 BGR or (H, W) uint8 gray.
        kept: what the map keeps of a keyframe.
        rotated: degrees, clockwise, by which thumbnails were rotated.

    Returns:
        A bgr8 message with the header of the query; None where the query has no candidate.
    """
    query, best = result.query, best_of(result)
    if query is None or best is None:
        return None
    view = result.view or View(np.zeros(0))
    match = kept(best.match_id)
    sides = (
        Side(view, b"", f"query {query.id or ''}, session {query.session}", image=image),
        Side(*match, f"match {best.match_id}, session {best.match_session}{_age(query, best)}", rotated),
    )
    geometry = Geometry(best.matches, best.inliers, pairs=_pairs(best, view, match.view))
    canvas = draw(*sides, geometry, caption(best), WIDTH, legend=False)
    height, width = canvas.shape[:2]
    return Image(
        header=header(query.stamp, query.frame_id),
        height=height,
        width=width,
        encoding="bgr8",
        step=3 * width,
        data=canvas.tobytes(),
    )


def caption(candidate: Candidate) -> List[str]:
    """What was decided about a candidate, and its numbers."""
    if candidate.accepted:
        decided = "ACCEPTED"
    else:
        decided = f"rejected: {candidate.reason.name}" if candidate.reason else "not examined"
    known = "" if np.isnan(candidate.confidence) else f"   confidence {candidate.confidence:.4f}"
    numbers = f"similarity {candidate.similarity:.2f}"
    if candidate.matches >= 0:
        coverage = candidate.evidence.coverage
        numbers += f"   {candidate.matches} matches   {candidate.inliers} inliers   coverage {coverage:.2f}"
    return [f"{decided}   {candidate.kind.name}{known}", numbers]


def _age(query: Query, candidate: Candidate) -> str:
    if candidate.match_session != candidate.query_session:
        return ""
    return f", {(query.stamp - candidate.match_stamp) * 1e-9:.0f} s ago"


def _pairs(candidate: Candidate, query: View, match: View) -> np.ndarray:
    """The inliers of a candidate; none where a view has been lost, or is another keyframe's."""
    pairs = candidate.pairs
    inside = len(pairs) and (pairs.max(axis=0) < (len(query.features), len(match.features))).all()
    return pairs if inside else pairs[:0]
