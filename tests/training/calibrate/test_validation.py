import numpy as np
import pytest

from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.types import Candidate, Evidence, Kind, Reason, Status
from training.calibrate.collect import Collection, Query, View
from training.calibrate.runs import build, view_log_odds
from training.calibrate.validation import leave_one_out, table
from training.data.recordings.recording import Verdict

SECOND = 10**9


def candidate(query, match, reason=Reason.NOT_YET, inliers=150, coverage=0.6):
    evidence = Evidence(0.8, 0.1, matches=200, inliers=inliers, coverage=coverage, spread=True)
    return Candidate(
        Kind.LOOP_CLOSURE, Status.REJECTED, reason, query, match, query * SECOND, match * SECOND, 1, 1,
        "", "", evidence,
    )  # fmt: skip


def collection(name="a", building="a", count=5, **more):
    queries = [
        Query(
            100 + n, np.eye(200, dtype=np.float32)[n], [View(n, Verdict.RIGHT, candidate(100 + n, n, **more))]
        )
        for n in range(1, count + 1)
    ]
    return Collection(name, building, queries, [0] * 200, tuple(range(101, 101 + count)))


def test_followed_matches_form_one_run():
    runs = build(collection(), Coefficients())
    assert [row[row >= 0].tolist() for row in runs.members] == [list(range(n)) for n in range(1, 6)]
    assert (runs.rivals < 0).all()
    assert runs.frame.tolist() == [101, 102, 103, 104, 105]


def test_a_match_without_a_scene_is_not_weighed():
    assert len(build(collection(reason=Reason.FEW_INLIERS), Coefficients()).frame) == 0


def test_the_log_odds_are_those_of_the_run_time_code():
    from place_recognition_ros.loops.evidence import log_odds

    weights = Coefficients()
    first = candidate(101, 1).evidence._replace(aliasing=weights.typical)
    assert view_log_odds(build(collection(), weights), weights)[0] == pytest.approx(log_odds(first, weights))


def test_a_left_out_building_is_not_seen_by_the_fit():
    seen = []

    def fitted(collections, start):
        seen.append([each.name for each in collections])
        return start

    held = leave_one_out(
        [collection("a1", "a"), collection("a2", "a"), collection("b1", "b")], Coefficients(), fitted
    )
    assert seen == [["b1"], ["b1"], ["a1", "a2"]]
    assert [each.name for each in held] == ["a1", "a2", "b1"]


def test_the_table_counts_accepted_matches():
    sure = Coefficients(10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    held = leave_one_out([collection()], sure, lambda collections, start: start)
    assert (held[0].right, held[0].wrong, held[0].recognised) == (5, 0, 5)
    assert "| a | 5 | 100% | 5 | 0 |" in table(held)
