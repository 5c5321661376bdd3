"""Writes docs/reliability.md from the tests that were run: ``./run faults``."""

import os
import re

import pytest

HEADER = """# Faults that were tried

Written by `./run faults`, which runs the long form of each test in tests/faults.

| # | Fault | What was tried | How often | Result |
|---|---|---|---|---|
"""
ROW = re.compile(r"\| (\d+) \| .* \|")
RESULTS = []  # (number and name of the fault, outcome, properties) of each test


def pytest_addoption(parser):
    parser.addoption("--reliability", help="the page that gets the results of the long forms")


@pytest.fixture
def tried(request):
    """``tried(what, how_often, result)``: what a test did, for docs/reliability.md.

    ``how_often`` and ``result`` are text, with the figures that were measured.
    """

    def note(what, how_often, result):
        request.node.user_properties.append(("tried", (what, str(how_often), result)))

    return note


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    marker = item.get_closest_marker("fault")
    if report.when == "call" and marker is not None:
        RESULTS.append((marker.args, report.outcome, item.user_properties))


def pytest_sessionfinish(session):
    path = session.config.getoption("--reliability", None)
    if not path:
        return
    rows = _rows(path)
    for (number, name), outcome, properties in RESULTS:
        for what, how_often, result in [value for key, value in properties if key == "tried"]:
            verdict = result if outcome == "passed" else f"**{outcome}**: {result}"
            cells = (str(number), name, what, how_often, verdict)
            rows[number, what] = "| " + " | ".join(cells) + " |\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEADER + "".join(rows[key] for key in sorted(rows)))


def _rows(path):
    """(number, what was tried) → line of an earlier run."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if ROW.match(line)]
    return {(int(line.split(" | ")[0][2:]), line.split(" | ")[2]): line for line in lines}
