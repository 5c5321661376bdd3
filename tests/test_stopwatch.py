import time

import pytest

from place_recognition_ros.stopwatch import Stopwatch


def test_it_measures_each_stage_separately():
    watch = Stopwatch()
    for _ in range(3):
        with watch("long"):
            time.sleep(0.02)
        with watch("short"):
            pass
    snapshot = watch.snapshot()
    assert set(snapshot) == {"long", "short"}
    assert len(snapshot["long"]) == len(snapshot["short"]) == 3
    assert min(snapshot["long"]) >= 0.02


def test_only_the_latest_are_kept():
    watch = Stopwatch(keep=2)
    with watch("stage"):
        time.sleep(0.05)
    for _ in range(2):
        with watch("stage"):
            pass
    assert len(watch.snapshot()["stage"]) == 2
    assert sum(watch.snapshot()["stage"]) < 0.05


def test_a_snapshot_does_not_change():
    watch = Stopwatch()
    with watch("stage"):
        pass
    snapshot = watch.snapshot()
    with watch("stage"):
        pass
    assert len(snapshot["stage"]) == 1


def test_a_failed_stage_is_measured_and_its_error_passes():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch("stage"):
        raise KeyError
    assert "stage" in watch.snapshot()


def test_without_measurements_it_is_empty():
    assert Stopwatch().snapshot() == {}
