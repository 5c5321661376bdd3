"""What verified loops say of the keyframes of a map: which show one place, and where odometry drifted.

A loop is verified as at run time: a keyframe is compared with the most similar ones from before by the
package's geometric check, with the default limits. One wrong loop bends the map; look at the places.
"""

from typing import NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.loops.geometry import verify
from place_recognition_ros.types import Reason

COMPARED = 3  # most similar keyframes
LEAST_LOOPS = 3  # that tie a session to another
_LOOP_METRES = 0.5  # standard deviation of the distance between the cameras of a loop
_DRIFT = 0.1  # standard deviation of an odometry step, as a share of it; more than it drifts, so that
_DRIFT_METRES = 0.05  # loops prevail; and at least
_HEADING_METRES = 5.0  # spread of loops from which on their positions say more of the turn than headings


class Walks(NamedTuple):
    """The keyframes of a map, N of them, in the order in which they were stored."""

    session: np.ndarray  # (N,) int
    seconds: np.ndarray  # (N,) float64
    position: np.ndarray  # (N,) complex128, x + iy, metres in the session's frame; NaN: not known
    heading: np.ndarray  # (N,) float64, radians, counter-clockwise; NaN: not known


def verified_loops(walks, descriptors, features, least_seconds):
    """Find pairs of keyframes that show the same rigid scene.

    Args:
        walks: a :class:`Walks`.
        descriptors: (N, D) float32, unit norm.
        features: N arrays of the package's ``FEATURE``.
        least_seconds: apart in one session; nearer ones are neighbours, not loops.

    Returns:
        (L, 2) int, rows of pairs, the earlier one first.
    """
    config = Config()
    limits = (config.min_inliers, config.min_inlier_ratio, config.min_coverage)
    loops = []
    for row in range(1, len(descriptors)):
        similarity = descriptors[:row] @ descriptors[row]
        apart = np.abs(walks.seconds[:row] - walks.seconds[row])
        similarity[(walks.session[:row] == walks.session[row]) & (apart < least_seconds)] = -np.inf
        for other in np.argsort(-similarity)[:COMPARED]:
            if similarity[other] == -np.inf:
                break
            if verify(features[row], features[other], *limits).reason == Reason.NONE:
                loops.append((int(other), row))
    return np.array(loops, int).reshape(-1, 2)


def relax(walks, loops):
    """Bring all sessions into one frame and take the drift out, as far as loops say it.

    The longest session stays; another joins it, turned and shifted, once :data:`LEAST_LOOPS` loops lead
    to those that are there. Then steps of odometry and loops are balanced in one linear least-squares
    problem over all positions.

    Args:
        walks: a :class:`Walks`.
        loops: (L, 2) int.

    Returns:
        a :class:`Walks` without positions and headings of keyframes that could not be joined.
    """
    known = ~np.isnan(walks.position)
    if not known.any():
        return walks
    walks = _join(walks, loops[known[loops].all(axis=1)])
    known = np.flatnonzero(~np.isnan(walks.position))
    loops = loops[np.isin(loops, known).all(axis=1)]
    position = walks.position.copy()
    position[known] = _balance(position[known], walks.session[known], np.searchsorted(known, loops))
    return walks._replace(position=position)


def _join(walks, loops):
    position, heading = walks.position.copy(), walks.heading.copy()
    sessions, counts = np.unique(walks.session[~np.isnan(position)], return_counts=True)
    inside = walks.session == sessions[counts.argmax()]
    while True:
        crossing = loops[inside[loops].sum(axis=1) == 1]
        fixed, free = np.where(inside[crossing[:, :1]], crossing, crossing[:, ::-1]).T
        sessions, counts = np.unique(walks.session[free], return_counts=True)
        if not len(counts) or counts.max() < LEAST_LOOPS:
            break
        joining = sessions[counts.argmax()]
        fixed, free = (rows[walks.session[free] == joining] for rows in (fixed, free))
        turn, shift = _fit(position[free], position[fixed], heading[fixed] - heading[free])
        moved = walks.session == joining
        position[moved] = turn * position[moved] + shift
        heading[moved] += np.angle(turn)
        inside |= moved
    position[~inside] = np.nan
    heading[~inside] = np.nan
    return walks._replace(position=position, heading=heading)


def _fit(free, fixed, turns):
    """Turn (a complex number of length 1) and shift that bring points onto others, by least squares.

    Cameras of a loop look about the same way, so their headings, ``turns`` apart, have a say too: they
    decide where all loops are in one spot.
    """
    centre, goal = free.mean(), fixed.mean()
    turn = (np.conj(free - centre) * (fixed - goal)).mean() + _HEADING_METRES**2 * np.exp(1j * turns).mean()
    turn = turn / abs(turn) if abs(turn) > 0 else 1.0
    return turn, goal - turn * centre


def _balance(position, session, loops):
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    rows = np.arange(len(position))
    order = np.lexsort((rows, session))
    steps = np.stack([order[:-1], order[1:]], axis=1)[np.diff(session[order]) == 0]
    difference = position[steps[:, 1]] - position[steps[:, 0]]
    weight = np.concatenate(
        [
            1.0 / (_DRIFT * np.abs(difference) + _DRIFT_METRES),
            np.full(len(loops), 1.0 / _LOOP_METRES),
            [1.0],  # where it all begins
        ]
    )
    goal = np.concatenate([difference, np.zeros(len(loops)), position[:1]])
    pairs = np.concatenate([steps, loops])
    number = np.arange(len(pairs))
    values = np.concatenate([-weight[:-1], weight])
    places = np.concatenate([number, number, [len(pairs)]]), np.concatenate([*pairs.T, [0]])
    matrix = coo_matrix((values, places), (len(pairs) + 1, len(position))).tocsc()
    solved = spsolve(matrix.T @ matrix, matrix.T @ np.stack([weight * goal.real, weight * goal.imag], axis=1))
    return solved.reshape(-1, 2) @ (1.0, 1j)


def name_places(walks, loops, extent_seconds, guard_seconds):
    """Give keyframes numbers of places by time and loops alone, for maps without odometry.

    A place is a keyframe, those that its loops lead to, and their neighbours in time. The keyframes with
    most loops come first. What is near a place, in time or by a loop, is of no other: it stays without,
    so that between two places there is always a guard. What is seen again but not recognised may become
    two places.

    Args:
        walks: a :class:`Walks`.
        loops: (L, 2) int.
        extent_seconds: neighbours in a session that are of a place.
        guard_seconds: neighbours that are of no other.

    Returns:
        (N,) int, the place's number; −1: none.
    """
    count = len(walks.session)
    place, closed = np.full(count, -1), np.zeros(count, bool)
    met = np.zeros((count, count), bool)
    met[loops[:, 0], loops[:, 1]] = met[loops[:, 1], loops[:, 0]] = True
    for seed in np.argsort(-met.sum(axis=1), kind="stable"):
        core = np.append(np.flatnonzero(met[seed]), seed)
        if closed[core].any():
            continue
        members = _near(walks, core, extent_seconds) & ~closed
        if members.sum() > 1:
            place[members] = place.max() + 1
            closed |= _near(walks, np.flatnonzero(members), guard_seconds) | met[members].any(axis=0)
    return place


def _near(walks, rows, seconds):
    """(N,) bool, the keyframe is no further than ``seconds`` from one of ``rows`` in its session."""
    apart = np.abs(walks.seconds[rows, None] - walks.seconds)
    return ((apart <= seconds) & (walks.session[rows, None] == walks.session)).any(axis=0)
