"""What differs between visits: hour, weather, season."""

from typing import NamedTuple

import numpy as np

from rendering.light import Light, light_at

NO_CLOUDS = 2.0  # threshold above all noise


class Conditions(NamedTuple):
    """How the world looks during one visit."""

    name: str
    light: Light
    season: str = "summer"  # or autumn, winter
    wet: float = 0.0  # how much the ground reflects, 0–1
    lit: float = 1.0  # share of the windows that are lit
    busy: float = 1.0  # number of parked cars, factor


def choose_conditions(count, random):
    """Conditions of ``count`` visits, all different.

    Args:
        count: number of visits; the first ``len(KINDS)`` are of different kinds.
        random: numpy Generator.

    Returns:
        list of :class:`Conditions` with distinct names.
    """
    chosen: list = []
    while len(chosen) < count:
        repeat = len(chosen) // len(KINDS)
        for kind in random.permutation(len(KINDS)):
            made = KINDS[kind](random)
            name = f"{made.name} {repeat + 1}" if repeat else made.name
            chosen.append(made._replace(name=name, busy=random.uniform(0.4, 1.2)))
    return chosen[:count]


def _clouded(light, random, threshold):
    """The same light with other clouds and the sun in any direction at the same height."""
    x, y, z = light.sun
    turn = random.uniform(0, 2 * np.pi)
    across = np.hypot(x, y)
    sun = (float(across * np.cos(turn)), float(across * np.sin(turn)), z)
    drift = random.uniform(0, 40, 2)
    return light._replace(sun=sun, clouds=(float(drift[0]), float(drift[1]), threshold))


def _noon(random):
    light = _clouded(light_at(random.uniform(0, 0.2)), random, random.uniform(0.4, 0.6))
    return Conditions("noon", light)


def _evening(random):
    light = _clouded(light_at(random.uniform(0.6, 0.95)), random, random.uniform(0.4, 0.6))
    return Conditions("evening", light, lit=0.5)


def _overcast(random):
    return Conditions("overcast", _gray(random, random.uniform(0.8, 1.1)))


def _rain(random):
    light = _gray(random, random.uniform(0.5, 0.7))._replace(haze=2.5, evening=0.35)
    return Conditions("rain", light, wet=0.7, lit=0.3)


def _fog(random):
    white = random.uniform(0.65, 0.8)
    light = _gray(random, 0.85)._replace(
        zenith=(white, white, white), horizon=(white, white, white), haze=random.uniform(7, 16)
    )
    light = light._replace(clouds=(0.0, 0.0, NO_CLOUDS))
    return Conditions("fog", light, season=str(random.choice(["autumn", "summer"])))


def _dusk(random):
    light = _clouded(light_at(1.0), random, 0.5)._replace(
        sun_light=(0.25, 0.16, 0.18),
        zenith=(0.05, 0.07, 0.2),
        horizon=(0.5, 0.28, 0.25),
        ambient_sky=(0.14, 0.15, 0.28),
        ambient_ground=(0.1, 0.08, 0.08),
        evening=0.9,
        exposure=1.3,
    )
    return Conditions("dusk", light, lit=0.6)


def _night(random):
    light = _clouded(light_at(1.0), random, 0.6)._replace(
        sun_light=(0.05, 0.06, 0.09),
        zenith=(0.004, 0.006, 0.015),
        horizon=(0.03, 0.025, 0.03),
        ambient_sky=(0.05, 0.05, 0.07),
        ambient_ground=(0.10, 0.07, 0.04),  # lamp light reflected by the ground
        evening=1.0,
        exposure=1.4,
    )
    return Conditions("night", light, wet=float(random.choice([0.0, 0.5])), lit=0.45)


def _autumn(random):
    light = _clouded(light_at(random.uniform(0.3, 0.6)), random, random.uniform(0.3, 0.5))
    return Conditions("autumn", light, season="autumn", wet=float(random.choice([0.0, 0.25])))


def _snow(random):
    light = _gray(random, 0.9) if random.random() < 0.5 else _clouded(light_at(0.3), random, 0.5)
    return Conditions("snow", light._replace(exposure=0.65), season="winter", lit=0.3)


def _gray(random, brightness):
    """An overcast sky with a weak sun."""

    def gray(level):
        return tuple(float(level * brightness * tone) for tone in (0.95, 1.0, 1.06))

    light = _clouded(light_at(0.0), random, random.uniform(0.25, 0.4))
    return light._replace(
        sun_light=gray(0.35),
        zenith=gray(0.6),
        horizon=gray(0.72),
        ambient_sky=gray(0.85),
        ambient_ground=gray(0.4),
    )


KINDS = (_noon, _evening, _overcast, _rain, _fog, _dusk, _night, _autumn, _snow)
