"""The sections of the report, each as HTML."""

import math
from collections import Counter
from html import escape
from typing import List, Sequence

import numpy as np

from place_recognition_ros.tools.report import accuracy, matrix, scene, timeline, words
from place_recognition_ros.tools.report.findings import Findings, Pair, chosen, merit
from place_recognition_ros.tools.report.pairs import Gallery
from place_recognition_ros.types import Reason

LOOPS, REJECTED, MISTAKES, MISSED, RETRACTED = 18, 12, 8, 6, 6  # pairs of images, at most


def path(findings: Findings) -> str:
    """The path or the arcs."""
    drawing, origin = scene.draw(findings)
    more = (("time", "the path from its start to its end"),) if origin else ()
    legend = scene.legend_of(findings.loops, *more)
    if origin:
        title = "Path and loops"
        seen = (
            f"The path of the camera by {origin}, seen obliquely from above. It rises with time, so that a second "
            "visit is drawn above the first; each accepted match is a line between the two visits. The faint line "
            "is the path on the ground."
        )
        normal = (
            "Normal: short, steep lines where the path runs above itself. A line across the drawing is a false "
            "loop, or odometry that has drifted far."
        )
    else:
        title = "Loops over time"
        seen = (
            "Each accepted match is an arc from the earlier image to the later one, along the time of the "
            "recording. The input has no odometry, so that there is no path to draw."
        )
        normal = (
            "Normal: bundles of parallel arcs, one for each revisit. A single arc that crosses the others "
            "deserves a look at its images."
        )
    return _section(
        "path", title, seen, f"<figure>{drawing}{legend}<figcaption>{normal}</figcaption></figure>"
    )


def truth(findings: Findings, gallery: Gallery) -> str:
    """Precision, recall and mistakes; empty without ground truth."""
    found = findings.accuracy
    if found is None:
        return ""
    seen = (
        f"Ground truth: {findings.limits} By it, {words.number(found.revisits, 'keyframe')} of "
        f"{len(findings.run.entries):,} show a place that was seen before and left since."
    )
    body = (
        f"<figure>{accuracy.precision_recall(findings, found)}<figcaption>Every point of a curve is a threshold: "
        "how many of the matches above it are right (precision), and how many of the revisits have one (recall). "
        "Normal: the curve of all checks stays at the top edge, and the working point on it."
        "</figcaption></figure>"
    )
    head = "<tr><th></th><th class=n>all checks</th><th class=n>similarity alone</th></tr>"
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td class=n>{a}</td><td class=n>{b}</td></tr>"
        for name, a, b in accuracy.rows(found)
    )
    body += f'<div class="scroll"><table>{head}{lines}</table></div>'
    wrong = accuracy.mistakes(findings)
    if wrong:
        cards = [gallery.card(each, "Accepted, wrong", "wrong") for each in wrong[:MISTAKES]]
        body += (
            f"<h3>The worst mistakes</h3>{_intro(wrong, cards, 'accepted wrong match', 'es')}{_grid(cards)}"
        )
    elif found.right:
        body += '<p class="none">No accepted match is wrong.</p>'
    missed = chosen(accuracy.missed(findings), findings.times, MISSED, lambda each: merit(each.candidate))
    if missed:
        cards = [gallery.card(each, _rejection(each), "missed") for each in missed]
        body += (
            "<h3>Revisits that were missed</h3><p>The matched image is right by ground truth, and was rejected: "
            f"the one nearest to being accepted of each stretch.</p>{_grid(cards)}"
        )
    return _section("truth", "Against ground truth", seen, body)


def loops(findings: Findings, gallery: Gallery) -> str:
    """Accepted pairs, and those that were taken back."""
    body = ""
    pairs = chosen(findings.loops, findings.times, LOOPS, lambda each: (each.candidate.inliers,))
    pairs.sort(key=lambda each: each.query)
    seen = "The later image is on the left, the earlier one, which it was matched with, on the right. Lines connect "
    seen += "features that fit one rigid scene."
    if pairs:
        cards = [gallery.card(each, _kind(each), scene.look(each), _late(each, findings)) for each in pairs]
        body = _intro(findings.loops, cards, "accepted match", "es", "the clearest of each revisit") + _grid(
            cards
        )
        body += (
            "<p>Normal: both images show the same place, from a little farther or another side, and the lines "
            "fan out evenly.</p>"
        )
    else:
        body = '<p class="none">No match was accepted. The section on rejected matches shows how near they came.</p>'
    if findings.retracted:
        cards = [
            gallery.card(each, "Retracted", "retracted", _taken_back(each, findings))
            for each in findings.retracted[:RETRACTED]
        ]
        body += f"<h3>Retracted</h3><p>Accepted at first, and refuted by what came later.</p>{_grid(cards)}"
    return _section("loops", "Accepted matches", seen, body)


