"""The recordings that coefficients may be fitted on. Sets that are for measuring only are not among them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.data.recordings import rendered, scenes, walks
from training.data.recordings.recording import Recording

SETS: dict[str, Callable[[], Recording]] = {
    "rtabmap_corridor": walks.rtabmap_corridor,
    "two_floors": walks.two_floors,
    "ie_tower": walks.ie_tower,
    "outdoor": scenes.outdoor,
    "facades": scenes.facades,
    "drive": rendered.drive,
}


PHOTOGRAPHS = ("facades",)  # no sequences: what runs of views are worth cannot be learned from them


def open_recording(name: str) -> Recording:
    """Open a set by its name, or a folder in the format of the rendered buildings.

    Raises:
        OSError: if its data is missing; the message says what.
    """
    if name in SETS:
        return SETS[name]()
    folder = Path(name)
    if not (folder / "gt.csv").is_file():
        raise FileNotFoundError(
            f"expected a folder with gt.csv, or one of {', '.join(SETS)}. Received: '{name}'"
        )
    return rendered.building(folder)


def all_sources() -> list[str]:
    """The names of all sequences, and the folders of the buildings that were rendered."""
    sequences = [name for name in SETS if name not in PHOTOGRAPHS]
    return [*sequences, *(str(path.parent) for path in sorted(rendered.BUILDINGS.glob("building_*/gt.csv")))]
