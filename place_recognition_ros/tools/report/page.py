"""The report as one file."""

import math
from collections import Counter
from datetime import datetime, timezone
from html import escape
from typing import List, Tuple

import numpy as np

from place_recognition_ros.errors import InputError
from place_recognition_ros.tools.report import sections, words
from place_recognition_ros.tools.report.findings import Findings
from place_recognition_ros.tools.report.pairs import Gallery
from place_recognition_ros.tools.report.plot import clock
from place_recognition_ros.tools.report.style import CSS
from place_recognition_ros.types import Count

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
CALENDAR = 10**18  # nanoseconds since 1970, in 2001; smaller stamps are those of a simulator or made up
SEARCHED = (Count.STORED, Count.STANDING, Count.TRACKING_LOST, Count.MAP_FULL, Count.STORE_FAILED)


def write_report(path: str, text: str) -> None:
    """Write a report.

    Args:
        path: of the HTML file.
        text: as ``page`` returns it.

    Raises:
        InputError: if the file cannot be written.
    """
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"expected a path where the report can be written. Received: {error}") from error


def page(findings: Findings, gallery: Gallery) -> str:
    """The report as HTML.

    Args:
        findings: what it shows.
        gallery: draws the pairs; the map is open.
    """
    parts = [
        sections.path(findings),
        sections.truth(findings, gallery),
        sections.loops(findings, gallery),
        sections.over_time(findings),
        sections.similarities(findings),
        sections.rejected(findings, gallery),
        _details(findings),
    ]
    title = f"Place recognition: {findings.run.source.title}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><link rel=icon href=data:,><style>{CSS}</style></head><body>"
        f"{_header(findings)}<main>{_summary(findings)}{''.join(parts)}</main>{_footer(findings)}</body></html>\n"
    )


def _header(findings: Findings) -> str:
    run = findings.run
    facts = [
        run.source.kind,
        words.number(run.images, "image"),
        clock(run.duration) if run.source.has_clock else "",
        _date(run.first),
        f"model {run.entries[-1].result.model_id}",
    ]
    tiles = "".join(
        f'<div class="tile {look}"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what, look in _tiles(findings)
    )
    links = [("path", "Path"), ("loops", "Matches"), ("time", "Over time"), ("matrix", "Similarity"),
             ("rejected", "Rejected"), ("details", "Details")]  # fmt: skip
    if findings.accuracy is not None:
        links.insert(1, ("truth", "Ground truth"))
    nav = "".join(f'<a href="#{name}">{text}</a>' for name, text in links)
    return (
        f"<header><div><small>Place recognition report</small><h1>{escape(run.source.title)}</h1>"
        f"<p>{escape('  ·  '.join(each for each in facts if each))}</p>"
        f'<div class="tiles">{tiles}</div><nav>{nav}</nav></div></header>'
    )


def _date(stamp: int) -> str:
    """When a recording began; empty where its clock is none of the world."""
    if stamp < CALENDAR:
        return ""
    return datetime.fromtimestamp(stamp // 10**9, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _tiles(findings: Findings) -> List[Tuple[str, str, str]]:
    run, found = findings.run, findings.accuracy
    tiles = [
        (f"{len(run.entries):,}", "keyframes", ""),
        (f"{len(findings.sessions):,}", "session" + "s" * (len(findings.sessions) != 1), ""),
        (f"{len(findings.loops):,}", "matches accepted", "accepted"),
        (f"{len(findings.retracted):,}", "retracted", "retracted" if findings.retracted else ""),
    ]
    if found is not None:
        judged = found.right + found.wrong
        precision = found.right / judged if judged else math.nan
        recall = found.recognised / found.revisits if found.revisits else math.nan
        tiles += [
            (words.share(precision), f"precision: {found.right:,} right, {found.wrong:,} wrong",
             "wrong" if found.wrong else "right"),
            (words.share(recall), f"recall: {found.recognised:,} of {found.revisits:,} revisits", ""),
        ]  # fmt: skip
    median = 1e3 * float(np.median([each.seconds for each in run.entries]))
    return [*tiles, (f"{median:.0f} ms", "per keyframe, median", "")]


def _summary(findings: Findings) -> str:
    """What one should know before looking at the charts."""
    run = findings.run
    lines = []
    searched = sum(run.counts[each] for each in SEARCHED)
    if findings.loops:
        queries = len({each.query for each in findings.loops})
        lines.append(
            f"{queries:,} of {searched:,} searched keyframes ({words.share(queries / max(1, searched))}) "
            "were matched with an earlier one."
        )
    else:
        lines.append(f"No match was accepted in {searched:,} searched keyframes.")
    reasons = Counter(each.candidate.reason for each in findings.rejected).most_common()
    if reasons:
        listed = ", ".join(f"{count:,} {words.REASONS[reason].short}" for reason, count in reasons)
        lines.append(f"The best candidates of the others were rejected: {listed}.")
    few = run.counts[Count.FEW_FEATURES]
    if few:
        lines.append(
            f"{words.number(few, 'image')} had too few features to be used: dark, blurred, or a wall."
        )
    bad = run.counts[Count.BAD_IMAGE]
    if bad:
        lines.append(f"{words.number(bad, 'image')} could not be decoded.")
    if run.duration > 0 and run.source.has_clock:
        lines.append(
            f"The whole recording of {clock(run.duration)} took {clock(run.seconds)}: "
            f"{run.duration / max(run.seconds, 1e-3):.1f} times as fast as it was recorded."
        )
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<section id="summary"><h2>Summary</h2><ul class="summary">{items}</ul></section>'


def _details(findings: Findings) -> str:
    run = findings.run
    counts = [
        (words.OUTCOMES.get(count, count.value), f"{number:,}") for count, number in run.counts.most_common()
    ]
    defaults = {row.name: row.default for row in run.config.table()}
    changed = {name: value for name, value in run.config.values().items() if value != defaults[name]}
    body = sections.table(["images", f"#{run.images:,}"], counts)
    if changed:
        rows = [(name, str(value), str(defaults[name])) for name, value in changed.items()]
        body += "<h3>Parameters that are not the defaults</h3>"
        body += sections.table(["parameter", "value", "default"], rows)
    notes = [
        *run.source.notes,
        f"engine: {run.engine}",
        f"{words.number(run.keyframes, 'keyframe')} in the map",
    ]
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    body += f'<h3>Input and engine</h3><ul class="summary">{items}</ul>'
    return (
        '<section id="details"><h2>Details</h2><p>What was done with each image, and with which settings.</p>'
        f"{body}</section>"
    )


def _footer(findings: Findings) -> str:
    result = findings.run.entries[-1].result
    return (
        f"<footer>Made by place_recognition_ros, tools.replay · model {escape(result.model_id)} · "
        f"map {escape(result.map_id)}</footer>"
    )
