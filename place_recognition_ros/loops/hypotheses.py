"""Hypotheses: runs of matches along one stretch of an earlier trajectory, accepted or refuted as a whole.

Each view adds its log odds to the hypothesis, which is accepted above one bound and refuted below another:
Wald's sequential probability ratio test (Ann. Math. Stat. 16, 1945). Views of one run are not independent:
two corridors of one design look alike in every image. Therefore n views count as n / (1 + (n − 1) ρ)
independent ones, ρ the correlation of their errors (Kish, Survey Sampling, 1965, section 8.2), and no number
of weak views is worth more than 1 / ρ of them. Hypotheses of different places compete for the query as in a
Bayes filter over places (Cummins and Newman, FAB-MAP, IJRR 27, 2008): two that fit equally have at most one
half each.
"""

from itertools import takewhile
from typing import Dict, List, NamedTuple, Optional, Set

import numpy as np

from place_recognition_ros.loops.consistency import Loop
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.loops.identity import Identity
from place_recognition_ros.memory.places import TOLERANCE
from place_recognition_ros.pace import Pace
from place_recognition_ros.types import Candidate

GAP = 4  # queries without support after which a run has ended
PAUSE = 10 * 10**9  # nanoseconds between queries, on average, after which the camera can be anywhere,
UNUSUAL = 4  # if it is also as many times the usual interval
SPEED = 3  # keyframes of the map that a run moves on per query, at most, forward or backward
ALIKE = 0.9  # cosine above which two queries show the same view: the newer replaces the older
WINDOW = 8  # newest views that are weighed
REMEMBERED = 64  # newest views that can be refuted
SAME_VIEWPOINT = 0.1  # of the image's longer side: shift of the features below which nothing is out of view
SUPPORTS = -2.0  # log odds of a view with which it can be accepted in a run that is certain,
CONVINCES = 1.0  # and if it is older than the views that decide
REFUTED = -3.0  # log odds of a whole run below which it is refuted


class Support(NamedTuple):
    """One view of a run."""

    number: int  # of the query
    descriptor: np.ndarray  # (D,) float32, of the query
    candidate: Candidate
    log_odds: float
    loop: Optional[Loop] = None  # where poses are known


class Hypothesis:
    """A run of matches along one stretch of an earlier trajectory."""

    def __init__(self) -> None:
        self.views: List[Support] = []
        self.published: Dict[int, Candidate] = {}  # query number → the candidate that was accepted
        self.refused: Set[int] = set()  # queries that contradict other loops, or were reported already

    @property
    def newest(self) -> Support:
        return self.views[-1]

    @property
    def weighed(self) -> List[Support]:
        """The newest views, which decide."""
        return self.views[-WINDOW:]

    @property
    def confirmed(self) -> List[Support]:
        """The views before the newest that are right if it is, and have not been accepted or refused.

        The newest ones, except those that speak against it; and those before them, back to the first one
        that does not speak for it by itself: there the run may have come from another place.
        """
        older = reversed(self.views[:-WINDOW])
        found = list(takewhile(lambda view: view.log_odds >= CONVINCES, older))[::-1]
        found += [view for view in self.weighed[:-1] if view.log_odds >= SUPPORTS]
        return [
            view for view in found if view.number not in self.published and view.number not in self.refused
        ]

    def reach(self, number: int) -> int:
        """How many keyframes of the map the match of a query can be away from the newest one."""
        return SPEED * max(0, number - self.newest.number) + TOLERANCE

    def continues(self, view: Support, identity: Identity) -> bool:
        """Whether a match continues the run, which is alive, perhaps with a keyframe of another visit."""
        found, newest = view.candidate, self.newest.candidate
        if found.query_session != newest.query_session:
            return False
        return identity.apart(found, newest) <= self.reach(view.number)

    def add(self, view: Support) -> None:
        """Add a view; of views that look the same, only the newest counts: standing still proves nothing."""
        if self.views and float(view.descriptor @ self.newest.descriptor) >= ALIKE:
            self.views.pop()
        self.views.append(view)
        del self.views[:-REMEMBERED]
        self.refused = {each for each in self.refused if each >= self.views[0].number}

    def publish(self, number: int, candidate: Candidate) -> None:
        """A candidate of the run was accepted; the newest of them can be taken back."""
        self.published[number] = candidate
        for each in sorted(self.published)[:-REMEMBERED]:
            del self.published[each]

    def log_odds(self, weights: Coefficients) -> float:
        """Log odds that the run is right, if no other place competes with it."""
        return _weighed(self.weighed, weights)

    def is_refuted(self, weights: Coefficients) -> bool:
        """Whether the views after the accepted ones refute them.

        Only views from nearly the same viewpoint can: there, what does not reappear is not there. From
        another viewpoint, much of a place cannot be seen.
        """
        telling = [
            view
            for view in self.views
            if view.number in self.published or view.candidate.evidence.shift < SAME_VIEWPOINT
        ]
        return bool(self.published and telling) and _weighed(telling, weights) < REFUTED


