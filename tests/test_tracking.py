import os
import re

import pytest

from place_recognition_ros.loops.kidnap import KidnapMonitor, TrackingState


@pytest.fixture
def monitor():
    return KidnapMonitor()


def test_it_begins_tracking_and_awaits_nothing(monitor):
    assert monitor.state == TrackingState.TRACKING
    assert monitor.tracking_ok
    assert not monitor.awaited
    assert not monitor.tracking(True, 5)
    assert (monitor.state, monitor.since) == (TrackingState.TRACKING, 0)


def test_lost_found_recovered(monitor):
    assert monitor.tracking(False, 10)
    assert (monitor.state, monitor.since, monitor.awaited) == (TrackingState.LOST, 10, True)
    assert monitor.tracking(True, 20)
    assert (monitor.state, monitor.since, monitor.awaited) == (TrackingState.TRACKING, 20, True)
    monitor.recovered(30)
    assert (monitor.state, monitor.since, monitor.awaited) == (TrackingState.RECOVERED, 30, False)


def test_the_match_may_come_while_lost(monitor):
    monitor.tracking(False, 10)
    monitor.recovered(15)
    assert (monitor.state, monitor.since, monitor.awaited) == (TrackingState.RECOVERED, 15, False)
    assert not monitor.tracking_ok
    assert monitor.tracking(True, 20)
    assert (monitor.state, monitor.since) == (TrackingState.RECOVERED, 15)
    assert monitor.tracking_ok


def test_what_is_no_news_changes_nothing(monitor):
    monitor.tracking(False, 10)
    assert not monitor.tracking(False, 11)
    assert monitor.since == 10
    monitor.tracking(True, 20)
    assert not monitor.tracking(True, 21)
    assert monitor.since == 20


def test_it_can_be_kidnapped_again(monitor):
    for start in (10, 100, 1000):
        monitor.tracking(False, start)
        assert (monitor.state, monitor.since, monitor.awaited) == (TrackingState.LOST, start, True)
        monitor.tracking(True, start + 1)
        monitor.recovered(start + 2)
        assert not monitor.awaited


def test_the_numbers_are_those_of_the_message(root):
    with open(os.path.join(root, "msg", "KidnapState.msg"), encoding="utf-8") as file:
        constants = dict(re.findall(r"^uint8 (\w+)\s*=\s*(\d+)", file.read(), re.MULTILINE))
    assert constants == {state.name: str(int(state)) for state in TrackingState}
