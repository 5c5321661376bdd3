import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from demo.console import summary
from demo.judge import Accepted
from demo.report import choose_pairs, most_similar_rejected, write_report
from demo.run_log import Candidate, RunLog
from place_recognition_ros.types import Kind, Reason, Status
from rendering.camera import camera_pose

SECOND = 10**9


def make_log(has_truth, frames=40):
    """A camera that drives along a street twice, 20 s each."""
    log = RunLog("a test", has_truth)
    jpeg = cv2.imencode(".jpg", np.full((60, 80, 3), 128, np.uint8))[1].tobytes()
    for i in range(frames):
        x = 5.0 * (i % 20)
        pose = camera_pose((x, 0.1 * (i // 20), 1.4), heading=0.0) if has_truth else None
        log.add_frame(i * SECOND, jpeg, pose, tracked=i not in (18, 19))
        log.latencies[i] = 0.03
    return log


def test_frames_are_known_by_their_stamp():
    log = make_log(True)
    assert log.frame(7 * SECOND) == 7
    assert log.frame(7 * SECOND + 1) is None
    assert log.seconds(7) == 7.0
    assert log.latency() == 0.03


def test_candidates_are_judged_and_scored():
    log = make_log(True)
    assert log.add_accepted(Accepted(25, 5, Kind.LOOP_CLOSURE, 0.9, 80)).verdict.right
    assert not log.add_accepted(Accepted(26, 15, Kind.LOOP_CLOSURE, 0.8, 40)).verdict.right
    score = log.score(10 * SECOND)
    assert (score.right, score.wrong, score.recognised) == (1, 1, 1)
    assert score.revisits == 18  # all of the second drive except two without a tracked match


def test_wrong_matches_and_recoveries_are_always_shown():
    log = make_log(True)
    for i in range(21, 37):
        log.add_accepted(Accepted(i, i - 20, Kind.LOOP_CLOSURE, 0.9, 200 - i))
    log.add_accepted(Accepted(37, 5, Kind.LOOP_CLOSURE, 0.5, 26))
    log.add_accepted(Accepted(39, 19, Kind.KIDNAP_RECOVERY, 0.7, 30))
    shown = choose_pairs(log, 3)
    assert [f.query for f in shown] == sorted(f.query for f in shown)
    assert {37} < {f.query for f in shown}
    assert len(shown) == 3


def test_the_best_look_alike_is_rejected_and_of_another_place():
    log = make_log(True)
    log.best = [
        Candidate(21, 1, 0.95, Status.REJECTED, Reason.FEW_INLIERS),  # the same place
        Candidate(22, 12, 0.9, Status.VERIFIED, Reason.NONE),
        Candidate(23, 13, 0.8, Status.REJECTED, Reason.FEW_INLIERS),
        Candidate(24, 14, 0.7, Status.REJECTED, Reason.FEW_MATCHES),
    ]
    assert most_similar_rejected(log).query == 23


def test_a_candidate_that_was_accepted_later_is_not_shown_as_rejected():
    log = make_log(False)
    log.best = [Candidate(i, i - 20, 1 - i / 100, Status.REJECTED, Reason.NOT_YET) for i in (23, 24)]
    log.add_accepted(Accepted(23, 3, Kind.LOOP_CLOSURE, 0.77, 80))
    assert most_similar_rejected(log).query == 24


def test_the_summary_names_why_images_were_not_used():
    log = make_log(False)
    assert "not used" not in summary(log, SECOND)
    log.unused = {"too dark": 3, "refused: expected a size": 2}
    first, *reasons = summary(log, SECOND).strip().splitlines()
    assert first.startswith("40 images, 0 matches accepted")
    assert reasons == ["3 images not used: too dark", "2 images not used: refused: expected a size"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("has_truth", [True, False])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_report_of_one_or_two_images_is_drawn_without_warnings(tmp_path, has_truth, frames):
    write_report(tmp_path / "result.png", make_log(has_truth, frames), 10 * SECOND)
    assert cv2.imread(str(tmp_path / "result.png")) is not None


@pytest.mark.parametrize("has_truth", [True, False])
@pytest.mark.parametrize("matched", [True, False])
def test_a_report_is_drawn_with_and_without_truth_and_matches(tmp_path, has_truth, matched):
    log = make_log(has_truth)
    if matched:
        log.candidates = [
            Candidate(i, i - 20, 0.8, Status.REJECTED, Reason.FEW_MATCHES) for i in range(20, 40)
        ]
        log.best = list(log.candidates)
        log.add_accepted(Accepted(25, 5, Kind.LOOP_CLOSURE, 0.9, 80))
        log.add_accepted(Accepted(39, 19, Kind.KIDNAP_RECOVERY, 0.7, 30))
    write_report(tmp_path / "result.png", log, 10 * SECOND)
    image = cv2.imread(str(tmp_path / "result.png"))
    assert image.shape[1] > 1000
    assert image.std() > 5
