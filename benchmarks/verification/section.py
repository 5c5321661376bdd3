"""Tables of the documentation, each between two markers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Curve = tuple[list[float], list[float]]  # x, y


class Section(NamedTuple):
    """One measurement: a table, and what is plotted of it."""

    name: str  # of its markers
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    curves: Mapping[str, Curve] = {}  # method → curve

    @property
    def markdown(self) -> str:
        """The table, and the note below it."""
        lines = ["| " + " | ".join(row) + " |" for row in (self.headings, *self.rows)]
        lines.insert(1, "|---|" + "---:|" * (len(self.headings) - 1))
        return "\n".join(lines) + (f"\n\n{self.note}" if self.note else "")


def insert(text: str, section: Section) -> str:
    """Replace what is between the markers ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: if the text does not have each marker exactly once.
    """
    begin, end = f"<!-- {section.name} -->", f"<!-- /{section.name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"expected the markers {begin} and {end} once each. Received: a page without them")
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: f"{begin}\n{section.markdown}\n{end}", text, flags=re.DOTALL)


def rate_against_time(rates: Section, times: Section) -> Section:
    """Share of right poses beside the milliseconds, of the methods that are in both tables."""
    cost = {row[0]: row[1:] for row in times.rows}
    rows = [(*row[:5], *cost[row[0]][:2], cost[row[0]][-1]) for row in rates.rows if row[0] in cost]
    headings = (*rates.headings[:5], *times.headings[1:3], times.headings[-1])
    return Section("rate", headings, rows, times.note)


def percent(share: float) -> str:
    """A share, 0–1, for a table."""
    return f"{100 * share:.0f} %"
