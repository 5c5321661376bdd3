"""Two images side by side, with the lines between what fits in both."""

import base64
from html import escape
from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from place_recognition_ros.drawing import connected, marks_of, pixels_in_panel
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.rotation import rotate
from place_recognition_ros.tools.report import words
from place_recognition_ros.tools.report.findings import Findings, Pair
from place_recognition_ros.tools.report.plot import clock
from place_recognition_ros.types import Count, FeatureKind, View

GAP = 8  # units between the images
WIDTH = 480  # units: the width of an image
MAX_LINES = 40
ONE_COLOUR = 4  # lines beside each other: fewer elements, which a browser draws sooner


class Panel(NamedTuple):
    """An image with its features."""

    jpeg: bytes
    size: Tuple[int, int]  # height, width, pixels
    view: Optional[View]  # None: not stored


class Gallery:
    """Draws pairs of a run.

    Args:
        findings: of the run.
        store: the map after the run.
        kind: of its local features.
    """

    def __init__(self, findings: Findings, store: KeyframeStore, kind: FeatureKind) -> None:
        self._findings, self._store = findings, store
        self._settings = GeometrySettings(kind, findings.run.config.min_inliers)

    def card(self, pair: Pair, title: str, look: str, note: str = "") -> str:
        """A pair with its caption.

        Args:
            pair: what to draw.
            title: the first words of the caption.
            look: CSS class.
            note: a sentence below it.
        """
        panels = [self._query(pair), self._match(pair)]
        evidence = pair.candidate.evidence
        facts = [f"similarity {evidence.similarity:.2f}"]
        if evidence.matches >= 0:
            facts.append(f"{evidence.inliers} of {evidence.matches} matches are inliers")
        if words.confidence(pair.candidate) != "–":
            facts.append(f"confidence {words.confidence(pair.candidate)}")
        if pair.verdict is not None and not np.isnan(pair.verdict.distance):
            apart = f"{pair.verdict.distance:.1f} m"
            apart += "" if np.isnan(pair.verdict.angle) else f", {pair.verdict.angle:.0f}°"
            place = "the same place" if pair.verdict.right else "another place"
            facts.append(f"{apart} apart: {place}")
        elif pair.verdict is not None:
            facts.append("the same place" if pair.verdict.right else "another place")
        below = f'<p class="note">{escape(note)}</p>' if note else ""
        return (
            f'<figure class="pair {look}">{_drawn(panels, self._settings)}'
            f"<figcaption><b>{escape(title)}</b> <span>{self._when(pair)}</span>"
            f"<p>{escape(' · '.join(facts))}</p>{below}</figcaption></figure>"
        )

    def _when(self, pair: Pair) -> str:
        times, whole = self._findings.times, float(self._findings.times[-1])
        query = clock(float(times[pair.query]), whole)
        if pair.match is None:
            return f"{query} → keyframe {pair.candidate.match_id} of the map"
        return f"{query} → {clock(float(times[pair.match]), whole)}"

    def _query(self, pair: Pair) -> Panel:
        return self._of_run(pair.query)

    def _match(self, pair: Pair) -> Panel:
        if pair.match is not None:
            return self._of_run(pair.match)
        number = pair.candidate.match_id
        rotated = self._findings.run.config.rotate_image
        data = np.frombuffer(self._store.thumbnail(number), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        if image is None:
            image = np.full((360, 480, 3), 128, np.uint8)
        image = rotate(image, (360 - rotated) % 360)  # as the camera took it
        return Panel(
            cv2.imencode(".jpg", image)[1].tobytes(),
            (image.shape[0], image.shape[1]),
            self._store.view(number),
        )

    def _of_run(self, row: int) -> Panel:
        entry = self._findings.run.entries[row]
        query = entry.result.query
        stored = query is not None and entry.result.outcome == Count.STORED
        view = self._store.view(query.id) if query is not None and stored else None
        return Panel(entry.thumbnail, entry.size, view)


def _drawn(panels: List[Panel], settings: GeometrySettings) -> str:
    """The images and the lines as one drawing; both images have the same width."""
    heights = [WIDTH * panel.size[0] / panel.size[1] for panel in panels]
    lefts = [0, WIDTH + GAP]
    width, height = 2 * WIDTH + GAP, max(heights)
    images = "".join(
        f'<image x="{left}" y="{(height - own) / 2:.1f}" width="{WIDTH}" height="{own:.1f}" '
        f'preserveAspectRatio="none" href="data:image/jpeg;base64,{base64.b64encode(panel.jpeg).decode()}"/>'
        for panel, left, own in zip(panels, lefts, heights)
    )
    offsets = [np.array([left, (height - own) / 2]) for left, own in zip(lefts, heights)]
    lines = _lines(panels, heights, offsets, settings)
    return (
        f'<svg role="img" aria-label="query and match" viewBox="0 0 {width} {height:.0f}">'
        f"{images}{lines}</svg>"
    )


def _lines(
    panels: List[Panel], heights: List[float], offsets: List[np.ndarray], settings: GeometrySettings
) -> str:
    views = [panel.view for panel in panels if panel.view is not None]
    if len(views) < 2:
        return ""
    geometry = measure(views[0], views[1], settings)
    shapes = [(round(own), WIDTH) for own in heights]
    places = [pixels_in_panel(view, shape) + offset for view, shape, offset in zip(views, shapes, offsets)]
    marks = [marks_of(view, rows) for view, rows in zip(views, geometry.pairs.T)]
    ends, colours = connected(places, marks)
    step = max(1, -(-len(ends) // MAX_LINES))
    shown, colours = ends[::step].tolist(), colours[::step].tolist()
    drawn = []
    for first in range(0, len(shown), ONE_COLOUR):
        some = shown[first : first + ONE_COLOUR]
        blue, green, red = colours[first + len(some) // 2]
        lines = "".join(f"M{a:.0f} {b:.0f}L{c:.0f} {d:.0f}" for (a, b), (c, d) in some)
        drawn.append(f'<path stroke="#{red:02x}{green:02x}{blue:02x}" d="{lines}"/>')
    dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in ends.reshape(-1, 2))
    return f'<path class="points" d="{dots}"/><g class="fits">{"".join(drawn)}</g>' if drawn else ""
