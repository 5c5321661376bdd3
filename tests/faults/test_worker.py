"""Exceptions, hangs and threads: what the worker does when what it works with fails."""

import numpy as np

from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Count, Keyframe
from place_recognition_ros.worker import Worker
from tests.faults.forms import fault, forms
from tests.faults.injection import Injected, failing_call
from tests.faults.work import TIMEOUT, started, wait_until

SECOND = 10**9


class Trajectory:
    """Gives keyframes to a worker; a call in the processing of some of them fails."""

    def __init__(self, open_detector):
        self.errors, self.results, self.calls, self.stamp = [], [], [], 0
        self.worker = started(Worker(open_detector, self.handle, LoopDetector.status, self.errors.append))

    def handle(self, detector, item):
        keyframe, number = item
        with failing_call(number) as self.calls:
            self.results.append(detector.add(keyframe))

    def add(self, image, failing=0):
        """The result of the next keyframe; None: it failed."""
        self.stamp += SECOND
        known, before = len(self.errors) + len(self.results), len(self.results)
        self.worker.offer((Keyframe(image, self.stamp), failing))
        wait_until(lambda: len(self.errors) + len(self.results) > known)
        return self.results[-1] if len(self.results) > before else None


def check_map(detector):
    """Every keyframe that the detector has can be found, once; and is the one in the store."""
    stored, memory = {number: each for number, *each in detector.map.store.keyframes()}, detector.map
    found = memory.search(next(iter(stored.values()))[-1], 10**6)
    assert len({match.entry.id for match in found}) == len(found) == len(memory)
    for match in found:
        session, stamp, _, descriptor = stored[match.entry.id]
        assert (match.entry.session, match.entry.stamp) == (session, stamp)
        np.testing.assert_allclose(memory.timeline.vector(match.entry.id), descriptor, atol=1e-3)


@fault(33, "Exception in the worker")
@forms(100, 1)
def test_after_an_exception_at_any_call_the_next_keyframes_are_processed(
    amount, open_detector, make_detector, paint, path, tried
):
    """At every call while a place is stored, and while one is found again; in the short form each 100th."""
    trajectory = Trajectory(lambda: open_detector(path))
    places = iter(range(1, 10**6))
    for _ in range(13):
        assert trajectory.add(paint(next(places))).outcome == Count.STORED
    failed = 0
    for found_again in (False, True):
        number = 1
        while True:
            image = paint(1 + number % 12, shift=12) if found_again else paint(next(places))
            result = trajectory.add(image, failing=number)
            if number > len(trajectory.calls):
                break  # every call has failed
            failed += result is None
            following = trajectory.add(paint(next(places)))
            assert following is not None, (trajectory.calls[-1], trajectory.errors[-1])
            assert following.outcome == Count.STORED, trajectory.calls[-1]
            number += amount
    assert failed == len(trajectory.errors)
    assert {type(error) for error in trajectory.errors} == {Injected}
    trajectory.worker.call(LoopDetector.start_session, TIMEOUT)  # now all of them can be searched
    trajectory.worker.call(check_map, TIMEOUT)
    result = trajectory.add(paint(13, shift=12))
    assert [each.match_id for each in result.accepted] == [13], result.candidates
    assert trajectory.worker.stop(TIMEOUT)
    acknowledged = {each.query.id for each in trajectory.results if each.outcome == Count.STORED}
    stored = [number for number, *_ in make_detector(path).map.store.keyframes()]
    assert stored == sorted(set(stored))
    assert acknowledged <= set(stored)
    what = "an exception at every call of the package and its libraries, while a keyframe is stored or found"
    tried(what, f"{failed} calls", "each counted, the next keyframe stored, all places found, the map whole")
