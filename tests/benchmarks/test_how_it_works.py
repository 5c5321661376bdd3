"""The figures of docs/how_it_works.md."""

import sys
import xml.etree.ElementTree

from benchmarks import how_it_works


def test_the_figures_show_an_accepted_query_and_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["how_it_works", "--output", str(tmp_path)])
    how_it_works.main()
    figures = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert set(figures) == {"how_it_works_one_query.svg", "how_it_works_run.svg"}
    for text in figures.values():
        assert xml.etree.ElementTree.fromstring(text).tag.endswith("svg")
        assert len(text) < 20_000
    assert "= total" in figures["how_it_works_one_query.svg"]
    assert figures["how_it_works_run.svg"].count(f'fill="{how_it_works.COLORS[3]}"') > 5  # accepted
    assert figures["how_it_works_run.svg"].count(f'fill="{how_it_works.COLORS[1]}"') > 3  # confirmed
