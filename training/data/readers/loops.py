"""Verified loops between the keyframes of a map: places, and correction of odometry drift.

A keyframe is compared with the most similar earlier ones by the geometry that the detector uses. Each pair is
judged alone, by strict limits. A single wrong loop distorts the map, so check the resulting places.
"""

from typing import NamedTuple

import numpy as np

from place_recognition_ros.loops.geometry import GeometrySettings, measure

COMPARED = 3  # most similar keyframes
LEAST_INLIERS = 30  # of a loop,
LEAST_SHARE = 0.55  # their share of the matches, and
LEAST_COVERAGE = 0.38  # of all features in the common region
LEAST_LOOPS = 3  # needed to join two sessions
_LOOP_METRES = 0.5  # standard deviation of the distance between the cameras of a loop
_DRIFT = 0.1  # standard deviation of an odometry step, relative to its length; overestimated,
_DRIFT_METRES = 0.05  # so that loops dominate; and its minimum
_HEADING_METRES = 5.0  # spread of loops above which positions determine the rotation better than headings


class Trajectories(NamedTuple):
    """The N keyframes of a map, in the order in which they were stored."""

    session: np.ndarray  # (N,) int
    seconds: np.ndarray  # (N,) float64
    position: np.ndarray  # (N,) complex128, x + iy, metres in the frame of the session; NaN: unknown
    heading: np.ndarray  # (N,) float64, radians, counter-clockwise; NaN: unknown


def verified_loops(trajectories, descriptors, views, kind, least_seconds):
    """Find pairs of keyframes that show the same rigid scene.

    Args:
        trajectories: a :class:`Trajectories`.
        descriptors: (N, D) float32, unit norm.
        views: N of the package's ``View``.
        kind: FeatureKind of their features.
        least_seconds: minimum time between two keyframes of a session; closer ones are not loops.

    Returns:
        (L, 2) int, pairs of rows, the earlier one first.
    """
    settings = GeometrySettings(kind, LEAST_INLIERS)
    loops = []
    for row in range(1, len(descriptors)):
        similarity = descriptors[:row] @ descriptors[row]
        apart = np.abs(trajectories.seconds[:row] - trajectories.seconds[row])
        similarity[
            (trajectories.session[:row] == trajectories.session[row]) & (apart < least_seconds)
        ] = -np.inf
        for other in np.argsort(-similarity)[:COMPARED]:
            if similarity[other] == -np.inf:
                break
            if _is_loop(measure(views[row], views[other], settings)):
                loops.append((int(other), row))
    return np.array(loops, int).reshape(-1, 2)


def _is_loop(scene):
    enough = scene.inliers >= max(LEAST_INLIERS, LEAST_SHARE * scene.matches)
    return enough and scene.spread and scene.coverage >= LEAST_COVERAGE


def correct_drift(trajectories, loops):
    """Transform all sessions to one frame and correct the odometry drift by the loops.

    The longest session is the reference. Another session is rotated and shifted to it once at least
    :data:`LEAST_LOOPS` loops connect it with the joined ones. Then all positions are optimized by linear
    least squares over odometry steps and loops.

    Args:
        trajectories: a :class:`Trajectories`.
        loops: (L, 2) int.

    Returns:
        a :class:`Trajectories` in which keyframes that could not be joined have no position and heading.
    """
    known = ~np.isnan(trajectories.position)
    if not known.any():
        return trajectories
    trajectories = _join(trajectories, loops[known[loops].all(axis=1)])
    known = np.flatnonzero(~np.isnan(trajectories.position))
    loops = loops[np.isin(loops, known).all(axis=1)]
    position = trajectories.position.copy()
    position[known] = _balance(position[known], trajectories.session[known], np.searchsorted(known, loops))
    return trajectories._replace(position=position)


def _join(trajectories, loops):
    position, heading = trajectories.position.copy(), trajectories.heading.copy()
    sessions, counts = np.unique(trajectories.session[~np.isnan(position)], return_counts=True)
    inside = trajectories.session == sessions[counts.argmax()]
    while True:
        crossing = loops[inside[loops].sum(axis=1) == 1]
        fixed, free = np.where(inside[crossing[:, :1]], crossing, crossing[:, ::-1]).T
        sessions, counts = np.unique(trajectories.session[free], return_counts=True)
        if not len(counts) or counts.max() < LEAST_LOOPS:
            break
        joining = sessions[counts.argmax()]
        fixed, free = (rows[trajectories.session[free] == joining] for rows in (fixed, free))
        turn, shift = _fit(position[free], position[fixed], heading[fixed] - heading[free])
        moved = trajectories.session == joining
        position[moved] = turn * position[moved] + shift
        heading[moved] += np.angle(turn)
        inside |= moved
    position[~inside] = np.nan
    heading[~inside] = np.nan
    return trajectories._replace(position=position, heading=heading)


def _fit(free, fixed, turns):
    """Rotation (a complex number of length 1) and shift from ``free`` to ``fixed`` points, by least squares.

    The two cameras of a loop have similar headings, so the differences of heading, ``turns``, are used too:
    they determine the rotation if all loops are at one position.
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
            [1.0],  # fixes the first position
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


def name_places(trajectories, loops, extent_seconds, guard_seconds):
    """Number the places of keyframes by time and loops, for maps without odometry.

    A place consists of a keyframe, the keyframes of its loops, and their neighbours in time; keyframes with
    most loops come first. Other keyframes near a place, in time or by a loop, get no place, so that two
    places are always separated. A revisit without a detected loop may become a second place.

    Args:
        trajectories: a :class:`Trajectories`.
        loops: (L, 2) int.
        extent_seconds: neighbours within this time belong to the place.
        guard_seconds: neighbours within this time belong to no other place.

    Returns:
        (N,) int, number of the place; −1: none.
    """
    count = len(trajectories.session)
    place, closed = np.full(count, -1), np.zeros(count, bool)
    met = np.zeros((count, count), bool)
    met[loops[:, 0], loops[:, 1]] = met[loops[:, 1], loops[:, 0]] = True
    for seed in np.argsort(-met.sum(axis=1), kind="stable"):
        core = np.append(np.flatnonzero(met[seed]), seed)
        if closed[core].any():
            continue
        members = _near(trajectories, core, extent_seconds) & ~closed
        if members.sum() > 1:
            place[members] = place.max() + 1
            closed |= _near(trajectories, np.flatnonzero(members), guard_seconds) | met[members].any(axis=0)
    return place


def _near(trajectories, rows, seconds):
    """(N,) bool: within ``seconds`` of one of ``rows`` in the same session."""
    apart = np.abs(trajectories.seconds[rows, None] - trajectories.seconds)
    return ((apart <= seconds) & (trajectories.session[rows, None] == trajectories.session)).any(axis=0)