def over_time(findings: Findings) -> str:
    """Similarity, confidence, latency."""
    parts = timeline.stages(findings)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td class=n>{1e3 * value:.1f}</td>" for value in _spread(seconds))
        + "</tr>"
        for name, seconds in [*parts.items(), ("sum", np.sum(list(parts.values()), axis=0))]
    )
    head = "<tr><th>stage</th><th class=n>median</th><th class=n>95 %</th><th class=n>longest</th></tr>"
    body = (
        f"<h3>Similarity</h3><figure>{timeline.similarity(findings)}<figcaption>The cosine of the global "
        "descriptors with the most similar keyframe that the camera has left. Normal: it rises where a place is "
        "seen again, and there are accepted matches on top of the hills.</figcaption></figure>"
        f"<h3>Confidence</h3><figure>{timeline.confidence(findings)}<figcaption>The calibrated probability that "
        "the best match is right, after all checks; the axis is one of odds. Normal: two groups, far below the "
        "line and above it. Many points just below it are loops that a lower accept_confidence would accept."
        "</figcaption></figure>"
        f"<h3>Latency</h3><figure>{timeline.latency(findings)}<figcaption>Milliseconds per keyframe on the "
        "machine that made this report, means of short stretches. Normal: level; only verification varies, it is "
        f'skipped where nothing is similar.</figcaption></figure><div class="scroll"><table>{head}{rows}</table>'
        "</div><p>Milliseconds.</p>"
    )
    return _section("time", "Over time", "Three quantities along the recording.", body)


def similarities(findings: Findings) -> str:
    """The matrix."""
    body = (
        f'<figure><div class="matrix">{matrix.draw(findings)}</div><figcaption>Normal: a dark diagonal, and dark '
        "parallels to it where a way is driven again; lines across it where a way is driven backwards. Dark "
        "squares are times in which the view hardly changed, or places that look alike."
        "</figcaption></figure>"
    )
    seen = (
        "Every keyframe against every other one; dark: similar. Accepted matches are marked below the diagonal, "
        "the upper half is left free to compare."
    )
    return _section("matrix", "Similarity matrix", seen, body)


def rejected(findings: Findings, gallery: Gallery) -> str:
    """Why matches were rejected, and the best ones."""
    queries = Counter(each.candidate.reason for each in findings.rejected)
    order = sorted(findings.reasons, key=lambda reason: (-queries[reason], -findings.reasons[reason]))
    head = "<tr><th>reason</th><th class=n>queries</th><th class=n>candidates</th><th>what it means</th></tr>"
    rows = "".join(
        f"<tr><td><code>{reason.name}</code></td><td class=n>{queries[reason]:,}</td>"
        f"<td class=n>{findings.reasons[reason]:,}</td><td>{escape(words.REASONS[reason].meaning)}</td></tr>"
        for reason in order
    )
    seen = (
        "Why the best candidate of each query without a loop was rejected, and all candidates together. Most "
        "queries of a first visit belong here: there is nothing to be found."
    )
    body = f'<div class="scroll"><table>{head}{rows}</table></div>' if rows else ""
    examined = [each for each in findings.rejected if each.candidate.matches >= 0 and each.candidate.query_id]
    pairs = chosen(examined, findings.times, REJECTED, lambda each: merit(each.candidate))
    if pairs:
        cards = [gallery.card(each, _rejection(each), _missed(each), _meaning(each)) for each in pairs]
        body += (
            "<h3>The best of them</h3><p>The matches that came nearest to being accepted, one of each stretch. "
            f"Where many of them are right, the thresholds are too high.</p>{_grid(cards)}"
        )
    elif not rows:
        body = '<p class="none">Nothing was rejected.</p>'
    return _section("rejected", "Rejected matches", seen, body)


def _section(name: str, title: str, seen: str, body: str) -> str:
    return f'<section id="{name}"><h2>{escape(title)}</h2><p>{escape(seen)}</p>{body}</section>'


def _grid(cards: Sequence[str]) -> str:
    return f'<div class="pairs">{"".join(cards)}</div>'


def _intro(pairs: Sequence[Pair], cards: List[str], what: str, plural: str, which: str = "") -> str:
    if len(cards) == len(pairs):
        return ""
    chosen_by = f", {which}" if which else ""
    return f"<p>{len(cards)} of {len(pairs):,} {what}{plural}{chosen_by}.</p>"


def _spread(seconds: np.ndarray) -> List[float]:
    return [float(np.median(seconds)), float(np.percentile(seconds, 95)), float(seconds.max())]


def _kind(pair: Pair) -> str:
    return words.KINDS[pair.candidate.kind].capitalize()


def _late(pair: Pair, findings: Findings) -> str:
    if pair.confirmed_by is None:
        return ""
    seconds = findings.times[pair.confirmed_by] - findings.times[pair.query]
    return f"Accepted {seconds:.1f} s later, when the next views had confirmed it."


def _taken_back(pair: Pair, findings: Findings) -> str:
    if pair.retracted_by is None:
        return ""
    seconds = findings.times[pair.retracted_by] - findings.times[pair.query]
    return f"Taken back after {seconds:.1f} s."


def _rejection(pair: Pair) -> str:
    return f"Rejected: {words.REASONS[pair.candidate.reason].short}"


def _missed(pair: Pair) -> str:
    return "missed" if pair.verdict is not None and pair.verdict.right else "rejected"


def _meaning(pair: Pair) -> str:
    candidate = pair.candidate
    if candidate.reason == Reason.NOT_YET and not math.isnan(candidate.confidence):
        return ""
    return words.REASONS[candidate.reason].meaning.split(". ")[0].rstrip(".") + "."
