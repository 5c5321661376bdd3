"""Where cameras stand: places that are clearly apart, and visits that come nearly back to them."""

from itertools import islice
from typing import NamedTuple

import numpy as np

ATTEMPTS = 400  # candidates a place
TESTS = 40  # of them, how many are looked at whether they fit


class View(NamedTuple):
    """A camera in the world."""

    x: float  # metres
    y: float
    z: float
    heading: float  # radians, counter-clockwise from +x
    pitch: float = 0.0  # radians, up
    roll: float = 0.0


class Jitter(NamedTuple):
    """How far visits of one place are from it, at most; two of them are twice as far apart."""

    metres: float = 1.5
    degrees: float = 18.0


class Apart(NamedTuple):
    """From where on two views show different places: one of the two is enough."""

    metres: float = 12.0
    degrees: float = 75.0  # between their headings


def choose_views(candidates, fits, apart, least, most):
    """Views no two of which show the same place.

    Args:
        candidates: yields any number of :class:`View`.
        fits: function that says whether a view is worth a picture.
        apart: an :class:`Apart`.
        least, most: how many are wanted.

    Returns:
        list of :class:`View`.

    Raises:
        ValueError: if there is no room for the least of them.
    """
    chosen: list = []
    tested = 0
    for view in islice(candidates, ATTEMPTS * most):
        if len(chosen) == most or tested == TESTS * most:
            break
        if all(_different(view, other, apart) for other in chosen):
            tested += 1
            chosen += [view] if fits(view) else []
    if len(chosen) < least:
        raise ValueError(
            f"expected room for {least} camera places {apart.metres:g} m apart, off walls, with a view. "
            f"Received: a world with {len(chosen) or 'none'}"
        )
    return chosen


def visit_view(view, fits, jitter, random):
    """A view of the same place from a little aside, never the same twice.

    Args:
        view: the :class:`View` of the place.
        fits: function that says whether a view is worth a picture.
        jitter: a :class:`Jitter`.
        random: numpy Generator.

    Returns:
        :class:`View`; the place's own if nothing around it fits.
    """
    for _ in range(20):
        away, towards = jitter.metres * np.sqrt(random.random()), random.uniform(0, 2 * np.pi)
        turn = np.clip(random.normal(0, 0.5), -1, 1) * np.radians(jitter.degrees)
        moved = View(
            x=view.x + away * np.cos(towards),
            y=view.y + away * np.sin(towards),
            z=view.z + jitter.metres * random.uniform(-0.1, 0.2),
            heading=view.heading + turn,
            pitch=view.pitch + np.clip(random.normal(0, 0.04), -0.1, 0.1),
            roll=random.normal(0, 0.02),
        )
        if fits(moved):
            return moved
    return view


def rotation(view):
    """(3, 3) float64: the optical axes right, down, forward as columns in the world (z up)."""
    cos_heading, sin_heading = np.cos(view.heading), np.sin(view.heading)
    cos_pitch, sin_pitch = np.cos(view.pitch), np.sin(view.pitch)
    forward = np.array([cos_heading * cos_pitch, sin_heading * cos_pitch, sin_pitch])
    level = np.array([sin_heading, -cos_heading, 0.0])
    down = np.cross(forward, level)
    right = np.cos(view.roll) * level + np.sin(view.roll) * down
    return np.stack([right, np.cross(forward, right), forward], axis=1)


def _different(one, other, apart):
    turn = abs(np.angle(np.exp(1j * (one.heading - other.heading))))
    return turn > np.radians(apart.degrees) or np.hypot(one.x - other.x, one.y - other.y) >= apart.metres
