"""Diagnostics: the report, the log, and a node whose images are unusable."""

import logging
import os
import time

import cv2
import numpy as np
import pytest
import rospy
import yaml
from diagnostic_msgs.msg import DiagnosticStatus

from place_recognition_ros.config import Config
from place_recognition_ros.ros.camera_inputs import InputStatus
from place_recognition_ros.ros.diagnostics import TROUBLES, Reporter, forward_logs
from place_recognition_ros.ros.pipeline import Status
from place_recognition_ros.types import (
    Candidate,
    Count,
    DetectorStatus,
    Evidence,
    Kind,
    Reason,
    Tracking,
    TrackingState,
)
from place_recognition_ros.types import Status as Decided
from tests.ros.camera import PARAMETERS, THERE, Camera, Diagnostics, to_image

FALLBACK = "tensorrt cannot be used, onnx is used instead: expected a GPU that CUDA can use"


def status(fallback="", counts=(), durations=()):
    """A Status with these counts and durations."""
    tracking = Tracking(TrackingState.TRACKING, 0, 1)
    detector = DetectorStatus(
        "model-123", "onnxruntime", fallback, "map-1", 5, 2, 0, tracking, dict(durations)
    )
    return Status(detector, dict(counts), failures=0)


def report(reporter, *arguments, dropped=0, complaint=""):
    """The DiagnosticStatus of a report; ``arguments``: of ``status``."""
    return reporter.report(status(*arguments), {Count.DROPPED: dropped}, complaint, 0).status[0]


def performance(reporter, now):
    """Level, message and values of what is reported of the performance; ``now``: a Status."""
    found = reporter.report(now, {}, "", 0).status[2]
    return found.level, found.message, {each.key: each.value for each in found.values}


def test_a_fallback_engine_is_a_permanent_warning():
    reporter = Reporter("/node", Config())
    for _ in range(2):
        found = report(reporter, FALLBACK)
        assert (found.level, found.message) == (DiagnosticStatus.WARN, FALLBACK)


def test_a_map_that_was_moved_aside_is_a_permanent_error():
    reporter = Reporter("/node", Config())
    before = status()
    after = before._replace(detector=before.detector._replace(moved_aside="/maps/map.damaged.db"))
    for _ in range(2):
        found = reporter.report(after, {}, "", 0).status[0]
        assert found.level == DiagnosticStatus.ERROR
        assert "it is now '/maps/map.damaged.db'" in found.message


def test_errors_precede_warnings():
    found = report(Reporter("/node", Config()), FALLBACK, {Count.STORE_FAILED: 2})
    assert found.level == DiagnosticStatus.ERROR
    assert found.message == "2 not stored: write failed; " + FALLBACK


def test_only_counts_that_increased_since_the_last_report_are_reported():
    reporter = Reporter("/node", Config())
    assert report(reporter, "", {Count.BAD_IMAGE: 2}, dropped=3).message == "3 dropped; 2 bad images"
    found = report(reporter, "", {Count.BAD_IMAGE: 2}, dropped=3)
    assert (found.level, found.message) == (DiagnosticStatus.OK, "0.0 keyframes/s")
    values = {each.key: each.value for each in found.values}
    assert (values["bad images"], values["dropped"]) == ("2", "3")


@pytest.mark.parametrize("count", [Count.NO_STAMP, Count.WRONG_STAMP, Count.BAD_POSE, Count.POSE_JUMPED])
def test_stamps_and_poses_that_cannot_be_used_are_a_warning(count):
    found = report(Reporter("/node", Config()), "", {count: 2})
    assert (found.level, found.message) == (DiagnosticStatus.WARN, f"2 {count.value}")


def test_what_is_counted_outside_the_worker_is_reported():
    found = (
        Reporter("/node", Config())
        .report(status("", {Count.STORED: 1}), {Count.BAD_POSE: 3}, "", 0)
        .status[0]
    )
    values = {each.key: each.value for each in found.values}
    assert (values["stored"], values["poses that cannot be used"]) == ("1", "3")


