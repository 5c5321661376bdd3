import cv2
import numpy as np
import pytest

pytest.importorskip("matplotlib")

from demo.judge import CameraPose, Found
from demo.report import choose_pairs, most_alike_refused, write_report
from demo.run_log import Answer, RunLog

SECOND = 10**9


def make_log(has_truth):
    """A camera that goes along a street and, after 20 s, along it again."""
    log = RunLog("a test", has_truth)
    jpeg = cv2.imencode(".jpg", np.full((60, 80, 3), 128, np.uint8))[1].tobytes()
    for i in range(40):
        x = 5.0 * (i % 20)
        pose = CameraPose(x, 0.1 * (i // 20), 1.4, -0.5, 0.5, -0.5, 0.5) if has_truth else None
        log.sent(i * SECOND, jpeg, pose, tracked=i not in (18, 19))
        log.answered[i] = 0.03
    return log


def test_frames_are_known_by_their_stamp():
    log = make_log(True)
    assert log.frame(7 * SECOND) == 7
    assert log.frame(7 * SECOND + 1) is None
    assert log.seconds(7) == 7.0
    assert log.latency() == 0.03


def test_candidates_are_judged_and_scored():
    log = make_log(True)
    assert log.accept(Found(25, 5, "LOOP_CLOSURE", 0.9, 80)).verdict.right
    assert not log.accept(Found(26, 15, "LOOP_CLOSURE", 0.8, 40)).verdict.right
    score = log.score(10 * SECOND)
    assert (score.right, score.wrong, score.answered) == (1, 1, 1)
    assert score.revisits == 18  # those seen by a camera that was not lost


def test_wrong_matches_and_recoveries_are_always_shown():
    log = make_log(True)
    for i in range(21, 37):
        log.accept(Found(i, i - 20, "LOOP_CLOSURE", 0.9, 200 - i))
    log.accept(Found(37, 5, "LOOP_CLOSURE", 0.5, 26))
    log.accept(Found(39, 19, "KIDNAP_RECOVERY", 0.7, 30))
    shown = choose_pairs(log, 3)
    assert [f.query for f in shown] == sorted(f.query for f in shown)
    assert {37} < {f.query for f in shown}
    assert len(shown) == 3


def test_the_best_look_alike_is_one_that_was_refused():
    log = make_log(True)
    log.answers = [
        Answer(21, 1, 0.95, "REJECTED", "FEW_INLIERS"),  # the same place: no look-alike
        Answer(22, 12, 0.9, "VERIFIED", "NONE"),
        Answer(23, 13, 0.8, "REJECTED", "FEW_INLIERS"),
        Answer(24, 14, 0.7, "REJECTED", "FEW_MATCHES"),
    ]
    assert most_alike_refused(log).query == 23


@pytest.mark.parametrize("has_truth", [True, False])
@pytest.mark.parametrize("eventful", [True, False])
def test_a_report_is_drawn_whatever_happened(tmp_path, has_truth, eventful):
    log = make_log(has_truth)
    if eventful:
        log.retrieved = [Answer(i, i - 20, 0.8, "REJECTED", "FEW_MATCHES") for i in range(20, 40)]
        log.answers = list(log.retrieved)
        log.accept(Found(25, 5, "LOOP_CLOSURE", 0.9, 80))
        log.accept(Found(39, 19, "KIDNAP_RECOVERY", 0.7, 30))
    write_report(tmp_path / "result.png", log, 10 * SECOND)
    picture = cv2.imread(str(tmp_path / "result.png"))
    assert picture.shape[1] > 1000
    assert picture.std() > 5
