"""Which keyframes give way in a full map.

A place changes: the keyframes that show it on other days, in other light or weather, are its appearances, and
later visits match whichever fits best. Of these, those give way that another keyframe of their place shows
best. The first visits remain. Where the map is full of them, those keyframes give way that those before them
show, rather of the present session than of earlier ones.
"""

from typing import Dict, List, Set

import numpy as np

from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.memory.places import TOLERANCE

THINNED = 0.01  # of the map gives way at once: it costs as much for one keyframe as for many
EXAMINED = 64  # appearances that are compared, at least: their number does not grow with the map


def thin(memory: KeyframeMap) -> int:
    """Make room: the keyframes that show least give way, some at a time.

    Returns:
        How many were removed; 0: none is redundant.

    Raises:
        StoreError: if they could not be removed from the store; all of them remain.
    """
    count = max(1, int(THINNED * len(memory)))
    visits = memory.places.visits()
    gone = _surplus(memory, visits, count) or memory.timeline.redundant(count, memory.sessions.present.id)
    memory.remove(gone)
    return len(gone)


def _surplus(memory: KeyframeMap, visits: Dict[int, List[int]], count: int) -> List[int]:
    """The appearances that another keyframe of their place shows best, of each place at most one."""
    first_of = {each: first for first, some in visits.items() for each in some}
    appearances = sorted(first_of)
    random = np.random.RandomState(appearances[-1] if appearances else 0)
    drawn = random.permutation(len(appearances))[: max(EXAMINED, 2 * count)]
    shown = {
        appearances[row]: _shown(memory, visits, appearances[row], first_of[appearances[row]])
        for row in drawn
    }
    chosen: List[int] = []
    taken: Set[int] = set()  # first visits near those of the chosen ones
    for each in sorted(shown, key=lambda each: -shown[each]):
        if len(chosen) < count and first_of[each] not in taken:
            chosen.append(each)
            taken.update(memory.timeline.neighbours(first_of[each], 2 * TOLERANCE))
    return chosen


def _shown(memory: KeyframeMap, visits: Dict[int, List[int]], appearance: int, first: int) -> float:
    """Highest cosine of an appearance with another keyframe of its place."""
    near = memory.timeline.neighbours(first, TOLERANCE)
    others = {each for place in near for each in (place, *visits.get(place, ()))} - {appearance}
    own = memory.timeline.vector(appearance)
    return max((float(memory.timeline.vector(each) @ own) for each in others), default=-np.inf)
