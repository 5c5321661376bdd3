"""What is drawn from the results of a run."""

from collections import Counter

import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.tools.replay.run import Entry, Run
from place_recognition_ros.tools.replay.source import Source
from place_recognition_ros.tools.report import scene
from place_recognition_ros.tools.report.findings import chosen, gather, stretches
from place_recognition_ros.types import (
    Candidate,
    Count,
    Evidence,
    Kind,
    Query,
    QueryResult,
    Reason,
    Status,
    Tracking,
    TrackingState,
)  # fmt: skip
from tests.tools.report.conftest import MATCHES, REVISITS

SECOND = 10**9


def candidate(query, match, status=Status.VERIFIED, confidence=0.995, reason=Reason.NONE, similarity=0.8):
    return Candidate(
        Kind.LOOP_CLOSURE, status, reason, query + 1, match + 1, (query + 1) * SECOND, (match + 1) * SECOND,
        1, 1, "", "", Evidence(similarity, 0.1, 50, 40), confidence,
    )  # fmt: skip


def result(row, session=1, stamp=None, **more):
    query = Query(row + 1, stamp or (row + 1) * SECOND, session, "", "", np.eye(4, dtype=np.float32)[row % 4])
    tracking = Tracking(TrackingState.TRACKING, 0, session)
    fields = {"candidates": [], "outcome": Count.STORED, "map_id": "map", "model_id": "model", **more}
    return QueryResult(query, tracking=tracking, **fields)


def run_of(results):
    entries = [
        Entry(row, each.query.stamp, "", b"", (4, 4), None, 0.01, each) for row, each in enumerate(results)
    ]
    source = Source("x", "test", len(entries), lambda: iter(()))
    last = entries[-1].stamp
    return Run(source, Config(), entries, Counter(), len(entries), SECOND, last, 1.0, "engine", 1)


def test_the_loops_of_a_run_are_its_accepted_candidates(report):
    findings, _ = report()
    assert [(each.query, each.match) for each in findings.loops] == list(zip(REVISITS, MATCHES))
    assert {each.verdict for each in findings.loops} == {None}
    assert findings.accuracy is None
    assert set(REVISITS).isdisjoint(each.query for each in findings.rejected)


def test_a_candidate_that_is_confirmed_later_belongs_to_its_own_query():
    results = [result(0), result(1), result(2, confirmed=[candidate(1, 0)])]
    (loop,) = gather(run_of(results)).loops
    assert (loop.query, loop.match, loop.confirmed_by, loop.retracted_by) == (1, 0, 2, None)


def test_a_retracted_candidate_is_no_loop():
    results = [result(0), result(1, candidates=[candidate(1, 0)]), result(2, retracted=[candidate(1, 0)])]
    findings = gather(run_of(results))
    assert findings.loops == []
    assert [(each.query, each.retracted_by) for each in findings.retracted] == [(1, 2)]


def test_the_match_of_an_older_map_has_no_row():
    (loop,) = gather(run_of([result(5, candidates=[candidate(5, 400)])])).loops
    assert loop.match is None


def test_the_best_rejected_candidate_of_a_query_is_the_most_probable():
    rejected = [
        candidate(2, 0, Status.REJECTED, float("nan"), Reason.FEW_MATCHES, similarity=0.9),
        candidate(2, 1, Status.REJECTED, 0.3, Reason.NOT_YET, similarity=0.5),
    ]
    findings = gather(run_of([result(0), result(1), result(2, candidates=rejected)]))
    assert [each.candidate.match_id for each in findings.rejected] == [2]
    assert findings.reasons == {Reason.FEW_MATCHES: 1, Reason.NOT_YET: 1}


def test_accuracy_counts_right_and_wrong_and_the_revisits(report):
    found = report(truth=True)[0].accuracy
    assert (found.revisits, found.recognised, found.right, found.wrong) == (3, 3, 3, 1)
    assert found.recall_at[1] == 1.0
    assert found.verified.recall[-1] == 1.0


def test_pauses_and_jumps_of_the_clock_are_cut():
    stamps = [SECOND, 2 * SECOND, 1000 * SECOND, 1001 * SECOND, 5 * SECOND]
    run = run_of([result(row, stamp=stamp) for row, stamp in enumerate(stamps)])
    assert gather(run).times.tolist() == [0, 1, 6, 7, 12]


def test_sessions_are_ranges_of_rows():
    findings = gather(run_of([result(0), result(1), result(2, session=2), result(3, session=2)]))
    assert findings.sessions == [(1, 0, 1), (2, 2, 3)]


@pytest.fixture
def loops():
    """Two revisits: rows 10 to 13 along 0 to 3, and rows 40 to 41 along 20 to 21."""
    rows = [(10, 0), (11, 1), (12, 2), (13, 3), (40, 20), (41, 21)]
    results = [result(row) for row in range(60)]
    for query, match in rows:
        results[query] = result(query, candidates=[candidate(query, match)])
    return gather(run_of(results))


def test_stretches_are_runs_of_queries_along_one_path(loops):
    groups = stretches(loops.loops, loops.times)
    assert [[each.query for each in group] for group in groups] == [[10, 11, 12, 13], [40, 41]]


def test_one_pair_of_each_stretch_is_chosen_first(loops):
    best = chosen(loops.loops, loops.times, 2, lambda each: (each.query,))
    assert [each.query for each in best] == [41, 13]
    assert len(chosen(loops.loops, loops.times, 1, lambda each: (each.query,))) == 1


def test_matches_of_an_older_map_are_marked_where_there_is_no_arc():
    drawing, origin = scene.draw(gather(run_of([result(5), result(6, candidates=[candidate(6, 400)])])))
    assert origin == ""
    assert 'class="dots earlier" d="M1000.0 940.0h0"' in drawing
    assert "matched with the map as it was before" in drawing


def test_the_path_is_interrupted_where_a_session_begins_and_where_it_jumps():
    results = [result(row, session=1 + (row > 3)) for row in range(8)]
    run = run_of(results)
    xs = [0, 1, 2, 3, 4, 5, 500, 501]
    entries = [each._replace(position=np.array([x, x % 2, 0.0])) for each, x in zip(run.entries, xs)]
    drawing, origin = scene.draw(gather(run._replace(entries=entries)))
    assert origin == "odometry"
    shadow = drawing[drawing.index('class="line shadow" d="') + 23 :]
    parts = shadow[: shadow.index('"')].split("M")[1:]
    assert [part.count("L") for part in parts] == [3, 1, 1]
