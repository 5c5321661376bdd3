import pytest

from benchmarks.verification.plots import draw
from benchmarks.verification.section import Section, insert, rate_against_time

SECTION = Section(
    "strecha", ("features", "right"), [("a", "90 %")], "A note.", {"a": ([1.0, 2.0], [90.0, 80.0])}
)


def test_a_table_replaces_the_one_between_the_markers():
    text = "before\n<!-- strecha -->\nold\n<!-- /strecha -->\nafter"
    expected = (
        "<!-- strecha -->\n| features | right |\n|---|---:|\n| a | 90 % |\n\nA note.\n<!-- /strecha -->"
    )
    assert insert(text, SECTION) == f"before\n{expected}\nafter"
    assert insert(insert(text, SECTION), SECTION) == insert(text, SECTION)


def test_a_page_without_the_markers_is_refused():
    with pytest.raises(ValueError, match="<!-- strecha -->"):
        insert("text", SECTION)


def test_plots_are_small_and_reproducible():
    pytest.importorskip("matplotlib")
    first = draw(SECTION)
    assert first == draw(SECTION)
    assert first.lstrip().startswith(b"<?xml")
    assert len(first) < 25_000


def test_rates_stand_beside_the_times_of_the_same_method():
    rates = Section("strecha", tuple("mabcdrt"), [tuple("x1234rt"), tuple("y5678rt")])
    times = Section(
        "cost", ("m", "find", "verify", "high", "count", "bytes"), [("y", "3 ms", "2 ms", "9", "7", "5 kB")]
    )
    found = rate_against_time(rates, times)
    assert found.headings == ("m", "a", "b", "c", "d", "find", "verify", "bytes")
    assert found.rows == [("y", "5", "6", "7", "8", "3 ms", "2 ms", "5 kB")]
