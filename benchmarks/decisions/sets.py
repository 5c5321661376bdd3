"""The sets that decisions are measured on, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.decisions import landmarks, posed, stills
from training.data.recordings import rendered, scenes, walks
from training.data.recordings.recording import Recording

BUILDINGS = tuple(f"building_{seed}" for seed in (1, 2, 3, 4, 5, 6)) + tuple(
    f"unseen_{seed}"
    for seed in (11, 12, 13, 21, 22)  # that no coefficients were ever fitted on
)

SETS: dict[str, Callable[[], Recording]] = {
    "ie_tower": walks.ie_tower,
    "two_floors": walks.two_floors,
    "rtabmap_corridor": walks.rtabmap_corridor,
    "koe_landmarks": landmarks.koe_landmarks,
    "sped_half": stills.sped_half,
    "strecha": posed.strecha,
    "7scenes_redkitchen": posed.redkitchen,
    "7scenes_redkitchen_depth": partial(posed.redkitchen, with_depth=True),
    "tum_fr1_rpy": posed.tum_rpy,
    "drive": rendered.drive,
    "drive_depth": posed.drive_with_depth,
    **{name: partial(rendered.building, rendered.BUILDINGS / name) for name in BUILDINGS},
    "outdoor": scenes.outdoor,
    "facades": scenes.facades,
}


def open_set(name: str) -> Recording:
    """Open a set.

    Raises:
        KeyError: if there is no set of this name.
        OSError: if its data is absent; the message says what is missing.
    """
    return SETS[name]()
