"""Visiting a world: pictures and a manifest."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from training.data.manifest import Record, write_manifest
from training.files import write_atomically
from training.rendering.conditions import choose_conditions
from training.rendering.views import Apart, Jitter, choose_views, visit_view

QUALITY = 85  # of the JPEG files


class Tour(NamedTuple):
    """How a world is visited."""

    visits: int = 6
    apart: Apart = Apart()  # between places
    jitter: Jitter = Jitter()  # between the visits of one
    least: int = 50  # places
    most: int = 50
    labelled: bool = False  # places have labels; else position and heading alone say which pictures agree


class Origin(NamedTuple):
    """What every record of a tour says."""

    region: str
    split: str = "train"
    licence: str = ""


def render_tour(world, folder, tour, seed, origin, views=None, report=None):
    """Take the pictures of a tour.

    Every visit comes back to all places in one light, each time from a little aside.

    Args:
        world: with ``candidate``, ``fits``, ``sees``, ``begin`` and ``picture``, such as
            :class:`training.rendering.town.TownWorld`.
        folder: gets ``images/`` and, when all of them are there, ``manifest.csv``.
        tour: a :class:`Tour`.
        seed: int; the same seed gives the same tour.
        origin: an :class:`Origin`.
        views: where places may be; None: anywhere.
        report: called with the :class:`training.rendering.conditions.Conditions` of every finished visit.

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
            _write(Path(folder) / "images" / name, world.picture(seen))
            record = Record(
                image=Path(folder) / "images" / name,
                place=f"{seed}/{place}" if tour.labelled else "",
                x=float(seen.x),
                y=float(seen.y),
                heading=float(np.angle(np.exp(1j * seen.heading))),
                sequence=conditions.name,
                **origin._asdict(),
            )
            records.append(record)
        if report:
            report(conditions)
    write_manifest(records, Path(folder) / "manifest.csv")
    return records


def _near(world, view):
    """Whether a visit of a view's place may be taken from there, as a function."""
    return lambda seen: world.sees(view, seen) and world.fits(seen)


def _write(path, picture):
    done, content = cv2.imencode(path.suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(
            f"expected a picture that OpenCV can encode. Received: shape {picture.shape} for '{path}'"
        )
    write_atomically(path, content.tobytes())
