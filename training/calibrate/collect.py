"""Run the detector over a recording and keep the evidence of every match that geometry examined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Candidate
from training.data.recordings.recording import Recording, Verdict


class View(NamedTuple):
    """A match that geometry examined."""

    match: int  # frame
    verdict: Verdict
    candidate: Candidate


class Query(NamedTuple):
    """A frame with the matches that were examined."""

    frame: int
    descriptor: np.ndarray  # (D,) float32, unit norm
    views: Sequence[View]


class Collection(NamedTuple):
    """What a detector examined in a recording."""

    name: str
    building: str
    queries: Sequence[Query]
    sessions: Sequence[int]  # of every frame
    revisits: tuple[int, ...]  # frames that should be recognised

    def count(self, verdict: Verdict) -> int:
        """How many examined matches have a verdict."""
        return sum(view.verdict == verdict for query in self.queries for view in query.views)


def collect(recording: Recording, **parameters: Any) -> Collection:
    """Give the frames of a recording to a detector of its own.

    Args:
        recording: the frames and their truth.
        parameters: of the configuration; the others have their defaults.
    """
    detector = LoopDetector.open(Config(**parameters))
    numbers = recording.numbers()
    queries = []
    try:
        for number, frame in enumerate(recording.frames):
            if number and frame.session != recording.frames[number - 1].session:
                detector.start_session(frame.stamp)
            result = detector.add(frame.keyframe())
            views = []
            for candidate in result.candidates:
                if candidate.matches >= 0:
                    match = numbers[candidate.match_stamp]
                    bare = candidate._replace(pose=None, world_pose=None)
                    views.append(View(match, recording.judge(number, match), bare))
            if result.query is not None:
                queries.append(Query(number, result.query.descriptor, views))
    finally:
        detector.close()
    sessions = [frame.session for frame in recording.frames]
    return Collection(recording.name, recording.building, queries, sessions, recording.revisits)
