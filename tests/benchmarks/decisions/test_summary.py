import math

import numpy as np
import pytest

from benchmarks.decisions.runner import Record, Run
from benchmarks.decisions.stages import STAGES, stage_curve
from benchmarks.decisions.summary import calibration, decisions, stages, summary
from place_recognition_ros.types import Candidate, Evidence, Kind, Reason, Status
from training.data.recordings.recording import Frame, Recording, Verdict

FRAMES = [Frame(stamp, lambda: np.zeros((2, 2, 3), np.uint8)) for stamp in range(1, 41)]
RECORDING = Recording("set", "set", FRAMES, np.ones((40, 40), np.int8), (20, 21, 30))


def record(query, match, verdict, status=Status.VERIFIED, reason=Reason.NONE, at=None, **values):
    measured = {"similarity": 0.5, "confidence": 0.9, "matches": 100, "inliers": 50, **values}
    candidate = Candidate(
        Kind.LOOP_CLOSURE, status, reason, query + 1, match + 1, query + 1, match + 1, 1, 1, "", "",
        Evidence(measured["similarity"], 0.1, matches=measured["matches"], inliers=measured["inliers"]),
        measured["confidence"],
    )  # fmt: skip
    return Record(query, match, candidate, verdict, query if at is None else at)


def run_of(*records, retracted=()):
    return Run(RECORDING, list(records), [5.0, 7.0], list(retracted))


def test_decisions_are_counted_by_their_truth():
    found = summary(
        run_of(
            record(20, 1, Verdict.RIGHT),
            record(20, 2, Verdict.RIGHT, Status.REJECTED, Reason.OUTRANKED),
            record(30, 3, Verdict.UNKNOWN),
            record(35, 4, Verdict.WRONG),
        )
    )
    assert (found.queries, found.revisits, found.recognised) == (40, 3, 1)
    assert (found.right, found.wrong, found.unknown) == (1, 1, 1)
    assert found.recall == pytest.approx(1 / 3)


def test_a_candidate_that_is_retracted_does_not_count():
    wrong = record(35, 4, Verdict.WRONG)
    right = record(20, 1, Verdict.RIGHT)
    found = summary(run_of(wrong, right, retracted=[(35, 4, Verdict.WRONG), (20, 1, Verdict.RIGHT)]))
    assert (found.right, found.wrong, found.recognised) == (0, 0, 0)
    assert (found.retracted_wrong, found.retracted_right) == (1, 1)


def test_a_candidate_confirmed_later_counts_for_its_query_and_delays_its_run():
    found = summary(run_of(record(20, 1, Verdict.RIGHT, at=21), record(30, 2, Verdict.RIGHT)))
    assert found.recognised == 2
    assert found.delay == 0.5  # the median of 1 and 0


def test_a_candidate_returned_twice_counts_once():
    first = record(20, 1, Verdict.RIGHT, Status.REJECTED, Reason.NOT_YET)
    later = record(20, 1, Verdict.RIGHT, at=22)
    assert summary(run_of(first, later, later)).right == 1


def test_the_best_known_candidate_of_a_query_is_scored():
    found = run_of(
        record(20, 1, Verdict.RIGHT, similarity=0.9),
        record(20, 2, Verdict.WRONG, similarity=0.4),
        record(21, 3, Verdict.UNKNOWN, similarity=0.95),
        record(22, 4, Verdict.WRONG, similarity=0.6),
    )
    assert stage_curve(found, "similarity").recall == pytest.approx([1 / 3, 1 / 3])
    assert stage_curve(found, "similarity").precision == pytest.approx([1, 1 / 2])


@pytest.mark.parametrize(
    ("stage", "values"),
    [
        ("similarity", {"reason": Reason.TOO_RECENT}),
        ("geometry", {"inliers": -1}),
        ("confidence", {"confidence": math.nan}),
        ("odometry", {"reason": Reason.ODOMETRY_CONFLICT}),
    ],
)
def test_a_stage_drops_what_it_does_not_pass(stage, values):
    assert stage_curve(run_of(record(20, 1, Verdict.RIGHT)), stage).recall == pytest.approx([1 / 3])
    assert stage_curve(run_of(record(20, 1, Verdict.RIGHT, **values)), stage).recall == []


def test_calibration_leaves_out_what_is_not_known():
    found = calibration([run_of(record(20, 1, Verdict.RIGHT), record(21, 1, Verdict.UNKNOWN))])
    assert found.numbers == [1]
    assert found.error == pytest.approx(0.1)


def test_tables_have_a_row_per_set_and_the_total():
    runs = [run_of(record(20, 1, Verdict.RIGHT)), run_of(record(35, 4, Verdict.WRONG))]
    table = decisions("decisions", runs)
    assert [row[0] for row in table.rows] == ["set", "set", "all"]
    assert table.rows[2][1:6] == ("80", "6", "17 %", "1", "1")
    assert all(len(row) == len(table.headings) for row in table.rows)
    by_stage = stages("stages", runs)
    assert by_stage.headings == ("set", *STAGES)
    assert by_stage.rows[0][1:] == ("33 %",) * 4
