"""The sections of the report, each as HTML."""

from collections import Counter
from html import escape
from typing import List, Sequence, Tuple

import numpy as np

from place_recognition_ros.tools.report import accuracy, captions, matrix, scene, timeline, words
from place_recognition_ros.tools.report.captions import Caption
from place_recognition_ros.tools.report.findings import Findings, Pair, chosen, merit
from place_recognition_ros.tools.report.pairs import Gallery
from place_recognition_ros.types import Count

LOOPS, REJECTED, MISTAKES, MISSED, RETRACTED = 18, 12, 8, 6, 6  # pairs of images, at most


def path(findings: Findings) -> str:
    """The path or the arcs."""
    drawing, origin = scene.draw(findings)
    caption = captions.PATH if origin else captions.ARCS
    if not origin and not findings.loops:
        return _section("path", caption._replace(seen=captions.NO_ARC), "")
    more = (("time", "the path from its start to its end"),) if origin else ()
    legend = scene.legend_of(findings.loops, *more)
    return _section("path", caption, _figure(drawing + legend, caption.normal), origin=origin)


def truth(findings: Findings, gallery: Gallery) -> str:
    """Precision, recall and mistakes; empty without ground truth."""
    found = findings.accuracy
    if found is None:
        return ""
    body = _figure(accuracy.precision_recall(findings, found), captions.TRUTH.normal)
    body += table(["", "#all checks", "#similarity alone"], accuracy.rows(found))
    wrong = accuracy.mistakes(findings)
    if wrong:
        cards = [gallery.card(each, "Accepted, wrong", "wrong") for each in wrong[:MISTAKES]]
        body += f"<h3>The worst mistakes</h3>{_some(wrong, cards, 'the farthest apart first')}{_grid(cards)}"
    elif found.right:
        body += '<p class="none">No accepted match is wrong.</p>'
    missed = chosen(accuracy.missed(findings), findings.times, MISSED, lambda each: merit(each.candidate))
    if missed:
        cards = [gallery.card(each, _rejection(each), "missed") for each in missed]
        body += f"<h3>Revisits that were missed</h3><p>{captions.MISSED}</p>{_grid(cards)}"
    revisits, keyframes = words.number(found.revisits, "keyframe"), f"{len(findings.run.entries):,}"
    return _section(
        "truth", captions.TRUTH, body, limits=findings.limits, revisits=revisits, keyframes=keyframes
    )


def loops(findings: Findings, gallery: Gallery) -> str:
    """Accepted pairs, and those that were taken back."""
    entries = findings.run.entries

    def clear(pair: Pair) -> Tuple[float, ...]:  # the lines need stored features
        return entries[pair.query].result.outcome == Count.STORED, pair.candidate.inliers

    pairs = chosen(findings.loops, findings.times, LOOPS, clear)
    pairs.sort(key=lambda each: each.query)
    body = f'<p class="none">{captions.NO_LOOP}</p>'
    if pairs:
        cards = [gallery.card(each, _kind(each), scene.look(each), _late(each, findings)) for each in pairs]
        body = _some(findings.loops, cards, "the clearest of each revisit, and some between them")
        body += f"{_grid(cards)}<p>{captions.LOOPS.normal}</p>"
    if findings.retracted:
        cards = [
            gallery.card(each, "Retracted", "retracted", _taken_back(each, findings))
            for each in findings.retracted[:RETRACTED]
        ]
        intro = captions.RETRACTED
        body += f"<h3>Retracted</h3><p>{intro}</p>{_some(findings.retracted, cards)}{_grid(cards)}"
    return _section("loops", captions.LOOPS, body)


def over_time(findings: Findings) -> str:
    """Similarity, confidence, latency."""
    parts = timeline.stages(findings)
    rows = [
        (name, *(f"{1e3 * value:.1f}" for value in _spread(seconds)))
        for name, seconds in [*parts.items(), ("sum", np.sum(list(parts.values()), axis=0))]
    ]
    body = ""
    for caption, chart in (
        (captions.SIMILARITY, timeline.similarity(findings)),
        (captions.CONFIDENCE, timeline.confidence(findings)),
        (captions.LATENCY, timeline.latency(findings)),
    ):
        body += f"<h3>{caption.title}</h3><p>{caption.seen}</p>{_figure(chart, caption.normal)}"
    body += table(["stage", "#median, ms", "#95 %", "#longest"], rows)
    return _section("time", Caption("Over time", "", ""), body)


def similarities(findings: Findings) -> str:
    """The matrix."""
    drawing = f'<div class="matrix">{matrix.draw(findings)}</div>'
    return _section("matrix", captions.MATRIX, _figure(drawing, captions.MATRIX.normal))


def rejected(findings: Findings, gallery: Gallery) -> str:
    """Why matches were rejected, and the best ones."""
    queries = Counter(each.candidate.reason for each in findings.rejected)
    order = sorted(findings.reasons, key=lambda reason: (-queries[reason], -findings.reasons[reason]))
    rows = [
        (each.name, f"{queries[each]:,}", f"{findings.reasons[each]:,}", words.REASONS[each].meaning)
        for each in order
    ]
    body = '<p class="none">Nothing was rejected.</p>'
    if rows:
        body = table(["reason", "#queries", "#candidates", "what it means"], rows)
    examined = [each for each in findings.rejected if each.candidate.matches >= 0 and each.candidate.query_id]
    pairs = chosen(examined, findings.times, REJECTED, lambda each: merit(each.candidate))
    if pairs:
        cards = [gallery.card(each, _rejection(each), _missed(each), _meaning(each)) for each in pairs]
        body += f"<h3>The best of them</h3><p>{captions.REJECTED.normal}</p>{_grid(cards)}"
    return _section("rejected", captions.REJECTED, body)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; columns whose head begins with # have numbers."""
    looks = [" class=n" if title.startswith("#") else "" for title in head]
    titles = "".join(f"<th{look}>{escape(title.lstrip('#'))}</th>" for look, title in zip(looks, head))
    lines = "".join(
        "<tr>" + "".join(f"<td{look}>{escape(text)}</td>" for look, text in zip(looks, row)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{titles}</tr>{lines}</table></div>'


def _section(name: str, caption: Caption, body: str, **values: str) -> str:
    seen = f"<p>{escape(caption.seen.format(**values))}</p>" if caption.seen else ""
    return f'<section id="{name}"><h2>{escape(caption.title)}</h2>{seen}{body}</section>'


def _figure(drawing: str, normal: str) -> str:
    return f"<figure>{drawing}<figcaption>{escape(normal)}</figcaption></figure>"


def _grid(cards: Sequence[str]) -> str:
    return f'<div class="pairs">{"".join(cards)}</div>'


def _some(pairs: Sequence[Pair], cards: List[str], which: str = "") -> str:
    """That there are more pairs than are shown."""
    if len(cards) == len(pairs):
        return ""
    return f"<p>{len(cards)} of {len(pairs):,}{': ' + which if which else ''}.</p>"


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
    return words.REASONS[pair.candidate.reason].meaning.split(". ")[0].rstrip(".") + "."
