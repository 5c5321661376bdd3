import pytest

from benchmarks.growth import TOTAL, exponent, rows


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_exponent_of_a_power_law_is_found(power):
    sizes = [100, 1_000, 10_000, 100_000]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power, abs=1e-9)


def test_a_row_has_medians_exponent_and_ratio():
    found = {100: {TOTAL: [1.0, 2.0, 3.0]}, 10_000: {TOTAL: [20.0]}}
    (row,) = rows(found)
    assert list(row) == [TOTAL, "2 (1.5–2.5)", "20", "0.50", "10.00"]


def test_the_growth_of_what_takes_no_time_is_not_stated():
    (row,) = rows({100: {"stay": [0.001]}, 1_000: {"stay": [0.002]}})
    assert list(row[-2:]) == ["", ""]
