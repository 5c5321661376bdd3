"""Runs of matches: accepted, refuted, in competition. One number of log odds per view."""

import numpy as np
import pytest

from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.loops.hypotheses import (
    CONVINCES,
    GAP,
    PAUSE,
    REMEMBERED,
    SUPPORTS,
    WINDOW,
    Hypotheses,
    Hypothesis,
    Support,
)
from place_recognition_ros.types import Candidate, Evidence, Kind, Reason, Status

WEIGHTS = Coefficients(correlation=0.25, prior=-1.0)


def view(number, match, log_odds=2.0, shift=0.0, session=1, look=None, possible=None):
    """The match of a query; ``look``: queries of one look have the same descriptor."""
    candidate = Candidate(
        *(Kind.INTER_SESSION, Status.RETRIEVED, Reason.NONE, 1000 + number, match, number, match),
        *(2, session, "", ""),
        Evidence(0.8, 0.1, matches=50, inliers=40, coverage=0.5, spread=True, shift=shift, possible=possible),
    )
    descriptor = np.zeros(256, np.float32)
    descriptor[(number if look is None else look) % 256] = 1.0
    return Support(number, descriptor, candidate, log_odds)


class Identity:
    """Matches less than 5 keyframes apart show one place; nothing is known of those of session 9."""

    def apart(self, a, b):
        return abs(a.match_id - b.match_id) if a.match_session == b.match_session else np.inf

    def is_one(self, a, b):
        return self.apart(a, b) < 5

    def is_other(self, a, b):
        return not self.is_one(a, b) and 9 not in (a.match_session, b.match_session)


@pytest.fixture
def hypotheses():
    return Hypotheses(WEIGHTS, Identity())


def follow(hypotheses, *views):
    """Add one view per query; returns the run of the last one."""
    for each in views:
        (run,) = hypotheses.add([each])
    return run


def test_a_single_view_has_its_log_odds_and_the_prior(hypotheses):
    run = follow(hypotheses, view(1, 10, 3.0))
    assert run.log_odds(WEIGHTS) == pytest.approx(2.0)


def test_views_of_a_run_add_up_less_than_independent_ones(hypotheses):
    run = follow(hypotheses, view(1, 10), view(2, 11), view(3, 12))
    assert run.log_odds(WEIGHTS) == pytest.approx(-1.0 + 3 / 1.5 * 2.0)


def test_no_number_of_weak_views_is_worth_more_than_the_correlation_allows(hypotheses):
    run = follow(hypotheses, *(view(number, number + 10, 0.5) for number in range(1, 40)))
    assert 1.0 < run.log_odds(WEIGHTS) - WEIGHTS.prior < 0.5 / WEIGHTS.correlation


@pytest.mark.parametrize(
    "matches",
    [(10, 11, 12), (12, 11, 10), (10, 13, 16), (10, 10, 11)],
    ids=["forward", "backward", "fast", "slow"],
)
def test_a_run_continues_in_either_direction_and_at_any_speed(hypotheses, matches):
    run = follow(hypotheses, *(view(number, match) for number, match in enumerate(matches, 1)))
    assert len(run.views) == 3


@pytest.mark.parametrize("other", [view(2, 40), view(2, 11, session=3)], ids=["too far", "another session"])
def test_a_match_elsewhere_begins_another_run(hypotheses, other):
    first = follow(hypotheses, view(1, 10))
    assert follow(hypotheses, other) is not first
    assert len(first.views) == 1


def test_a_run_continues_after_a_gap_until_it_is_too_long(hypotheses):
    run = follow(hypotheses, view(1, 10))
    assert follow(hypotheses, view(1 + GAP, 12)) is run
    assert follow(hypotheses, view(2 + 2 * GAP, 13)) is not run


def at(stamp, each):
    """The view, at another time."""
    return each._replace(candidate=each.candidate._replace(query_stamp=stamp))


def follow_at(hypotheses, *views):
    """As ``follow``; the hypotheses know the time of each query."""
    for each in views:
        hypotheses.observe(each.candidate.query_stamp)
        run = follow(hypotheses, each)
    return run


@pytest.mark.parametrize("pause, views", [(PAUSE, 4), (PAUSE + 1, 1)])
def test_a_run_ends_when_no_image_comes_for_long(hypotheses, pause, views):
    first, second, third = (at(1 + number * 10**9, view(number, 10 + number)) for number in range(3))
    run = follow_at(hypotheses, first, second, third, at(1 + 2 * 10**9 + pause, view(3, 13)))
    assert len(run.views) == views


@pytest.mark.parametrize("interval", [11, 60, 3600])
def test_a_slow_camera_makes_no_pause(hypotheses, interval):
    views = [at(1 + number * interval * 10**9, view(number, 10 + number)) for number in range(8)]
    assert len(follow_at(hypotheses, *views).views) >= 7


def test_a_run_that_ended_with_a_pause_competes_with_no_other(hypotheses):
    follow_at(hypotheses, *(at(number * 10**9, view(number, 10 + number, 5.0)) for number in range(1, 8)))
    late = at(60 * 10**9, view(8, 90))
    run = follow_at(hypotheses, late)
    assert hypotheses.strongest_rival(run, 8) == float("-inf")


def test_standing_still_adds_nothing(hypotheses):
    run = follow(hypotheses, *(view(number, 10, look=7) for number in range(1, 30)))
    assert len(run.views) == 1
    assert run.log_odds(WEIGHTS) == pytest.approx(1.0)
    assert run.newest.number == 29


