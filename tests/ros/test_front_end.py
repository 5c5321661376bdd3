"""When the reports of the SLAM front end count, and when no more; without a master."""

import time
from concurrent.futures import Future

import pytest
import rospy
from std_msgs.msg import Bool, Int32

from place_recognition_ros.config import Config
from place_recognition_ros.errors import WorkerBusy
from place_recognition_ros.ros import front_end
from place_recognition_ros.ros.front_end import GONE, REFUTED, SILENT, FrontEnd
from place_recognition_ros.types import Loss, TrackingState

TRACKING, LOST, RECOVERED = TrackingState.TRACKING, TrackingState.LOST, TrackingState.RECOVERED


TOPICS = {}  # name → Subscriber


class Subscriber:
    """In the place of ``rospy.Subscriber``; has one publisher."""

    def __init__(self, topic, kind, take, queue_size):
        self.resolved_name, self.take, self.publishers = "/" + topic, take, 1
        TOPICS[topic] = self

    def get_num_connections(self):
        return self.publishers


class Pipeline:
    """Keeps what it is given."""

    def __init__(self):
        self.reports, self.busy = [], False

    def set_tracking(self, ok, when, source):
        self.reports.append((source, ok))

    def post(self, request):
        if self.busy:
            raise WorkerBusy("busy")
        request(self)
        future = Future()
        future.set_result(None)
        return future


@pytest.fixture
def pipeline(monkeypatch):
    monkeypatch.setattr(front_end, "Pipeline", Pipeline)
    return Pipeline()


@pytest.fixture
def reporter(pipeline, monkeypatch):
    monkeypatch.setattr(rospy, "Subscriber", Subscriber)
    reporter = FrontEnd(pipeline.post, Config(min_tracked_features=15))
    reporter.subscribe()
    return reporter


def tracking_ok(ok):
    TOPICS["tracking_ok"].take(Bool(ok))


def watch(reporter, seconds, state):
    """What the node does once a second, from now on; returns the last complaint."""
    start = time.monotonic()
    for second in range(seconds + 1):
        reporter.watch(start + second, state)
    return reporter.complaint(start + seconds)


def test_only_changes_are_passed_on(reporter, pipeline):
    for ok in (True, True, False, False, True):
        tracking_ok(ok)
    for count in (20, 15, 14, 3):
        TOPICS["tracked_features"].take(Int32(count))
    assert pipeline.reports == [
        *((Loss.FRONT_END, ok) for ok in (True, False, True)),
        *((Loss.FEATURES, ok) for ok in (True, False)),
    ]


def test_another_number_of_features_counts_from_the_next_message(pipeline, monkeypatch):
    monkeypatch.setattr(rospy, "Subscriber", Subscriber)
    config = Config(min_tracked_features=15)
    FrontEnd(pipeline.post, config).subscribe()
    for least in (15, 25, 0):
        config.change({"min_tracked_features": least})
        TOPICS["tracked_features"].take(Int32(20))
    assert pipeline.reports == [(Loss.FEATURES, True), (Loss.FEATURES, False)]


@pytest.mark.parametrize("ok", [True, False])
def test_a_front_end_that_ends_is_no_witness_any_more(reporter, pipeline, ok):
    """Neither of a loss, nor that gaps between images are none."""
    tracking_ok(ok)
    TOPICS["tracking_ok"].publishers = 0
    watch(reporter, int(GONE) - 1, LOST)
    assert pipeline.reports == [(Loss.FRONT_END, ok)]
    assert watch(reporter, int(GONE) + 1, LOST) == ""
    assert pipeline.reports[1:] == [(Loss.FRONT_END, None)]
    tracking_ok(ok)  # it is started again
    assert pipeline.reports[2:] == [(Loss.FRONT_END, ok)]


def test_a_front_end_that_is_started_again_soon_remains_a_witness(reporter, pipeline):
    tracking_ok(False)
    start = time.monotonic()
    for second in range(60):
        TOPICS["tracking_ok"].publishers = int(second % int(GONE) == 0)
        reporter.watch(start + second, LOST)
    assert pipeline.reports == [(Loss.FRONT_END, False)]


def test_silence_after_a_loss_is_reported_and_counts_until_a_match_refutes_it(reporter, pipeline):
    """It may publish changes only."""
    tracking_ok(False)
    assert watch(reporter, int(SILENT) - 1, LOST) == ""
    complaint = watch(reporter, 600, LOST)
    assert "/tracking_ok reported 600 s ago that tracking is lost" in complaint
    watch(reporter, int(REFUTED) - 1, RECOVERED)
    assert pipeline.reports == [(Loss.FRONT_END, False)]
    assert watch(reporter, int(REFUTED) + 1, RECOVERED) == ""
    assert pipeline.reports[1:] == [(Loss.FRONT_END, None)]


def test_silence_while_tracking_works_is_normal(reporter, pipeline):
    tracking_ok(True)
    assert watch(reporter, 600, RECOVERED) == ""
    assert pipeline.reports == [(Loss.FRONT_END, True)]


def test_what_a_busy_worker_refuses_is_passed_on_later(reporter, pipeline):
    pipeline.busy = True
    tracking_ok(False)
    pipeline.busy = False
    tracking_ok(False)
    assert pipeline.reports == [(Loss.FRONT_END, False)]
    TOPICS["tracking_ok"].publishers = 0
    pipeline.busy = True
    watch(reporter, 20, LOST)
    pipeline.busy = False
    watch(reporter, 20, LOST)
    assert pipeline.reports[1:] == [(Loss.FRONT_END, None)]
