"""Which pairs of keyframes may join the paths of two robots: few for each stretch, and of few keyframes.

Local features are dear to send, and those of one keyframe serve all pairs that it is in. So a stretch is
represented by the keyframe that is similar to most other robots, and of the keyframes that it is similar to,
those whose features are at the server already are preferred.
"""

from typing import Dict, List, NamedTuple, Sequence

from place_recognition_ros.fleet.ledger import Proposal, session_of
from place_recognition_ros.fleet.memory import STRETCH, FleetMemory

NEAREST = 40  # keyframes of other robots that are retrieved for each keyframe
MOST_PLACES = 16  # of other robots that a keyframe is compared with
PREFERRED = 0.05  # of similarity that may be lost if features need not be sent


MOST_SERVED = 10  # pairs of a keyframe whose features have come, with others that are there


class _Place(NamedTuple):
    """The best match of a keyframe in one stretch of another robot's path."""

    query: int
    match: int
    similarity: float


def survey(memory: FleetMemory, keyframe_ids: Sequence[int], min_similarity: float) -> List[Proposal]:
    """The pairs for some consecutive keyframes of one session.

    Args:
        memory: the map.
        keyframe_ids: of the stretch.
        min_similarity: cosine below which two keyframes never show one place.
    """
    places: Dict[int, List[_Place]] = {
        each: _places(memory, each, min_similarity) for each in keyframe_ids if each in memory.map.timeline
    }
    if not any(places.values()):
        return []

    def value(keyframe_id: int) -> float:
        found = places[keyframe_id]
        bonus = PREFERRED * len(found) if keyframe_id in memory.described else 0.0
        return sum(each.similarity for each in found) + bonus

    first = max(places, key=value)
    others = sorted(
        (each for query, found in places.items() if query != first for each in found),
        key=lambda each: -each.similarity,
    )
    chosen: List[_Place] = []
    for place in (*places[first], *others):
        if not any(_near(memory, place.match, other.match, 2 * STRETCH) for other in chosen):
            chosen.append(place)
    return [Proposal(*each) for each in chosen]


def served(memory: FleetMemory, keyframe_id: int, min_similarity: float) -> List[Proposal]:
    """The pairs of a keyframe whose features have come, for which no other features are needed.

    Args:
        memory: the map.
        keyframe_id: of the keyframe.
        min_similarity: cosine below which two keyframes never show one place.
    """
    found: List[Proposal] = []
    for each in memory.similar(keyframe_id, NEAREST, described=True):
        if each.similarity < min_similarity or len(found) == MOST_SERVED:
            break
        if not any(_near(memory, each.entry.id, other.match, STRETCH) for other in found):
            found.append(Proposal(keyframe_id, each.entry.id, each.similarity))
    return found


def _places(memory: FleetMemory, keyframe_id: int, min_similarity: float) -> List[_Place]:
    """The places of other robots that a keyframe is similar to, best first."""
    similar = [
        _Place(keyframe_id, each.entry.id, each.similarity)
        for each in memory.similar(keyframe_id, NEAREST)
        if each.similarity >= min_similarity
    ]
    found: List[_Place] = []
    for place in similar:
        if len(found) == MOST_PLACES:
            break
        if any(_near(memory, place.match, other.match, STRETCH) for other in found):
            continue
        served = [
            each
            for each in similar
            if each.match in memory.described
            and each.similarity >= place.similarity - PREFERRED
            and _near(memory, each.match, place.match, STRETCH)
        ]
        found.append(max(served or [place], key=lambda each: each.similarity))
    return found


def _near(memory: FleetMemory, a: int, b: int, keyframes: int) -> bool:
    """Whether two keyframes are of one session and close to each other."""
    return session_of(a) == session_of(b) and abs(memory.ordinal(a) - memory.ordinal(b)) < keyframes
