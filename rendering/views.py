"""Views of a world: places that are clearly apart, and visits that return close to them.

A view is the pose of a camera's optical frame.
"""

from itertools import islice
from typing import NamedTuple

import numpy as np

from rendering.camera import camera_pose, heading, pitch

ATTEMPTS = 400  # candidates per place
TESTS = 40  # candidates per place that are tested whether they fit


class Jitter(NamedTuple):
    """Maximum distance between a visit and its place; two visits can be twice as far apart."""

    metres: float = 1.5
    degrees: float = 18.0


class Apart(NamedTuple):
    """Views that differ by at least one of the two show different places."""

    metres: float = 12.0
    degrees: float = 75.0  # between their headings


def choose_views(candidates, fits, apart, least, most):
    """Views no two of which show the same place.

    Args:
        candidates: yields any number of :class:`Pose`.
        fits: function that returns whether a view is worth an image.
        apart: an :class:`Apart`.
        least, most: number of views.

    Returns:
        list of :class:`Pose`.

    Raises:
        ValueError: if there are fewer than ``least``.
    """
    chosen: list = []
    chosen_plans = np.zeros((0, 3))
    tested = 0
    for view in islice(candidates, ATTEMPTS * most):
        if len(chosen) == most or tested == TESTS * most:
            break
        plan = _plan(view)
        if not _different(chosen_plans, plan, apart).all():
            continue
        tested += 1
        if fits(view):
            chosen.append(view)
            chosen_plans = np.vstack([chosen_plans, plan])
    if len(chosen) < least:
        raise ValueError(
            f"expected room for {least} camera places {apart.metres:g} m apart, off walls, with a view. "
            f"Received: a world with {len(chosen) or 'none'}"
        )
    return chosen


def visit_view(view, fits, jitter, random):
    """A view of the same place from nearby, different each time.

    Args:
        view: the :class:`Pose` of the place.
        fits: function that returns whether a view is worth an image.
        jitter: a :class:`Jitter`.
        random: numpy Generator.

    Returns:
        :class:`Pose`; ``view`` itself if nothing around it fits.
    """
    view_heading, view_pitch = heading(view), pitch(view)
    for _ in range(20):
        away, towards = jitter.metres * np.sqrt(random.random()), random.uniform(0, 2 * np.pi)
        turn = np.clip(random.normal(0, 0.5), -1, 1) * np.radians(jitter.degrees)
        lift = jitter.metres * random.uniform(-0.1, 0.2)
        moved = camera_pose(
            view.position + (away * np.cos(towards), away * np.sin(towards), lift),
            heading=view_heading + turn,
            pitch=view_pitch + np.clip(random.normal(0, 0.04), -0.1, 0.1),
            roll=random.normal(0, 0.02),
        )
        if fits(moved):
            return moved
    return view


def _plan(view):
    """(3,) float64: x, y (metres) and heading (radians)."""
    return np.array([*view.position[:2], heading(view)])


def _different(plans, plan, apart):
    """(N,) bool: whether each of N plans shows another place than ``plan``."""
    turn = np.abs(np.angle(np.exp(1j * (plans[:, 2] - plan[2]))))
    distance = np.hypot(*(plans[:, :2] - plan[:2]).T)
    return (turn > np.radians(apart.degrees)) | (distance >= apart.metres)
