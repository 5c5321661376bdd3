"""What an operator is told where there is no roscore to ask: the report itself, and the log."""

import logging
from collections import Counter

import pytest
import rospy
from diagnostic_msgs.msg import DiagnosticStatus

from place_recognition_ros.diagnostics import Reporter, forward_logs

FALLBACK = "the CPU does the work of the GPU: expected a GPU that CUDA can use"


def test_a_cpu_that_does_the_gpus_work_is_a_standing_warning():
    """FAULTS 38"""
    reporter = Reporter("/node", "model-123", "onnxruntime", FALLBACK)
    for _ in range(2):
        (status,) = reporter.report(Counter(), {}, {}).status
        assert status.level == DiagnosticStatus.WARN
        assert status.message == FALLBACK


def test_worse_news_come_with_it():
    reporter = Reporter("/node", "model-123", "onnxruntime", FALLBACK)
    (status,) = reporter.report(Counter({"store failed": 2}), {}, {}).status
    assert status.level == DiagnosticStatus.ERROR
    assert status.message == "2 store failed; " + FALLBACK


def test_the_engine_that_was_meant_is_no_warning():
    (status,) = Reporter("/node", "model-123", "tensorrt").report(Counter(), {}, {}).status
    assert status.level == DiagnosticStatus.OK


@pytest.fixture
def said(monkeypatch):
    """What was said through ROS: (level, text)."""
    said = []
    for level in ("logdebug", "loginfo", "logwarn", "logerr"):
        monkeypatch.setattr(
            rospy, level, lambda form, *values, level=level: said.append((level, form % values))
        )
    log = logging.getLogger("place_recognition_ros")
    handlers = list(log.handlers)
    yield said
    log.handlers[:], log.propagate = handlers, True
    log.setLevel(logging.NOTSET)


def test_what_the_parts_without_ros_say_is_in_ross_log(said):
    forward_logs()
    log = logging.getLogger("place_recognition_ros.descriptor.tensorrt.builder")
    log.info("Building %d", 1)
    log.warning("damaged")
    log.error("no GPU")
    log.debug("100 %")
    assert said == [
        ("loginfo", "Building 1"),
        ("logwarn", "damaged"),
        ("logerr", "no GPU"),
        ("logdebug", "100 %"),
    ]
