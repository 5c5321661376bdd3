"""The report as HTML: its structure without a browser."""

import os
import re
from html.parser import HTMLParser

import pytest

from place_recognition_ros.errors import InputError
from place_recognition_ros.tools.replay.__main__ import _reasons
from place_recognition_ros.tools.report import words
from place_recognition_ros.tools.report.page import page, write_report
from place_recognition_ros.tools.report.pairs import MAX_LINES, ONE_COLOUR
from place_recognition_ros.tools.report.plot import Axis, Plot, clock, time_axis
from place_recognition_ros.types import Reason

VOID = ("meta", "link", "img", "br")


class NoImages:
    """A gallery without its map."""

    def card(self, pair, title, look, note=""):
        return ""


class Page(HTMLParser):
    """Elements by name, links, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_has_every_section_and_needs_nothing_else(report):
    _, text = report(odometry=True, truth=True)
    found = Page(text)
    assert found.open == []
    sections = [each["id"] for each in found.named("section")]
    assert sections == ["summary", "path", "truth", "loops", "time", "matrix", "rejected", "details"]
    assert {each["href"].lstrip("#") for each in found.named("a")} == set(sections) - {"summary"}
    assert found.named("script") == []
    links = [each.get("href") or each.get("src") for tag, each in found.elements if tag in ("image", "img")]
    assert len(links) > 10
    assert all(link.startswith("data:image/") for link in links)


def test_names_are_escaped(report):
    _, text = report()
    assert "drive &lt;1&gt;" in text
    assert "a note &amp; more" in text
    assert "drive <1>" not in text


def test_the_date_of_a_recording_is_that_of_a_clock_of_the_world(report):
    findings, text = report()
    assert "UTC" not in text
    dated = findings._replace(run=findings.run._replace(first=1_600_000_000 * 10**9))
    assert "2020-09-13 12:26 UTC" in page(dated, NoImages())


def test_with_odometry_there_is_a_path_and_without_there_are_arcs(report):
    assert 'class="scene"' in report(odometry=True)[1]
    _, without = report()
    assert 'class="scene"' not in without
    assert "Loops over time" in without


def test_right_and_wrong_loops_are_told_apart_by_ground_truth(report):
    _, text = report(truth=True)
    assert text.count('<figure class="pair right">') == 3
    assert "The worst mistakes" in text
    assert "450.0 m, 0° apart: another place" in text
    assert "precision: 3 right, 1 wrong" in text


def test_inliers_of_accepted_pairs_are_connected(report):
    _, text = report()
    card = text[text.index('<figure class="pair accepted">') :]
    lines = re.findall('<path stroke="#[0-9a-f]{6}" d="([^"]*)"/>', card[: card.index("</figure>")])
    assert sum(each.count("L") for each in lines) > 10
    assert len(lines) <= MAX_LINES / ONE_COLOUR, "a browser draws few elements sooner than many"


def test_all_loops_of_a_path_are_few_elements(report):
    _, text = report(odometry=True, truth=True)
    lines = re.findall('<path class="line loop (\\w+)" d="([^"]*)"/>', text)
    assert [name for name, _ in lines] == ["right", "wrong"]
    assert [line.count("L") for _, line in lines] == [3, 1]


def test_a_path_that_cannot_be_written_is_refused(report, tmp_path):
    with pytest.raises(InputError, match="expected a path where the report can be written"):
        write_report(os.path.join(str(tmp_path), "none", "x.html"), report()[1])


def test_every_reason_has_words():
    assert set(words.REASONS) == set(Reason)


@pytest.mark.parametrize(
    "value, text", [(1.0, "100 %"), (0.9999, "99.9 %"), (0.5, "50 %"), (0.123, "12.3 %")]
)
def test_shares_are_never_rounded_up_to_all(value, text):
    assert words.share(value) == text


@pytest.mark.parametrize(
    "seconds, whole, text", [(5, 0, "5 s"), (65, 600, "1:05"), (5, 600, "0:05"), (65, 7200, "0:01:05")]
)
def test_times_have_the_form_of_the_longest(seconds, whole, text):
    assert clock(seconds, whole) == text


def test_the_time_axis_has_few_round_ticks():
    assert [text for _, text in time_axis(600.0).ticks] == [f"{minute}:00" for minute in range(0, 11, 2)]


def test_points_outside_or_not_finite_are_not_drawn_outside():
    plot = Plot(Axis(0, 10), Axis(0, 1), "x")
    plot.dots([5, 6, 7], [0.5, float("nan"), 9.0], "dot")
    assert 'd="M500.0 500.0h0M700.0 0.0h0"' in plot.html()


def test_an_axis_may_run_downwards():
    assert Axis(10, 0).place([0, 10]).tolist() == [1, 0]


def test_the_command_names_the_reasons_where_nothing_was_accepted(report):
    findings, _ = report()
    reasons = [Reason.NOT_YET, Reason.CONTRADICTED, Reason.NOT_YET]
    pair = findings.loops[0]
    rejected = [pair._replace(candidate=pair.candidate._replace(reason=each)) for each in reasons]
    assert _reasons(findings._replace(loops=[], rejected=rejected)) == (
        "The best candidates were rejected: 2 NOT_YET, 1 CONTRADICTED; the report says what that means"
    )
