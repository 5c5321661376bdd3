import os
import re

import pytest

from place_recognition_ros.tracking import TrackingMonitor
from place_recognition_ros.types import TrackingState


@pytest.fixture
def monitor():
    return TrackingMonitor()


def test_the_initial_state_is_tracking_without_pending_recovery(monitor):
    assert monitor.state == TrackingState.TRACKING
    assert monitor.tracking_ok
    assert not monitor.recovery_pending
    assert not monitor.report(True, 5)
    assert (monitor.state, monitor.since) == (TrackingState.TRACKING, 0)


def test_a_match_after_a_loss_of_tracking_is_a_recovery(monitor):
    assert monitor.report(False, 10)
    assert (monitor.state, monitor.since, monitor.recovery_pending) == (TrackingState.LOST, 10, True)
    assert monitor.report(True, 20)
    assert (monitor.state, monitor.since, monitor.recovery_pending) == (TrackingState.TRACKING, 20, True)
    monitor.recovered(30)
    assert (monitor.state, monitor.since, monitor.recovery_pending) == (TrackingState.RECOVERED, 30, False)


def test_a_match_while_tracking_is_lost_is_a_recovery(monitor):
    monitor.report(False, 10)
    monitor.recovered(15)
    assert (monitor.state, monitor.since, monitor.recovery_pending) == (TrackingState.RECOVERED, 15, False)
    assert not monitor.tracking_ok
    assert monitor.report(True, 20)
    assert (monitor.state, monitor.since) == (TrackingState.RECOVERED, 15)
    assert monitor.tracking_ok


def test_a_repeated_report_changes_nothing(monitor):
    monitor.report(False, 10)
    assert not monitor.report(False, 11)
    assert monitor.since == 10
    monitor.report(True, 20)
    assert not monitor.report(True, 21)
    assert monitor.since == 20


def test_repeated_kidnaps_are_recovered(monitor):
    for start in (10, 100, 1000):
        monitor.report(False, start)
        assert (monitor.state, monitor.since, monitor.recovery_pending) == (TrackingState.LOST, start, True)
        monitor.report(True, start + 1)
        monitor.recovered(start + 2)
        assert not monitor.recovery_pending


def test_states_have_the_numbers_of_the_message(root):
    with open(os.path.join(root, "msg", "KidnapState.msg"), encoding="utf-8") as file:
        constants = dict(re.findall(r"^uint8 (\w+)\s*=\s*(\d+)", file.read(), re.MULTILINE))
    assert constants == {"STATE_" + state.name: str(int(state)) for state in TrackingState}


def test_a_new_session_resets_recovered_but_not_lost(monitor):
    monitor.begin_session(5)
    assert (monitor.state, monitor.since) == (TrackingState.TRACKING, 5)
    monitor.report(False, 10)
    monitor.begin_session(12)
    assert (monitor.state, monitor.since) == (TrackingState.LOST, 10)
    monitor.report(True, 14)
    monitor.recovered(15)
    monitor.begin_session(20)
    assert (monitor.state, monitor.since) == (TrackingState.TRACKING, 20)


def test_a_session_that_begins_while_tracking_is_lost_is_lost_again(monitor):
    """It was recovered in the session before, while the front end was still lost."""
    monitor.report(False, 10)
    monitor.recovered(15)
    monitor.begin_session(20)
    assert (monitor.state, monitor.since, monitor.recovery_pending) == (TrackingState.LOST, 20, True)
