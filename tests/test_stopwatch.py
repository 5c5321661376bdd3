import pytest

from place_recognition_ros.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """A fake of ``time.perf_counter``; ``clock.now`` is in seconds."""

    class Clock:
        now = 100.0

    monkeypatch.setattr("place_recognition_ros.stopwatch.time.perf_counter", lambda: Clock.now)
    return Clock


def test_each_stage_is_measured_separately(clock):
    watch = Stopwatch()
    for _ in range(3):
        with watch("long"):
            clock.now += 2.0
        with watch("short"):
            clock.now += 0.25
    assert watch.snapshot() == {"long": (2.0, 2.0, 2.0), "short": (0.25, 0.25, 0.25)}


def test_only_the_latest_durations_are_kept(clock):
    watch = Stopwatch(keep=2)
    for seconds in (4.0, 1.0, 2.0):
        with watch("stage"):
            clock.now += seconds
    assert watch.snapshot() == {"stage": (1.0, 2.0)}


def test_a_snapshot_does_not_change():
    watch = Stopwatch()
    with watch("stage"):
        pass
    snapshot = watch.snapshot()
    with watch("stage"):
        pass
    assert len(snapshot["stage"]) == 1


def test_a_failed_stage_is_measured_and_its_exception_is_raised():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch("stage"):
        raise KeyError
    assert "stage" in watch.snapshot()


def test_without_measurements_the_snapshot_is_empty():
    assert Stopwatch().snapshot() == {}


def test_a_lap_is_what_was_measured_since_the_last_one(clock):
    watch = Stopwatch()
    for seconds in (1.0, 2.0):
        with watch("describe"):
            clock.now += seconds
    assert watch.lap() == {"describe": 3.0}
    assert watch.lap() == {}
    assert watch.snapshot() == {"describe": (1.0, 2.0)}
