"""Images of a rendered world, and their manifest."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from rendering.camera import heading
from rendering.conditions import choose_conditions
from rendering.views import Apart, Jitter, choose_views, visit_view
from training.data.manifest import Record, write_manifest
from training.files import write_atomically

QUALITY = 85  # of the JPEG files, 0–100


class Tour(NamedTuple):
    """Number and spacing of the visits to a world."""

    visits: int = 6
    apart: Apart = Apart()  # between places
    jitter: Jitter = Jitter()  # between the visits of one
    least: int = 50  # places
    most: int = 50
    labelled: bool = False  # True: places have labels; False: only position and heading identify a place


class Origin(NamedTuple):
    """Fields that all records of a tour share."""

    region: str
    split: str = "train"
    licence: str = ""


def render_tour(world, folder, tour, seed, origin, views=None, report=None):
    """Render the images of a tour.

    Each visit returns to all places under one light, each time from a slightly different pose.

    Args:
        world: with ``candidate``, ``fits``, ``sees``, ``begin`` and ``render``, such as
            :class:`rendering.town.world.TownWorld`.
        folder: output; ``images/`` and, when they are complete, ``manifest.csv`` are written to it.
        tour: a :class:`Tour`.
        seed: int; the same seed gives the same tour.
        origin: an :class:`Origin`.
        views: iterable of :class:`Pose`, possible places; None: anywhere.
        report: called with the :class:`rendering.conditions.Conditions` of every finished visit.

    Returns:
        list of :class:`training.data.Record`, visit by visit.

    Raises:
        ValueError: if the world has no room for the least number of places.
    """
    random = np.random.default_rng((seed, 2))
    candidates = iter(lambda: world.candidate(random), None) if views is None else views
    places = choose_views(candidates, world.fits, tour.apart, tour.least, tour.most)
    records = []
    for number, conditions in enumerate(choose_conditions(tour.visits, random)):
        world.begin(conditions, random)
        for place, view in enumerate(places):
            seen = visit_view(view, _near(world, view), tour.jitter, random)
            name = f"{place:04d}_{number:02d}_{conditions.name.replace(' ', '_')}.jpg"
            _write(Path(folder) / "images" / name, world.render(seen))
            record = Record(
                image=Path(folder) / "images" / name,
                place=f"{seed}/{place}" if tour.labelled else "",
                x=float(seen.position[0]),
                y=float(seen.position[1]),
                heading=heading(seen),
                sequence=conditions.name,
                **origin._asdict(),
            )
            records.append(record)
        if report:
            report(conditions)
    write_manifest(records, Path(folder) / "manifest.csv")
    return records


def _near(world, view):
    """Function that returns whether a pose is a valid visit of this view's place."""
    return lambda seen: world.sees(view, seen) and world.fits(seen)


def _write(path, image):
    done, content = cv2.imencode(path.suffix, image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(
            f"expected an image that OpenCV can encode. Received: shape {image.shape} for '{path}'"
        )
    write_atomically(path, content.tobytes())
