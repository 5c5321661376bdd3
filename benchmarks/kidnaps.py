"""Ten kidnaps: the lens is covered, and the camera goes on at another place of the map.

``python -m benchmarks.kidnaps`` plays the rendered drive and, where it is there, the real tower. Nobody tells
the detector that tracking is lost. The images of the second run are other views: cropped and darker, or
("tower_later") taken a second later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Keyframe, Kind, QueryResult, TrackingState
from training.data.recordings import rendered, walks
from training.data.recordings.recording import Recording, Verdict

KIDNAPS = 10
SEED = 20261129
FRAMES = 30  # after each kidnap, at most
SHORTEST = 12  # seconds of a clip
COVERED_S, COVERED_STEP_S = 1.5, 0.1
PAUSE_S = 100.0  # between the two runs


class Kidnap(NamedTuple):
    """What became of one kidnap."""

    detected: float  # seconds after the lens was covered; NaN: never
    recovered: int  # at which image of the new place, 1 is the first; 0: never
    after: float  # seconds after its first image
    wrong: int  # accepted matches with another place
    reason: str = ""  # why the first image was not accepted


class Run(NamedTuple):
    """Images for the map, and stretches of other images of the same places."""

    recording: Recording
    mapped: list[int]  # numbers of frames
    stretches: list[list[int]]  # numbers of frames that follow each other
    view: Callable[[np.ndarray], np.ndarray]  # makes another view of an image
    step: float  # seconds between the images of a stretch


def drive() -> Run:
    """The drive of the demo; of each image another part and brightness are shown."""
    recording = rendered.drive()
    count = len(recording.frames)
    starts = np.random.default_rng(SEED).permutation(count - FRAMES)[:KIDNAPS]
    stretches = [list(range(start, start + FRAMES)) for start in starts.tolist()]
    return Run(recording, list(range(count)), stretches, _changed, 0.1)


def tower() -> Run:
    """Clips of a real tower with floors that look alike; shown again as the drive is."""
    recording, clips = _tower()
    mapped = [number for numbers in clips for number in numbers]
    return Run(recording, mapped, [numbers[:FRAMES] for numbers in _chosen(clips)], _changed, 1.0)


def tower_later() -> Run:
    """Every other second of the clips is mapped; the seconds between them, whole steps away, are shown."""
    recording, clips = _tower()
    mapped = [number for numbers in clips for number in numbers[::2]]
    stretches = [numbers[1::2][:FRAMES] for numbers in _chosen(clips)]
    return Run(recording, mapped, stretches, lambda image: image, 1.0)


def _tower() -> tuple[Recording, list[list[int]]]:
    """The recording, and the frames of each clip."""
    recording = walks.ie_tower()
    clips: dict[int, list[int]] = {}
    for number, frame in enumerate(recording.frames):
        clips.setdefault(frame.session, []).append(number)
    return recording, list(clips.values())


def _chosen(clips: list[list[int]]) -> list[list[int]]:
    """Ten clips that last long enough."""
    long = [numbers for numbers in clips if len(numbers) >= SHORTEST]
    return [long[row] for row in np.random.default_rng(SEED).permutation(len(long))[:KIDNAPS]]


RUNS = {"drive": drive, "tower": tower, "tower_later": tower_later}


def play(run: Run) -> list[Kidnap]:
    """Make the map, then kidnap the camera to each stretch."""
    detector = LoopDetector.open(Config())
    frames, truth = run.recording.frames, {}
    session = -1
    for number in run.mapped:
        frame = frames[number]
        if frame.session != session:
            session = frame.session
            detector.start_session(frame.stamp)
        detector.add(Keyframe(frame.load(), frame.stamp))
        truth[frame.stamp] = number
    now = round(max(truth) * 1e-9 + PAUSE_S, 1)
    detector.start_session(round(now * 1e9))
    kidnaps = []
    for stretch in run.stretches:
        detected, now = _cover(detector, now)
        recovered, after, wrong, reason = 0, float("nan"), 0, ""
        for row, number in enumerate(stretch):
            result = detector.add(Keyframe(run.view(frames[number].load()), round(now * 1e9)))
            verdicts = list(_verdicts(run, number, result, truth))
            wrong += verdicts.count(Verdict.WRONG)
            if row == 0 and not result.accepted:
                reason = result.candidates[0].reason.name if result.candidates else "no candidate"
            if not recovered and Kind.KIDNAP_RECOVERY in [each.kind for each in result.accepted]:
                recovered, after = row + 1, row * run.step
            now += run.step
        kidnaps.append(Kidnap(detected, recovered, after, wrong, reason))
    detector.close()
    return kidnaps


def _cover(detector: LoopDetector, now: float) -> tuple[float, float]:
    """Cover the lens; returns after how many seconds that was noticed, and when it ends."""
    numbers, start, detected = np.random.default_rng(1), now, float("nan")
    while now - start < COVERED_S:
        dark = numbers.integers(0, 8, (480, 640), dtype=np.uint8)
        result = detector.add(Keyframe(dark, round(now * 1e9)))
        if result.tracking.state == TrackingState.LOST and np.isnan(detected):
            detected = now - start
        now = round(now + COVERED_STEP_S, 6)
    return detected, now


def _verdicts(run: Run, query: int, result: QueryResult, truth: dict[int, int]) -> Iterator[Verdict]:
    for each in [*result.accepted, *result.confirmed]:
        if each.match_stamp in truth:  # else a keyframe of the second run
            yield run.recording.judge(query, truth[each.match_stamp])


def _changed(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    part = image[height // 16 : -height // 24, width // 12 : -width // 24]
    darker = (255 * (part / 255.0) ** 1.3).astype(np.uint8)
    return cv2.resize(darker, (width, height), interpolation=cv2.INTER_AREA)


def main() -> int:
    """Print what became of each kidnap."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=tuple(RUNS), help="without: all")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for name, open_run in RUNS.items():
        if arguments.set not in (None, name):
            continue
        kidnaps = play(open_run())
        print(f"{name}: detected after [s], recovered at image, after [s], wrong matches")
        for each in kidnaps:
            print(
                f"  {each.detected:6.1f} {each.recovered:6d} {each.after:8.1f} {each.wrong:6d}  {each.reason}"
            )
        detected = sum(each.detected <= 1.0 for each in kidnaps)
        recovered = sum(each.recovered > 0 for each in kidnaps)
        wrong = sum(each.wrong for each in kidnaps)
        print(f"  {detected} detected within 1 s, {recovered} recovered, {wrong} wrong of {len(kidnaps)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