def _weighed(views: List[Support], weights: Coefficients) -> float:
    mean = float(np.mean([view.log_odds for view in views]))
    return weights.prior + independent_views(len(views), weights) * mean


def independent_views(count: int, weights: Coefficients) -> float:
    """How many independent views as many views of one run are worth."""
    return count / (1.0 + (count - 1) * weights.correlation)


class Hypotheses:
    """All runs that have not ended.

    Args:
        weights: the coefficients.
        identity: whether two matches show one place.
    """

    def __init__(self, weights: Coefficients, identity: Identity) -> None:
        self._weights, self._identity = weights, identity
        self._runs: List[Hypothesis] = []
        self._pace = Pace()

    def clear(self) -> None:
        """Forget all: another trajectory begins."""
        self._runs.clear()
        self._pace.clear()

    def observe(self, stamp: int) -> None:
        """Take the stamp of the next query of the trajectory, nanoseconds."""
        self._pace.observe(stamp)

    @property
    def pause(self) -> int:
        """Nanoseconds between queries after which the camera can be anywhere."""
        return max(PAUSE, UNUSUAL * self._pace.interval)

    def alive(self, number: int) -> List[Hypothesis]:
        """The runs that a query can continue, the most probable first; none after a pause."""
        pause, now = self.pause, self._pace.newest
        runs = []
        for run in self._runs:
            queries = number - run.newest.number
            waited = now - run.newest.candidate.query_stamp
            if queries <= GAP and waited <= pause * max(1, queries):
                runs.append(run)
        return sorted(runs, key=lambda run: -run.log_odds(self._weights))

    def add(self, views: List[Support]) -> List[Hypothesis]:
        """Add the matches of one query, of different places.

        Returns:
            The hypothesis of each of them.
        """
        runs: List[Hypothesis] = []
        for view in views:
            alive = [run for run in self.alive(view.number) if run not in runs]
            known = [run for run in alive if run.continues(view, self._identity)]
            run = known[0] if known else Hypothesis()
            run.add(view)
            runs.append(run)
        if views:
            self._runs = runs + [run for run in self.alive(views[0].number) if run not in runs]
        return runs

    def forget(self, candidates: List[Candidate]) -> None:
        """These candidates are no longer accepted."""
        gone = {(each.query_stamp, each.match_id) for each in candidates}
        for run in self._runs:
            for number, each in list(run.published.items()):
                if (each.query_stamp, each.match_id) in gone:
                    del run.published[number]
                    run.refused.add(number)

    def posterior(self, run: Hypothesis, number: int) -> float:
        """Log odds that a run is right, against "none of them" and the runs that compete with it."""
        rivals = [rival.log_odds(self._weights) for rival in self.rivals(run, number)]
        return run.log_odds(self._weights) - float(np.logaddexp.reduce([0.0, *rivals]))

    def strongest_rival(self, run: Hypothesis, number: int) -> float:
        """Log odds of the best run at another place; −inf: there is none."""
        rivals = [rival.log_odds(self._weights) for rival in self.rivals(run, number)]
        return max(rivals, default=float("-inf"))

    def rivals(self, run: Hypothesis, number: int) -> List[Hypothesis]:
        """The runs at other places, and the stronger ones at what may be other places."""
        own, candidate = run.log_odds(self._weights), run.newest.candidate
        found = []
        for other in self.alive(number):
            its = other.newest.candidate
            if other is run or self._identity.is_one(its, candidate):
                continue
            if other.log_odds(self._weights) > own or self._identity.is_other(its, candidate):
                found.append(other)
        return found
