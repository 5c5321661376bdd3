"""Charts over time: similarity, confidence, latency by stage."""

from typing import Dict, List, Sequence, Tuple

import numpy as np

from place_recognition_ros.tools.report.findings import Findings, Pair, merit
from place_recognition_ros.tools.report.plot import Axis, Plot, legend, time_axis

BARS = 96  # of the chart of latencies, at most
LEAST, MOST = -6.9, 9.2  # log odds on the axis of confidence: 0.1 % to 99.99 %
TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
STAGES = (  # what is drawn together, the slowest at the bottom
    ("global descriptor", ("describe",)),
    ("local features", ("local features",)),
    ("search", ("search",)),
    ("verification and decision", ("decide",)),
    ("storing", ("stay", "store")),
    ("other", ("overlay",)),
)


def log_odds(probability: "np.ndarray | float") -> np.ndarray:
    """Of probabilities, limited to those of the axis."""
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.clip(np.log(clipped / (1 - clipped)), LEAST, MOST)


def similarity(findings: Findings) -> str:
    """Similarity of the best candidate of each query."""
    queries = [(row, entry.result.candidates) for row, entry in enumerate(findings.run.entries)]
    best = [(row, max(each.similarity for each in candidates)) for row, candidates in queries if candidates]
    loops = _values(findings.loops, "similarity")
    values = [value for _, value in best] + [value for _, value in loops]
    low = np.floor(10 * min(values, default=0.0)) / 10 if values else 0.0
    ticks = [(round(tick, 1), f"{tick:.1f}") for tick in np.arange(low, 1.01, 0.2 if low < 0.4 else 0.1)]
    plot = Plot(time_axis(float(findings.times[-1])), Axis(low, 1.0, ticks), "similarity over time")
    _shade(plot, findings)
    rows = [row for row, _ in best]
    plot.dots(findings.times[rows], [value for _, value in best], "other")
    entries = [("other", "most similar keyframe")] + _draw(plot, findings, loops)
    return plot.html() + legend(*entries)


def confidence(findings: Findings) -> str:
    """Confidence of the best candidate of each query, on a scale of log odds."""
    ticks = [(float(log_odds(tick)), f"{100 * tick:g} %") for tick in TICKS]
    plot = Plot(time_axis(float(findings.times[-1])), Axis(LEAST, MOST, ticks), "confidence over time")
    _shade(plot, findings)
    limit = findings.run.config.accept_confidence
    plot.rule(float(log_odds(limit)), "limit", f"accepted from {100 * limit:g} %")
    weighed = []
    for row, entry in enumerate(findings.run.entries):
        best = max((merit(each)[0] for each in entry.result.candidates), default=-1.0)
        if best >= 0:
            weighed.append((row, best))
    plot.dots(
        findings.times[[row for row, _ in weighed]],
        log_odds(np.array([value for _, value in weighed])),
        "other",
    )
    loops = [(each, float(log_odds(value))) for each, value in _values(findings.loops, "confidence")]
    entries = [("other", "best weighed candidate")] + _draw(plot, findings, loops)
    return plot.html() + legend(*entries)


def latency(findings: Findings) -> str:
    """Milliseconds by stage, as means of short stretches."""
    entries = findings.run.entries
    parts = stages(findings)
    edges = np.linspace(0, len(entries), min(BARS, len(entries)) + 1).astype(int)
    means = {
        name: np.array([1e3 * seconds[a:b].mean() for a, b in zip(edges, edges[1:])])
        for name, seconds in parts.items()
    }
    total = np.sum(list(means.values()), axis=0)
    top = _nice(1.15 * float(total.max()))
    ticks = [(float(tick), f"{tick:g}") for tick in np.linspace(0, top, 5)]
    x = Axis(0, len(entries), [(0, "first keyframe"), (len(entries), "last")])
    plot = Plot(x, Axis(0, top, ticks, "ms"), "latency by stage")
    bottom = np.zeros(len(total))
    for number, (_, values) in enumerate(means.items()):
        width = float(len(entries)) / len(total)
        plot.bars(edges[:-1].astype(float), 0.92 * width, bottom, bottom + values, f"stage{number}")
        bottom = bottom + values
    return plot.html() + legend(*((f"stage{number}", name) for number, name in enumerate(means)))


def stages(findings: Findings) -> Dict[str, np.ndarray]:
    """Stage → seconds of each keyframe; "other" is what no stage measured."""
    entries = findings.run.entries
    total = np.array([each.seconds for each in entries])
    found: Dict[str, np.ndarray] = {}
    for name, parts in STAGES:
        found[name] = np.array(
            [sum(each.result.durations.get(part, 0.0) for part in parts) for each in entries]
        )
    found["other"] = np.maximum(0.0, total - sum(value for name, value in found.items() if name != "other"))
    return found


def _nice(value: float) -> float:
    """The next of 1, 2, 4, 6, 8, 10 × a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(value, 1e-3)))
    return float(next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value))


def _values(pairs: Sequence[Pair], name: str) -> List[Tuple[Pair, float]]:
    return [(each, float(getattr(each.candidate, name))) for each in pairs]


def _draw(plot: Plot, findings: Findings, loops: List[Tuple[Pair, float]]) -> List[Tuple[str, str]]:
    """The accepted candidates, by ground truth; what was drawn, for the legend."""
    drawn = []
    for look, text, right in (
        ("accepted", "accepted", None),
        ("right", "accepted, right", True),
        ("wrong", "accepted, wrong", False),
    ):
        some = [(pair, value) for pair, value in loops if (pair.verdict and pair.verdict.right) is right]
        if some:
            plot.dots(findings.times[[pair.query for pair, _ in some]], [value for _, value in some], look)
            drawn.append((look, text))
    return drawn + ([("session", "every second session")] if len(findings.sessions) > 1 else [])


def _shade(plot: Plot, findings: Findings) -> None:
    """Every second session."""
    for number, (_, first, last) in enumerate(findings.sessions):
        if number % 2:
            plot.band(float(findings.times[first]), float(findings.times[last]), "session")
