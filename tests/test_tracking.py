import os
import re

import pytest

from place_recognition_ros.tracking import LOST_AFTER, STEADY_AFTER, TrackingMonitor
from place_recognition_ros.types import Loss, TrackingState

TRACKING, LOST, RECOVERED = TrackingState.TRACKING, TrackingState.LOST, TrackingState.RECOVERED


@pytest.fixture
def monitor():
    return TrackingMonitor()


def lose(monitor, stamp):
    """Report a loss until it counts."""
    monitor.report(False, stamp)
    return monitor.update(stamp + LOST_AFTER)


def find(monitor, stamp):
    """Report that tracking works until it counts."""
    monitor.report(True, stamp)
    return monitor.update(stamp + STEADY_AFTER)


def state(monitor):
    return monitor.state, monitor.since, monitor.recovery_pending


def test_the_initial_state_is_tracking_without_pending_recovery(monitor):
    assert monitor.is_steady
    assert monitor.is_settled
    assert not monitor.report(True, 5)
    assert state(monitor) == (TRACKING, 0, False)


def test_a_match_after_a_loss_of_tracking_is_a_recovery(monitor):
    assert lose(monitor, 10)
    assert state(monitor) == (LOST, 10, True)
    assert not find(monitor, 10**10)
    assert state(monitor) == (TRACKING, 10**10, True)
    monitor.recovered(10**11)
    assert state(monitor) == (RECOVERED, 10**11, False)


def test_a_match_while_tracking_is_lost_is_a_recovery(monitor):
    lose(monitor, 10)
    monitor.recovered(10**10)
    assert state(monitor) == (RECOVERED, 10**10, False)
    assert not monitor.is_steady
    find(monitor, 2 * 10**10)
    assert state(monitor) == (RECOVERED, 10**10, False)
    assert monitor.is_steady


def test_a_witness_that_has_ended_does_not_leave_tracking_lost(monitor):
    lose(monitor, 10)
    monitor.report(None, 10**10, Loss.FRONT_END)
    assert state(monitor) == (TRACKING, 10**10, True)
    assert monitor.is_steady
    assert not monitor.hears([Loss.FRONT_END])
    assert lose(monitor, 10**11), "it was started again"


def test_one_that_has_ended_leaves_the_reports_of_the_others(monitor):
    lose(monitor, 10)
    monitor.report(False, 20, Loss.VIEW, certain=True)
    monitor.report(None, 10**10, Loss.FRONT_END)
    assert state(monitor) == (LOST, 10, True)
    monitor.report(None, 10**10, Loss.FEATURES)  # which never reported
    assert state(monitor) == (LOST, 10, True)


def test_a_recovery_is_not_forgotten_with_a_witness(monitor):
    lose(monitor, 10)
    monitor.recovered(10**10)
    monitor.report(None, 10**11, Loss.FRONT_END)
    assert state(monitor) == (RECOVERED, 10**10, False)
    assert monitor.is_steady


def test_a_loss_counts_when_it_has_lasted(monitor):
    assert not monitor.report(False, 10)
    assert not monitor.is_steady, "what is seen meanwhile has no certain place"
    assert not monitor.is_settled
    assert not monitor.update(10 + LOST_AFTER - 1)
    assert state(monitor) == (TRACKING, 0, False)
    assert monitor.update(10 + LOST_AFTER)
    assert not monitor.update(10 + LOST_AFTER + 1), "it begins once"
    assert monitor.is_settled


def test_tracking_is_trusted_when_it_has_lasted(monitor):
    lose(monitor, 10)
    monitor.report(True, 10**10)
    monitor.update(10**10 + STEADY_AFTER - 1)
    assert not monitor.is_steady
    assert monitor.state == LOST
    monitor.update(10**10 + STEADY_AFTER)
    assert monitor.is_steady


@pytest.mark.parametrize("lost, works, losses", [(2, 8, 0), (5, 5, 0), (10, 10, 1), (20, 5, 1), (30, 30, 20)])
def test_a_front_end_that_flickers_loses_track_once_or_never(monitor, lost, works, losses):
    """Lost and found again twenty times; tenths of seconds."""
    now, count = 0, 0
    for _ in range(20):
        for ok, tenths in ((False, lost), (True, works)):
            for _ in range(tenths):
                now += 10**8
                count += monitor.report(ok, now)
    assert count == losses