def test_camera_inputs_are_a_status_of_their_own():
    inputs = InputStatus("ok; changed 2 times", "80 % of the latest keyframes", "ok")
    found = Reporter("/node", Config()).report(status()._replace(inputs=inputs), {}, "", 0).status[1]
    assert (found.level, found.name, found.message) == (
        DiagnosticStatus.OK,
        "node: camera inputs",
        "ok",
    )
    assert {each.key: each.value for each in found.values} == {
        "camera_info": "ok; changed 2 times",
        "depth": "80 % of the latest keyframes",
        "tf": "ok",
    }


def test_an_input_that_cannot_be_used_is_a_warning():
    inputs = InputStatus(troubles=("camera_info: expected K", "depth: expected 32FC1"))
    found = Reporter("/node", Config()).report(status()._replace(inputs=inputs), {}, "", 0).status[1]
    assert (found.level, found.message) == (
        DiagnosticStatus.WARN,
        "camera_info: expected K; depth: expected 32FC1",
    )


def test_durations_are_reported_in_milliseconds():
    now = status("", (), {"search": (0.001, 0.002, 0.003)})
    _, _, values = performance(Reporter("/node", Config()), now)
    assert values["search [ms], median and 95 %"] == "2.0, 2.9"


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.2, DiagnosticStatus.OK), (1.5, DiagnosticStatus.WARN), (4.0, DiagnosticStatus.ERROR)],
)
def test_old_results_are_a_warning_and_then_an_error(seconds, level):
    reporter = Reporter("/node", Config(warn_age_s=1.0, error_age_s=3.0))
    found, message, values = performance(reporter, status()._replace(ages=(0.1,) * 20 + (seconds,) * 5))
    assert found == level
    assert ("lower max_rate_hz" in message) == (level != DiagnosticStatus.OK)
    assert f"{seconds:.1f}" in message
    assert values["age of results [s], median and 95 %"] == f"0.10, {seconds:.2f}"


def test_stamps_of_another_clock_have_no_age():
    level, _, values = performance(Reporter("/node", Config()), status())
    assert level == DiagnosticStatus.OK
    assert values["age of results [s], median and 95 %"].startswith("not known")


def test_rates_are_those_since_the_last_report(monkeypatch):
    reporter, start = Reporter("/node", Config()), time.monotonic()
    first = status("", {Count.KEYFRAME: 5})._replace(images=10)
    monkeypatch.setattr(time, "monotonic", lambda: start + 2.0)
    reporter.report(first, {Count.DROPPED: 3}, "", 0)
    monkeypatch.setattr(time, "monotonic", lambda: start + 4.0)
    second = status("", {Count.KEYFRAME: 6})._replace(images=16)
    found = reporter.report(second, {Count.DROPPED: 5}, "", 0).status[2]
    values = {each.key: each.value for each in found.values}
    assert float(values["images per second"]) == pytest.approx(4.0, rel=0.01)
    assert float(values["keyframes per second"]) == pytest.approx(0.5, rel=0.01)


def test_the_map_on_disk_is_measured(tmp_path):
    path = tmp_path / "map.db"
    path.write_bytes(bytes(2_000_000))
    (tmp_path / "map.db-wal").write_bytes(bytes(500_000))
    _, _, values = performance(Reporter("/node", Config(map_path=str(path))), status())
    assert values["map on disk [MB]"] == "2.5"
    assert int(values["free on disk [MB]"]) > 0


def test_the_latest_candidate_is_reported():
    accepted = Candidate(
        *(Kind.INTER_SESSION, Decided.VERIFIED, Reason.NONE, 9, 4, 9, 4, 2, 1, "", ""),
        Evidence(0.8, 0.1),
        0.998,
    )
    now = status()._replace(accepted=accepted, accepted_at=time.monotonic() - 7)
    found = Reporter("/node", Config()).report(now, {}, "", 0).status[0]
    values = {each.key: each.value for each in found.values}
    expected = "7 s ago: INTER_SESSION, keyframe 4 of session 1, confidence 0.9980"
    assert values["last candidate"] == expected
    assert values["last error"] == "none"


