import numpy as np
import pytest

from benchmarks.peer_indexes import Exact
from benchmarks.pipelines import OWN, SERVER, Pipeline, Run, measure, missed, recall, rows, searchable
from training.data.recordings.recording import Frame, Recording

PLACES = [0, 1, 2, 0, 1, 2]


def recording(name="walk", step=5.0, sessions=(0,) * 6):
    place = np.array(PLACES)
    frames = [Frame(round((1 + step * i) * 1e9), lambda: None, session) for i, session in enumerate(sessions)]
    return Recording(name, name, frames, (place[:, None] == place).astype(np.int8), (3, 4, 5))


def image(place):
    return np.full((4, 4, 3), 10 * place + 10, np.uint8)


def describe(pixels):
    vector = np.zeros(8, np.float32)
    vector[pixels[0, 0, 0] // 10] = 1
    return vector


def test_keyframes_match_those_that_are_older_or_of_an_earlier_session():
    assert searchable(recording()) == [0, 0, 1, 2, 3, 4]
    assert searchable(recording(sessions=(0, 0, 0, 1, 1, 1))) == [0, 0, 1, 3, 3, 4]


def test_photographs_match_those_of_an_earlier_session_only():
    assert searchable(recording("koe_landmarks", sessions=(0, 0, 0, 1, 1, 1))) == [0, 0, 0, 3, 3, 3]


def test_recall_counts_the_frames_with_something_to_find():
    walk = recording()
    assert recall(walk, [0, 0, 1, 2, 3, 4], [-1, -1, 0, 0, 1, 2]) == (1.0, 3)
    assert recall(walk, [0, 0, 1, 2, 3, 4], [-1, -1, 0, 0, 0, 0]) == (pytest.approx(1 / 3), 3)
    assert recall(walk, [0, 0, 0, 0, 2, 2], [-1, -1, -1, -1, 1, 0]) == (1.0, 1)


def test_a_pipeline_searches_what_may_match():
    images = [image(place) for place in PLACES]
    runs = measure({OWN: Pipeline(describe, Exact)}, images, [0, 0, 1, 2, 3, 4])
    assert runs[OWN].found == [-1, -1, 0, 0, 1, 2]
    assert len(runs[OWN].work) == 6


def test_the_target_is_ten_times_the_speed_at_more_recall():
    walk, known, right = recording(), [0, 0, 1, 2, 3, 4], [-1, -1, 0, 0, 1, 2]
    fast, slow = [0.01] * 6, [0.2] * 6
    runs = {OWN: Run(right, fast, 0.06), f"other{SERVER}": Run([-1, -1, 0, 0, 1, 1], slow, 1.2)}
    assert not list(missed(walk, known, runs))
    assert [row[1:3] + row[4:] for row in rows(walk, known, runs)] == [
        (OWN, "100.0", "100", "1", "1"),
        (f"other{SERVER}", "66.7", "5", "20", "20"),
    ]
    assert len(list(missed(walk, known, {**runs, f"other{SERVER}": Run(right, slow, 1.2)}))) == 1
    assert len(list(missed(walk, known, {**runs, f"other{SERVER}": Run([0] * 6, [0.05] * 6, 0.3)}))) == 1
    assert not list(missed(walk, known, {OWN: runs[OWN], "classic": Run(right, [0.005] * 6, 0.03)}))