def test_views_against_the_match_lower_the_log_odds(hypotheses):
    run = follow(hypotheses, view(1, 10, 4.0), view(2, 11, 4.0))
    before = run.log_odds(WEIGHTS)
    follow(hypotheses, view(3, 12, -4.0))
    assert run.log_odds(WEIGHTS) < before


def test_only_the_newest_views_are_weighed(hypotheses):
    run = follow(hypotheses, *(view(number, number, -9.0) for number in range(1, 20)))
    run = follow(hypotheses, *(view(number, number, 3.0) for number in range(20, 20 + WINDOW)))
    assert run.log_odds(WEIGHTS) > 0


def test_of_the_newest_views_those_that_do_not_speak_against_the_match_are_confirmed():
    run = Hypothesis()
    for each in (view(1, 10, SUPPORTS), view(2, 11, SUPPORTS - 0.1), view(3, 12, 6.0)):
        run.add(each)
    assert [each.number for each in run.confirmed] == [1]


def test_older_views_are_confirmed_back_to_the_first_that_does_not_convince():
    """A run can begin at another place than the one where it is accepted."""
    run = Hypothesis()
    odds = [5.0, CONVINCES - 0.1, *[CONVINCES] * 3, *[0.0] * WINDOW]
    for number, each in enumerate(odds):
        run.add(view(number, 10 + number, each))
    assert [each.number for each in run.confirmed] == list(range(2, len(odds) - 1))


def test_the_views_of_a_long_run_are_bounded(hypotheses):
    run = follow(hypotheses, *(view(number, number) for number in range(1, 3 * REMEMBERED)))
    assert len(run.views) == REMEMBERED


def test_two_places_that_fit_equally_have_one_half_each_at_most(hypotheses):
    runs = hypotheses.add([view(1, 10, 9.0), view(1, 50, 9.0)])
    assert len(runs) == 2
    for run in runs:
        assert hypotheses.posterior(run, 1) < 0
        assert hypotheses.strongest_rival(run, 1) == pytest.approx(run.log_odds(WEIGHTS))


def test_matches_of_one_place_do_not_compete(hypotheses):
    first, second = hypotheses.add([view(1, 10, 9.0), view(1, 13, 9.0)])
    assert first is not second
    assert hypotheses.strongest_rival(first, 1) == -np.inf
    assert hypotheses.posterior(first, 1) > 7


def test_a_place_that_fits_better_prevails(hypotheses):
    better, worse = hypotheses.add([view(1, 10, 9.0), view(1, 50, 3.0)])
    assert hypotheses.posterior(better, 1) > 4
    assert hypotheses.posterior(worse, 1) < -4


def test_of_two_places_that_may_be_one_only_the_better_is_accepted(hypotheses):
    better, worse = hypotheses.add([view(1, 10, 9.0), view(1, 50, 8.0, session=9)])
    assert hypotheses.posterior(better, 1) > 7
    assert hypotheses.posterior(worse, 1) < 0


def test_a_rival_that_has_ended_does_not_compete(hypotheses):
    hypotheses.add([view(1, 50, 9.0)])
    run = follow(hypotheses, view(2 + GAP, 10, 9.0))
    assert hypotheses.strongest_rival(run, 2 + GAP) == -np.inf


def test_clear_ends_all_runs(hypotheses):
    follow(hypotheses, view(1, 10))
    hypotheses.clear()
    assert hypotheses.alive(1) == []


def accepted_run(*later):
    """A run whose first view was accepted, and the views after it."""
    run = Hypothesis()
    for each in (view(1, 10, 4.0), *later):
        run.add(each)
    run.published[1] = run.views[0].candidate
    return run


def test_views_from_the_same_viewpoint_refute_a_run():
    assert accepted_run(*(view(number, 10 + number, -8.0) for number in range(2, 6))).is_refuted(WEIGHTS)


@pytest.mark.parametrize(
    "later",
    [
        [view(number, 10 + number, -8.0, shift=0.4) for number in range(2, 6)],
        [view(number, 10 + number, 1.0) for number in range(2, 6)],
        [],
    ],
    ids=["another viewpoint", "in favour", "none"],
)
def test_other_views_do_not_refute_a_run(later):
    assert not accepted_run(*later).is_refuted(WEIGHTS)


def test_a_run_without_accepted_candidates_has_nothing_to_refute():
    run = accepted_run(*(view(number, 10 + number, -8.0) for number in range(2, 6)))
    run.published.clear()
    assert not run.is_refuted(WEIGHTS)


def test_forgotten_candidates_are_no_longer_accepted(hypotheses):
    run = follow(hypotheses, view(1, 10), view(2, 11))
    first, second = (each.candidate for each in run.views)
    run.published.update({1: first, 2: second})
    hypotheses.forget([first])
    assert run.published == {2: second}


def test_standing_for_long_does_not_fill_the_memory(hypotheses):
    run = Hypothesis()
    for number in range(3 * REMEMBERED):
        run.add(view(number, 10, look=1))
        run.publish(number, run.newest.candidate)
    assert len(run.views) == 1
    assert sorted(run.published) == list(range(2 * REMEMBERED, 3 * REMEMBERED))


def test_an_accepted_view_can_be_refuted_by_one_that_replaces_it():
    run = Hypothesis()
    run.add(view(1, 10, 4.0, look=1))
    run.publish(1, run.newest.candidate)
    run.add(view(2, 10, -8.0, look=1))
    assert run.is_refuted(WEIGHTS)


def test_a_refused_view_is_not_confirmed_later(hypotheses):
    run = follow(hypotheses, view(1, 10), view(2, 11), view(3, 12))
    run.publish(1, run.views[0].candidate)
    hypotheses.forget([run.views[0].candidate])
    assert [each.number for each in run.confirmed] == [2]
