"""The similarity of every keyframe with every other one, as an image."""

import base64
from typing import Tuple

import cv2
import numpy as np

from place_recognition_ros.tools.report.findings import Findings
from place_recognition_ros.tools.report.plot import Axis, Plot, clock, legend
from place_recognition_ros.tools.report.scene import look

LARGEST = 480  # pixels
_COLOURS = (
    (255, 255, 255),
    (226, 236, 246),
    (158, 196, 226),
    (74, 140, 196),
    (20, 76, 140),
    (8, 30, 66),
)  # RGB


def draw(findings: Findings) -> str:
    """The matrix; loops are circled below its diagonal."""
    entries = findings.run.entries
    descriptors = [each.result.query.descriptor for each in entries if each.result.query is not None]
    image, low, high = similarities(np.array(descriptors, np.float32))
    ticks = _ticks(findings)
    plot = Plot(Axis(0, len(entries), ticks), Axis(len(entries), 0, ticks), "similarity matrix", "")
    for name in ("accepted", "right", "wrong"):
        some = [each for each in findings.loops if each.match is not None and look(each) == name]
        matches = [each.match + 0.5 for each in some if each.match is not None]
        plot.dots(matches, [each.query + 0.5 for each in some], f"ring {name}")
    data = base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
    behind = f'<img class="behind" alt="" src="data:image/png;base64,{data}">'
    steps = ",".join("rgb({},{},{})".format(*colour) for colour in _COLOURS)
    scale = (
        f'<p class="legend"><span>{low:.2f}<i class="ramp" style="background:linear-gradient(90deg,{steps})">'
        f"</i>{high:.2f} cosine</span></p>"
    )
    wrong = any(look(each) == "wrong" for each in findings.loops)
    marks = [("ring", "accepted match"), ("ring wrong", "accepted, wrong")][: bool(findings.loops) + wrong]
    return plot.html().replace("<svg", behind + "<svg", 1) + scale + legend(*marks)


def similarities(descriptors: np.ndarray) -> Tuple[np.ndarray, float, float]:
    """The matrix as an image, and the similarities of its brightest and darkest colour.

    Args:
        descriptors: (N, D) float32, unit norm.

    Returns:
        (M, M, 3) uint8 BGR; M is N, or less: then each pixel has the largest similarity of its block.
    """
    block = -(-len(descriptors) // LARGEST)
    size = -(-len(descriptors) // block)
    matrix = np.full((size, size), -1.0, np.float32)
    for row in range(size):
        part = descriptors[row * block : (row + 1) * block] @ descriptors.T
        padded = np.full((len(part), size * block), -1.0, np.float32)
        padded[:, : part.shape[1]] = part
        matrix[row] = padded.reshape(len(part), size, block).max(axis=(0, 2))
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) > 2
    some = matrix[apart] if apart.any() else matrix.ravel()
    low, high = (float(each) for each in np.percentile(some, (20, 99.7)))
    high = max(high, low + 0.05)
    share = np.clip((matrix - low) / (high - low), 0, 1) * (len(_COLOURS) - 1)
    levels = np.round(share * 12) / 12  # fewer colours: a smaller file
    table = np.array(_COLOURS, float)
    base = np.minimum(levels.astype(int), len(_COLOURS) - 2)
    rest = (levels - base)[..., np.newaxis]
    rgb = table[base] * (1 - rest) + table[base + 1] * rest
    return np.ascontiguousarray(rgb[..., ::-1].astype(np.uint8)), low, high


def _ticks(findings: Findings) -> "list[tuple[float, str]]":
    count, times = len(findings.times), findings.times
    whole = float(times[-1])
    rows = np.linspace(0, count - 1, 5).astype(int)
    return [(float(row), clock(float(times[row]), whole)) for row in sorted(set(rows.tolist()))]
