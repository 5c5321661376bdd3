import pytest

from benchmarks.verification.plots import draw
from benchmarks.verification.section import Section, insert

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