def test_the_newest_error_of_the_log_is_reported(log):
    errors = forward_logs()
    ros_log = logging.getLogger("rosout")
    try:
        ros_log.warning("a warning")
        assert errors.text() == ""
        ros_log.error("Image refused: %s", "expected 3 channels")
        assert errors.text() == "0 s ago: Image refused: expected 3 channels"
        found = Reporter("/node", Config(), errors.text).report(status(), {}, "", 0).status[0]
        assert {each.key: each.value for each in found.values}["last error"] == errors.text()
    finally:
        ros_log.removeHandler(errors)


def test_the_aggregator_file_groups_the_reports_of_the_node(root):
    with open(os.path.join(root, "config", "diagnostics_aggregator.yaml"), encoding="utf-8") as file:
        (analyzer,) = yaml.safe_load(file)["analyzers"].values()
    statuses = Reporter("/place_recognition", Config()).report(status(), {}, "", 0).status
    assert len(statuses) == 3
    assert all(each.name.startswith(analyzer["find_and_remove_prefix"] + ": ") for each in statuses)
    assert all(each.hardware_id for each in statuses)


def test_unused_images_are_a_warning():
    found = report(Reporter("/node", Config()), complaint="84 of the last 90 images were not used")
    assert (found.level, found.message) == (
        DiagnosticStatus.WARN,
        "84 of the last 90 images were not used",
    )


@pytest.fixture
def log(monkeypatch):
    """(level, text) of each message logged through rospy."""
    lines = []
    for level in ("logdebug", "loginfo", "logwarn", "logerr"):
        monkeypatch.setattr(
            rospy, level, lambda form, *values, level=level: lines.append((level, form % values))
        )
    logger = logging.getLogger("place_recognition_ros")
    handlers = list(logger.handlers)
    yield lines
    logger.handlers[:], logger.propagate = handlers, True
    logger.setLevel(logging.NOTSET)


def test_python_logging_is_forwarded_to_rospy(log):
    forward_logs()
    logger = logging.getLogger("place_recognition_ros.descriptor.tensorrt.builder")
    logger.info("Building %d", 1)
    logger.warning("damaged")
    logger.error("no GPU")
    logger.debug("100 %")
    assert log == [
        ("loginfo", "Building 1"),
        ("logwarn", "damaged"),
        ("logerr", "no GPU"),
        ("logdebug", "100 %"),
    ]


UNUSABLE = {
    "black": (np.zeros_like, Count.FEW_FEATURES),
    "white": (lambda image: np.full_like(image, 255), Count.FEW_FEATURES),
    "covered lens": (lambda image: np.full_like(image, 9), Count.FEW_FEATURES),
    "blurred": (lambda image: cv2.GaussianBlur(image, (0, 0), 15), Count.FEW_FEATURES),
    "wall": (
        lambda image: np.random.default_rng(0).integers(198, 203, image.shape).astype(np.uint8),
        Count.FEW_FEATURES,
    ),
    "truncated": (None, Count.BAD_IMAGE),
    "no stamp": (None, Count.NO_STAMP),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_images_cause_a_warning_within_10_seconds(ros, start_node, kind):
    node = start_node(**PARAMETERS)
    diagnostics, camera = Diagnostics(ros), Camera(ros)
    change, reason = UNUSABLE[kind]
    for second in range(5):
        message = to_image(change(THERE[0]) if change else THERE[0], 1000 + second)
        if kind == "truncated":
            message.data = message.data[:100]
        if kind == "no stamp":
            message.header.stamp = rospy.Time()
        camera.publish(message)
        time.sleep(0.1)  # else the next one replaces it in the queue
    diagnostics.wait_message(TROUBLES[reason], DiagnosticStatus.WARN)
    diagnostics.next()
    diagnostics.next()
    assert node.log.count(f"most of them because of {TROUBLES[reason]}") == 1, "expected one line in the log"
