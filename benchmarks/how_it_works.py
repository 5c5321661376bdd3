"""The figures of docs/how_it_works.md, from the demo's drive and the code of the node."""

from __future__ import annotations

import argparse
import base64
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.verification.plots import COLORS
from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.loops.evidence import odds_of
from place_recognition_ros.tools.explain.replay import Explanation, Replay, compare, models_for, open_past
from place_recognition_ros.tools.explain.table import best_of, contributions
from place_recognition_ros.types import Keyframe, QueryResult, View

ROOT = Path(__file__).parent.parent
FRAMES = range(0, 158, 2)  # of the drive: a street, a loop around houses, and the street again
QUERY = 140  # the first frame that is accepted
FIRST = 124  # of the plot
LINES = 30  # inliers that are drawn
WIDTH, HEIGHT = 230, 172  # pixels of one image in the figure
PARTS = ("base rate", "coverage", "inliers", "look-alikes in this map", "this view", "all views", "prior")
LABELS = {"all views": "the views of the run", "total": "= total", "this view": "= this view"}


class Drive(NamedTuple):
    """What the detector made of the frames."""

    results: dict[int, QueryResult]  # frame → result
    explanation: Explanation  # of QUERY
    views: tuple[View, View]  # of QUERY and of its match
    inliers: np.ndarray  # (N, 2) int, rows of the features of both views


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images", help="folder")
    folder = parser.parse_args().output
    cv2.setNumThreads(1)
    drive = play()
    for name, figure in (("one_query", one_query(drive)), ("run", run(drive.results))):
        path = folder / f"how_it_works_{name}.svg"
        path.write_text(figure, encoding="utf-8")
        print(f"{path}: {path.stat().st_size / 1000:.1f} kB")


def frame(number: int) -> np.ndarray:
    """(240, 320, 3) uint8, BGR."""
    return cv2.imread(str(ROOT / "demo" / "drive" / "frames" / f"{number:06d}.webp"))


def play() -> Drive:
    """Give the frames to a detector, one each second, and explain the decision about ``QUERY``."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "map.db")
        config = Config(map_path=path)
        detector = LoopDetector.open(config)
        results = {number: detector.add(Keyframe(frame(number), number * 10**9 + 10**9)) for number in FRAMES}
        detector.close()
        models = models_for(path, config)
        store = open_past(path, models)
        keyframe = next(each for each in store.keyframes() if each.stamp == (QUERY + 1) * 10**9)
        explanation = Replay(store, models, config, keyframe.session).explain(keyframe)
        best = best_of(explanation)
        if best is None:
            raise ValueError(f"expected a candidate for frame {QUERY}. Received: none")
        views = store.view(keyframe.id), store.view(best.match_id)
        inliers = compare(*views, models, explanation.limits).pairs
        store.close()
    return Drive(results, explanation, views, inliers)


def one_query(drive: Drive) -> str:
    """Both images with the features that fit one scene, and what the evidence adds to the log odds."""
    best = best_of(drive.explanation)
    assert best is not None  # noqa: S101  play() checked it
    match = best.match_stamp // 10**9 - 1
    parts = [_image(frame(number), side * (WIDTH + 6)) for side, number in enumerate((QUERY, match))]
    chosen = drive.inliers[:: max(1, len(drive.inliers) // LINES)]
    ends = []
    for side, (view, rows) in enumerate(zip(drive.views, chosen.T)):
        points = np.column_stack([view.features["x"][rows], view.features["y"][rows]])
        ends.append(points * (WIDTH / 320) + (side * (WIDTH + 6), 0))
    path = "".join(f"M{a[0]:.0f} {a[1]:.0f}L{b[0]:.0f} {b[1]:.0f}" for a, b in zip(*ends))
    parts.append(f'<path d="{path}" stroke="{COLORS[2]}" stroke-width=".8" fill="none"/>')
    evidence = best.evidence
    caption = f"similarity {evidence.similarity:.2f}, {evidence.matches} matches, {evidence.inliers} inliers "
    parts.append(_text(0, HEIGHT + 15, f"{caption}in one scene, coverage {evidence.coverage:.2f}"))
    found = contributions(drive.explanation, best)
    for row, name in enumerate((*PARTS, "competing places", "total", "needed")):
        parts += _bar(HEIGHT + 40 + 16 * row, LABELS.get(name, name), found[name])
    return _document(2 * WIDTH + 6, HEIGHT + 40 + 16 * (len(PARTS) + 3), parts)


def run(results: dict[int, QueryResult]) -> str:
    """The log odds of the best candidate of each keyframe, with the limit, over time."""
    frames = [number for number in results if number >= FIRST]
    step, zero, scale = 24, 115, 12
    width = 60 + step * len(frames)
    needed = odds_of(Config().accept_confidence)
    parts = [
        _line(50, width, zero, "#999"),
        _line(50, width, zero - scale * needed, COLORS[0], ' stroke-dasharray="4 3"'),
        _text(0, zero + 4, "0"),
        _text(0, zero - scale * needed + 4, f"+{needed:.1f}"),
        _text(50, zero - scale * needed - 5, "needed: probability 0.99", COLORS[0]),
    ]
    confirmed = {each.query_stamp // 10**9 - 1 for result in results.values() for each in result.confirmed}
    for column, number in enumerate(frames):
        best = max(results[number].candidates, key=lambda each: np.nan_to_num(each.confidence, nan=-1))
        x, y = 62 + step * column, zero - scale * odds_of(float(best.confidence))
        color = COLORS[3] if best.accepted else COLORS[1] if number in confirmed else "#999"
        parts.append(f'<circle cx="{x}" cy="{y:.1f}" r="4.5" fill="{color}"/>')
        parts.append(_text(x - 9, 180, str(number)))
    legend = (("#999", "not accepted"), (COLORS[1], "confirmed later"), (COLORS[3], "accepted"))
    parts += [_text(50 + 115 * place, 14, f"● {what}", color) for place, (color, what) in enumerate(legend)]
    parts.append(_text(50, 196, "frame of the drive; log odds of the best candidate"))
    return _document(width, 202, parts)


def _image(image: np.ndarray, x: float) -> str:
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    file = cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, 45])[1].tobytes()
    data = base64.b64encode(file).decode()
    return f'<image x="{x}" width="{WIDTH}" height="{HEIGHT}" href="data:image/webp;base64,{data}"/>'


def _bar(y: float, name: str, value: float) -> list[str]:
    zero, scale = 255, 13
    strong = name.startswith("=")
    color = "#999" if name == "needed" else COLORS[3] if value > 0 else COLORS[0]
    x, width = zero + min(0.0, value) * scale, abs(value) * scale
    bar = f'<rect x="{x:.1f}" y="{y - 9}" width="{width:.1f}" height="10" fill="{color}"'
    return [
        _text(0, y, name),
        bar + ("/>" if strong or name == "needed" else ' opacity=".5"/>'),
        _text(425, y, f"{round(value, 1) + 0.0:+.1f}"),
    ]


def _text(x: float, y: float, text: str, color: str = "#444") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{color}">{text}</text>'


def _line(start: float, end: float, y: float, color: str, more: str = "") -> str:
    return f'<path d="M{start} {y:.1f}H{end}" stroke="{color}"{more}/>'


def _document(width: float, height: float, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -6 {width + 16} {height + 12}" '
    head += f'width="{width + 16}" font-family="sans-serif" font-size="11">'
    background = f'<rect x="-8" y="-6" width="{width + 16}" height="{height + 12}" fill="white"/>'
    return "\n".join((head, background, *parts, "</svg>")) + "\n"


if __name__ == "__main__":
    main()
