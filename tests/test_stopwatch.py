import time

import pytest

from place_recognition_ros.stopwatch import Stopwatch


def test_it_measures_each_stage_apart():
    watch = Stopwatch()
    for _ in range(3):
        with watch("long"):
            time.sleep(0.02)
        with watch("short"):
            pass
    summary = watch.summary()
    assert set(summary) == {"long", "short"}
    median, high = summary["long"]
    assert 0.02 <= median <= high
    assert summary["short"][1] < 0.02


def test_only_the_latest_count():
    watch = Stopwatch(keep=2)
    with watch("stage"):
        time.sleep(0.05)
    for _ in range(2):
        with watch("stage"):
            pass
    assert watch.summary()["stage"][1] < 0.05


def test_a_failed_stage_counts_and_its_error_comes_through():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch("stage"):
        raise KeyError
    assert "stage" in watch.summary()


def test_nothing_measured_nothing_told():
    assert Stopwatch().summary() == {}
