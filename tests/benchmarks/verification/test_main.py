import pytest

from benchmarks.verification.__main__ import DOCUMENT, MEASUREMENTS
from benchmarks.verification.section import Section, insert


@pytest.mark.parametrize("name", [*MEASUREMENTS, "rate"])
def test_the_page_has_a_place_for_each_table(name):
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "| a 1 |" in insert(text, Section(name, ("a",), [("a 1",)]))
