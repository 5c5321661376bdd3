import pytest

from benchmarks.figures import Figure, finish, grid, latency, spread, table

FIGURES = [Figure("speed", 7.5, "ms", 8), Figure("size", 20, "kB", 15), Figure("ratio", 0.5, "")]


def test_a_target_is_a_maximum():
    assert [figure.met for figure in FIGURES] == [True, False, True]
    assert Figure("speed", 8, "ms", 8).met


def test_the_table_has_measured_target_and_met():
    assert table(FIGURES, markdown=False).splitlines() == [
        "figure  measured   target  met",
        "speed     7.5 ms   ≤ 8 ms  yes",
        "size       20 kB  ≤ 15 kB  NO",
        "ratio      0.500",
    ]


def test_the_table_in_markdown():
    assert table(FIGURES[:1], markdown=True).splitlines() == [
        "| figure | measured | target | met |",
        "|---|---:|---:|---|",
        "| speed | 7.5 ms | ≤ 8 ms | yes |",
    ]


def test_latencies_are_in_milliseconds():
    median, high = latency("add", [0.001 * number for number in range(101)], median=50)
    assert (median.what, median.value, median.target) == ("add, median", pytest.approx(50), 50)
    assert (high.what, high.value, high.target) == ("add, 95th percentile", pytest.approx(95), None)


def test_a_grid_is_aligned_or_markdown():
    rows = [("a", "1", "10"), ("bb", "2", "3")]
    assert grid(("x", "y", "z"), rows).splitlines() == ["x   y   z", "a   1  10", "bb  2   3"]
    assert grid(("x", "y", "z"), rows, markdown=True, right=[2]).splitlines()[:2] == [
        "| x | y | z |",
        "|---|---|---:|",
    ]


def test_the_spread_is_median_and_quartiles():
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == "3 (2–4)"


def test_a_missed_target_is_an_exit_code(capsys):
    assert finish([Figure("a", 1.0, "ms", 2.0)], "here", False) == 0
    assert finish([Figure("a", 3.0, "ms", 2.0)], "here", True) == 1
    assert capsys.readouterr().out.endswith("\n\nhere\n")
