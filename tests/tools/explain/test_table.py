import re

import pytest

from place_recognition_ros.loops.evidence import probability
from place_recognition_ros.tools.explain import table
from place_recognition_ros.types import Reason, Status
from tests.tools.explain.conftest import REJECTED, REVISIT


@pytest.fixture
def found(recording):
    return recording.replay(REVISIT)


@pytest.fixture
def refused(recording):
    return recording.replay(REJECTED)


def test_the_sentence_of_an_accepted_match(found):
    text = table.sentence(found)
    start = (
        f"Keyframe {REVISIT} (stamp {REVISIT}.500000000) was matched with keyframe 4 (stamp 4.500000000): "
    )
    assert re.fullmatch(re.escape(start) + r"confidence (0\.99\d|1\.000)\.", text)


def test_the_sentence_of_a_rejected_match(refused):
    text = table.sentence(refused)
    assert f"Keyframe {REJECTED} (stamp {REJECTED}.500000000) was not matched: " in text
    assert "the best candidate, keyframe 8, is FEW_" in text


def test_the_sentence_without_candidates(recording):
    explanation = recording.replay(2)
    assert explanation.candidates == []
    assert "Keyframe 2 (stamp 2.500000000) was not matched: there was no keyframe" in table.sentence(
        explanation
    )
    assert table.report(explanation) == table.sentence(explanation)


@pytest.mark.parametrize(
    "reason, words",
    [
        (Reason.NOT_YET, "is NOT_YET: evidence 2.0 of 4.6 after 2 views."),
        (Reason.AMBIGUOUS, "is AMBIGUOUS: another place fits as well; evidence 2.0 of 4.6 after 2 views."),
        (Reason.OUTRANKED, "is OUTRANKED: another place fits better; evidence 2.0 of 4.6 after 2 views."),
        (Reason.CONTRADICTED, "is CONTRADICTED: this view speaks against it, "),
        (Reason.ODOMETRY_CONFLICT, "is ODOMETRY_CONFLICT: accepted loops nearby contradict it; evidence 2.0"),
    ],
)
def test_the_sentence_of_a_weighed_match(found, reason, words):
    best = found.candidates[0]._replace(status=Status.REJECTED, reason=reason, confidence=probability(2.0))
    explanation = found._replace(candidates=[best])
    assert words in table.sentence(explanation)


@pytest.mark.parametrize(
    "reason, words",
    [
        (Reason.LOW_SIMILARITY, "is LOW_SIMILARITY: similarity 0.41, needed 0.50."),
        (Reason.TOO_RECENT, "is TOO_RECENT: the camera has not left the place since."),
        (Reason.FEW_MATCHES, "is FEW_MATCHES: 12 matched features, needed 20."),
        (Reason.FEW_INLIERS, "is FEW_INLIERS: 9 features fit one rigid scene, needed 20."),
        (Reason.DEGENERATE, "is DEGENERATE: the inliers are on one object"),
        (Reason.ODOMETRY_CONFLICT, "is ODOMETRY_CONFLICT: odometry does not allow the jump."),
    ],
)
def test_the_sentence_of_a_match_that_was_not_weighed(found, reason, words):
    evidence = found.candidates[0].evidence._replace(similarity=0.41, matches=12, inliers=9)
    best = found.candidates[0]._replace(status=Status.REJECTED, reason=reason, evidence=evidence)
    text = table.sentence(found._replace(candidates=[best], runs={}))
    assert "was not matched: the best candidate, keyframe 4, " + words in text


def test_the_sentence_of_a_match_that_was_not_examined(found):
    best = found.candidates[0]._replace(status=Status.RETRIEVED, reason=Reason.NONE)
    text = table.sentence(found._replace(candidates=[best], runs={}))
    assert (
        "keyframe 4, is RETRIEVED: geometry was not run, max_verifications other places came first." in text
    )


def test_later_consequences_are_reported(found):
    best = found.candidates[0]
    later = best._replace(confidence=0.995)
    text = table.sentence(found._replace(confirmed=(19, later), retracted=(21, later)))
    assert "It was accepted later, with keyframe 19: match 4, confidence 0.995." in text
    assert text.endswith("It was retracted, with keyframe 21.")


def test_the_rows_show_the_evidence(found):
    rows = table.rows(found)
    assert [row[0] for row in rows] == [str(each.match_id) for each in found.candidates]
    best, evidence = dict(zip(table.COLUMNS, rows[0])), found.candidates[0].evidence
    assert best["match"] == "4"
    assert best["stamp"] == "4.500000000"
    assert float(best["similarity"]) == pytest.approx(evidence.similarity, abs=5e-4)
    assert (int(best["matches"]), int(best["inliers"])) == (evidence.matches, evidence.inliers)
    assert (best["status"], best["reason"]) == ("VERIFIED", "-")
    unexamined = [row for row, each in zip(rows, found.candidates) if each.matches < 0]
    assert unexamined
    assert all(row[5:9] == ["-"] * 4 for row in unexamined)


def test_the_parts_add_up(found):
    best = found.candidates[0]
    parts = table.contributions(found, best)
    run = [parts[name] for name in ("all views", "prior", "competing places")]
    assert sum(run) == pytest.approx(parts["total"], abs=1e-6)
    names = list(parts)
    view = names[: names.index("this view")]
    assert sum(parts[name] for name in view) == pytest.approx(parts["this view"], abs=1e-6)
    assert probability(parts["total"]) == pytest.approx(best.confidence)
    assert (parts["views"], parts["needed"]) == (2, found.required)
    assert 1 < parts["independent views"] < 2


def test_the_odds_table_has_a_column_for_each_weighed_candidate(found):
    odds = table.odds_table(found)
    weighed = [str(each.match_id) for each in found.candidates if each.match_id in found.runs]
    assert odds[0][0] == "match"
    assert sorted(odds[0][1:]) == sorted(weighed)
    assert odds[0][1] == "4"
    assert {len(row) for row in odds} == {1 + len(weighed)}


def test_the_report_has_all_of_it(found):
    lines = table.report(found).splitlines()
    assert lines[0] == table.sentence(found)
    assert "ten times more probable" in table.report(found)
    assert lines[2].split() == list(table.COLUMNS)
    assert lines[3].split() == table.rows(found)[0]


def test_confidence_is_not_rounded_up_to_a_threshold(found):
    best = found.candidates[0]
    assert table.confidence_text(best._replace(confidence=0.98996)) == "0.989"
    assert table.confidence_text(best._replace(confidence=float("nan"))) == "-"


def test_columns_are_aligned():
    assert table.aligned([("a", "b"), ("100", "x")], left=(1,)) == "  a  b\n100  x"
