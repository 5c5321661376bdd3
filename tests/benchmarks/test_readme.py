import os
import re

from benchmarks.figures import HEADINGS


def test_the_readme_contains_the_table_of_figures(root):
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        (block,) = re.findall(r"<!-- bench -->\n(.*?)<!-- /bench -->", file.read(), re.DOTALL)
    table, machine = block.strip().split("\n\n")
    head, _, *rows = table.splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(HEADINGS)
    assert len(rows) >= 10
    assert machine.startswith("One thread")
