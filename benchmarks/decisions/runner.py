"""Run a detector over a recording and note every candidate with its truth."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Candidate
from training.data.recordings.recording import Recording, Verdict


class Record(NamedTuple):
    """A candidate with its truth."""

    query: int  # frame of the candidate's query
    match: int  # frame
    candidate: Candidate
    verdict: Verdict
    at: int  # frame at which the detector returned it; later than ``query`` if it was confirmed afterwards


class Run(NamedTuple):
    """What a detector returned for a recording."""

    recording: Recording
    records: list[Record]
    milliseconds: list[float]  # of each frame
    retracted: list[tuple[int, int, Verdict]]  # query and match of accepted candidates that were taken back

    @property
    def accepted(self) -> list[Record]:
        """The accepted candidates, also those that were retracted later."""
        return [record for record in self.records if record.candidate.accepted]


def run(recording: Recording, **parameters: Any) -> Run:
    """Give the frames of a recording to a detector of its own.

    Candidates belong to the query and the match of their own stamps: an accepted one may be returned later
    than its query.

    Args:
        recording: the frames and their truth.
        parameters: of the configuration; the others have their defaults.
    """
    detector = LoopDetector.open(Config(**parameters))
    numbers = recording.numbers()
    found = Run(recording, [], [], [])
    try:
        for number, frame in enumerate(recording.frames):
            keyframe = frame.keyframe()
            if number and frame.session != recording.frames[number - 1].session:
                detector.start_session(frame.stamp)
            start = time.perf_counter()
            result = detector.add(keyframe)
            found.milliseconds.append(1e3 * (time.perf_counter() - start))
            for candidate in (*result.candidates, *result.confirmed):
                found.records.append(_record(recording, numbers, candidate, number))
            for retraction in result.retracted:
                query, match = numbers[retraction.query_stamp], numbers[retraction.match_stamp]
                found.retracted.append((query, match, recording.judge(query, match)))
    finally:
        detector.close()
    return found


def _record(recording: Recording, numbers: dict[int, int], candidate: Candidate, at: int) -> Record:
    query, match = numbers[candidate.query_stamp], numbers[candidate.match_stamp]
    return Record(query, match, candidate, recording.judge(query, match), at)
