from types import SimpleNamespace

import numpy as np

from benchmarks.decisions import runner
from training.data.recordings.recording import Frame, Recording, Verdict, stamps


class FakeDetector:
    """Returns, with the third keyframe, a candidate of the second one, and a retraction with the fourth."""

    def __init__(self):
        self.calls = []

    def start_session(self, stamp):
        self.calls.append(("session", stamp))

    def add(self, keyframe):
        self.calls.append(("add", keyframe.stamp))
        late = SimpleNamespace(query_stamp=STAMPS[1], match_stamp=STAMPS[0], accepted=True)
        third, fourth = keyframe.stamp == STAMPS[2], keyframe.stamp == STAMPS[3]
        return SimpleNamespace(
            candidates=[], confirmed=[late] if third else [], retracted=[late] if fourth else []
        )

    def close(self):
        self.calls.append(("close",))


STAMPS = stamps(4, 1.0)


def test_candidates_are_attributed_by_their_own_stamps(monkeypatch):
    detector = FakeDetector()
    monkeypatch.setattr(runner.LoopDetector, "open", lambda config: detector)
    frames = [
        Frame(stamp, lambda: np.zeros((4, 4, 3), np.uint8), int(number >= 2))
        for number, stamp in enumerate(STAMPS)
    ]
    verdicts = np.full((4, 4), Verdict.WRONG, np.int8)
    verdicts[1, 0] = Verdict.RIGHT
    found = runner.run(Recording("set", "set", frames, verdicts, (1,)))
    assert [(r.query, r.match, r.at, r.verdict) for r in found.accepted] == [(1, 0, 2, Verdict.RIGHT)]
    assert found.retracted == [(1, 0, Verdict.RIGHT)]
    assert len(found.milliseconds) == 4
    assert detector.calls == [
        ("add", STAMPS[0]),
        ("add", STAMPS[1]),
        ("session", STAMPS[2]),
        ("add", STAMPS[2]),
        ("add", STAMPS[3]),
        ("close",),
    ]