def test_a_clock_that_is_set_back_does_not_stop_the_monitor(monitor):
    monitor.report(False, 10**12)
    assert not monitor.update(5)
    assert monitor.update(5 + LOST_AFTER)


def test_a_repeated_report_changes_nothing(monitor):
    lose(monitor, 10)
    assert not monitor.report(False, 10**10)
    assert monitor.since == 10
    find(monitor, 2 * 10**10)
    assert not monitor.report(True, 3 * 10**10)
    assert monitor.since == 2 * 10**10


def test_repeated_kidnaps_are_recovered(monitor):
    for start in (10**10, 10**11, 10**12):
        lose(monitor, start)
        assert state(monitor) == (LOST, start, True)
        find(monitor, start + 10**9)
        monitor.recovered(start + 5 * 10**9)
        assert not monitor.recovery_pending


def test_states_have_the_numbers_of_the_message(root):
    with open(os.path.join(root, "msg", "KidnapState.msg"), encoding="utf-8") as file:
        constants = dict(re.findall(r"^uint8 (\w+)\s*=\s*(\d+)", file.read(), re.MULTILINE))
    assert constants == {"STATE_" + state.name: str(int(state)) for state in TrackingState}


def test_a_new_session_resets_recovered_but_not_lost(monitor):
    monitor.begin_session(5)
    assert (monitor.state, monitor.since) == (TRACKING, 5)
    lose(monitor, 10)
    monitor.begin_session(10**10)
    assert (monitor.state, monitor.since) == (LOST, 10)
    find(monitor, 2 * 10**10)
    monitor.recovered(3 * 10**10)
    monitor.begin_session(4 * 10**10)
    assert (monitor.state, monitor.since) == (TRACKING, 4 * 10**10)


def test_a_session_that_begins_while_tracking_is_lost_is_lost_again(monitor):
    """It was recovered in the session before, while the front end was still lost."""
    lose(monitor, 10)
    monitor.recovered(10**10)
    monitor.begin_session(2 * 10**10)
    assert state(monitor) == (LOST, 2 * 10**10, True)


def test_tracking_is_lost_while_one_of_several_witnesses_says_so(monitor):
    assert lose(monitor, 10)
    assert not monitor.report(False, 2 * 10**10, Loss.FEATURES)
    assert not monitor.update(3 * 10**10), "it is lost already"
    find(monitor, 4 * 10**10)
    assert (monitor.state, monitor.cause) == (LOST, Loss.FRONT_END)
    monitor.report(True, 5 * 10**10, Loss.FEATURES)
    monitor.update(5 * 10**10 + STEADY_AFTER)
    assert state(monitor) == (TRACKING, 5 * 10**10, True)


def test_a_certain_loss_counts_at_once_and_ends_at_once(monitor):
    assert monitor.report(False, 10, Loss.ODOMETRY, certain=True)
    assert not monitor.report(False, 20, Loss.IMAGES, certain=True), "it is lost already"
    assert state(monitor) == (LOST, 10, True)
    monitor.report(True, 10**10, Loss.ODOMETRY, certain=True)
    assert monitor.state == LOST
    monitor.report(True, 2 * 10**10, Loss.IMAGES, certain=True)
    assert (state(monitor), monitor.is_steady) == ((TRACKING, 2 * 10**10, True), True)
    assert monitor.cause == Loss.ODOMETRY


def test_a_loss_right_after_a_recovery_is_another_one(monitor):
    lose(monitor, 10**10)
    monitor.recovered(2 * 10**10)
    assert not monitor.update(3 * 10**10), "the witness still says that it is lost"
    monitor.report(True, 3 * 10**10)
    assert not monitor.report(False, 3 * 10**10 + STEADY_AFTER // 2)
    assert monitor.update(3 * 10**10 + STEADY_AFTER // 2 + LOST_AFTER)
    assert state(monitor) == (LOST, 3 * 10**10 + STEADY_AFTER // 2, True)


def test_a_recovery_that_is_retracted_is_pending_again(monitor):
    lose(monitor, 10)
    monitor.recovered(10**10)
    monitor.recovered(2 * 10**10, retracted=True)
    assert state(monitor) == (LOST, 2 * 10**10, True)
    find(monitor, 3 * 10**10)
    monitor.recovered(4 * 10**10)
    monitor.recovered(5 * 10**10, retracted=True)
    assert state(monitor) == (TRACKING, 5 * 10**10, True)
    monitor.recovered(6 * 10**10, retracted=True)
    assert monitor.since == 5 * 10**10
