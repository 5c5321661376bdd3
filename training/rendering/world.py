"""Visiting a world: pictures and a manifest."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from training.data.manifest import Record, write_manifest
from training.files import write_atomically
from training.rendering.conditions import choose_conditions
from training.rendering.views import Jitter, choose_views, visit_view

QUALITY = 85  # of the JPEG files


class Tour(NamedTuple):
    """How a world is visited."""

    places: int = 50
    visits: int = 6
    spacing: float = 12.0  # metres between places that look in similar directions
    jitter: Jitter = Jitter()
    views: tuple = ()  # the places, where they are given; then nothing is chosen


def render_tour(world, folder, tour, seed, region, split="train", licence="", progress=iter):
    """Take the pictures of a tour.

    Args:
        world: with ``candidate``, ``fits``, ``begin`` and ``picture``, such as
            :class:`training.rendering.town.TownWorld`.
        folder: gets ``images/`` and, at the end, ``manifest.csv``.
        tour: a :class:`Tour`.
        seed: int; the same seed gives the same tour.
        region, split, licence: of every record.
        progress: wraps the visits as they are made.

    Returns:
        list of :class:`training.data.Record`, visit by visit.

    Raises:
        ValueError: if the world has no room for so many places.
    """
    folder, random = Path(folder), np.random.default_rng((seed, 2))
    views = tour.views or choose_views(world.candidate, world.fits, tour.places, tour.spacing, random)
    records = []
    for number, conditions in enumerate(progress(choose_conditions(tour.visits, random))):
        world.begin(conditions, random)
        for place, view in enumerate(views):
            seen = visit_view(view, world.fits, tour.jitter, random)
            path = folder / "images" / f"{place:04d}_{number:02d}_{conditions.name.replace(' ', '_')}.jpg"
            _write(path, world.picture(seen))
            records.append(
                Record(
                    image=path,
                    x=float(seen.x),
                    y=float(seen.y),
                    heading=float(np.angle(np.exp(1j * seen.heading))),
                    sequence=conditions.name,
                    region=region,
                    split=split,
                    licence=licence,
                )
            )
    write_manifest(records, folder / "manifest.csv")
    return records


def _write(path, picture):
    done, content = cv2.imencode(path.suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(
            f"expected a picture that OpenCV can encode. Received: shape {picture.shape} for '{path}'"
        )
    write_atomically(path, content.tobytes())
