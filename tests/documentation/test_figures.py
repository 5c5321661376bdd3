"""Figures that several pages quote are those of the tables that a benchmark wrote."""

import re

import pytest

from tests.documentation.pages import read


def rows(name, page="docs/decisions.md"):
    """The rows of a table between marks: first cell → the other cells."""
    table = read(page).split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.strip().splitlines()]
    return {first: rest for first, *rest in cells[2:]}


def words(page):
    return re.sub(r"\s+", " ", read(page))


@pytest.mark.parametrize("page", ["README.md", "docs/limitations.md"])
def test_right_and_wrong_matches_are_those_of_the_table_of_decisions(page):
    decisions = rows("decisions")
    images, _, _, right, wrong, *_ = decisions["all"]
    recordings = len(decisions) - 1
    assert re.search(
        rf"[Oo]n {recordings} recordings.*?\b{right} matches were right and {wrong} wrong\b", words(page)
    )
    quoted = re.search(r"recordings with ([\d,]+) images", words(page))
    assert quoted is None or quoted.group(1) == images
    assert f"right and wrong loops on {recordings} recordings" in words("docs/README.md")


def test_the_sum_of_the_table_of_decisions_is_that_of_its_rows():
    decisions = rows("decisions")
    total = decisions.pop("all")
    for column in (0, 1, 3, 4, 5):
        found = sum(int(cells[column].replace(",", "")) for cells in decisions.values())
        assert found == int(total[column].replace(",", "")), column


def test_the_matches_with_odometry_are_those_of_the_table():
    decisions = rows("decisions_odometry")
    _, _, _, right, wrong, *_ = decisions["all"]
    recordings = len(decisions) - 1
    assert f"with drifting odometry, on {recordings} of them, {right} and {wrong}:" in words(
        "docs/limitations.md"
    )


def test_the_figures_of_the_demo_are_those_of_the_table():
    _, revisits, recall, right, wrong, *_ = rows("decisions")["drive_depth"]
    found = re.search(
        r"demo drive with depth: (\d+) matches accepted, (\d+) right; (\d+) of (\d+) revisits",
        words("README.md"),
    )
    assert found.groups()[:2] == (str(int(right) + int(wrong)), right)
    assert found.group(4) == revisits
    assert f"{100 * int(found.group(3)) / int(revisits):.0f} %" == recall


def test_the_recall_of_single_views_is_that_of_the_table():
    decisions = rows("decisions")
    quoted = re.findall(r"(\d+ %) in (koe_landmarks|facades|sped_half)", words("docs/limitations.md"))
    assert {name: share for share, name in quoted} == {
        name: decisions[name][2] for name in ("koe_landmarks", "facades", "sped_half")
    }
