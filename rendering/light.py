"""Sun and sky."""

from typing import Any, NamedTuple, Tuple

import numpy as np


class Light(NamedTuple):
    """Sun and sky at one time of day; colours are linear RGB."""

    sun: Tuple[float, float, float]  # unit vector towards it
    sun_light: Tuple[float, float, float]
    zenith: Tuple[float, float, float]
    horizon: Tuple[float, float, float]
    ambient_sky: Tuple[float, float, float]
    ambient_ground: Tuple[float, float, float]
    evening: float  # 0 lamps off … 1 lamps fully on
    exposure: float
    clouds: Tuple[float, float, float] = (3.7, 1.2, 0.43)  # drift in x and y; threshold, 0 many … 1 none
    haze: float = 1.0  # factor of the renderer's fog


def light_at(daytime: float) -> Light:
    """Light between noon (0) and evening (1)."""

    def blend(noon, evening) -> Any:
        return tuple(float(v) for v in np.asarray(noon) * (1 - daytime) + np.asarray(evening) * daytime)

    azimuth, height = np.radians(blend((-62, 50), (-158, 20)))
    sun = (np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height))
    return Light(
        sun=(float(sun[0]), float(sun[1]), float(sun[2])),
        sun_light=blend((2.7, 2.45, 2.0), (3.4, 1.8, 0.8)),
        zenith=blend((0.13, 0.34, 0.86), (0.2, 0.27, 0.55)),
        horizon=blend((0.66, 0.78, 0.92), (0.95, 0.62, 0.42)),
        ambient_sky=blend((0.5, 0.6, 0.8), (0.46, 0.44, 0.58)),
        ambient_ground=blend((0.34, 0.31, 0.27), (0.3, 0.23, 0.17)),
        evening=max(0.0, (daytime - 0.35) / 0.65),
        exposure=0.72 + 0.14 * daytime,
    )
