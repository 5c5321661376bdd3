"""Recall."""

import numpy as np
import pytest

from training.retrieval import RetrievalTask, measure, recall_at


def test_recall_counts_the_first_k():
    similarity = np.array([[0.9, 0.8, 0.1], [0.2, 0.3, 0.1]])
    right = np.array([[False, True, False], [False, True, False]])
    assert recall_at(similarity, right, np.zeros_like(right), (1, 2)) == {1: 0.5, 2: 1.0}


def test_ignored_references_are_not_found():
    similarity = np.array([[0.9, 0.8, 0.1]])
    ignored = np.array([[True, False, False]])
    assert recall_at(similarity, np.array([[True, True, False]]), ignored, (1,)) == {1: 1.0}


def test_queries_without_a_right_answer_do_not_count():
    right = np.array([[True, False], [False, False]])
    assert recall_at(np.eye(2), right, np.zeros_like(right), (1,)) == {1: 1.0}


def test_no_right_answer_at_all_is_refused():
    nothing = np.zeros((2, 2), bool)
    with pytest.raises(ValueError, match="none in 2"):
        recall_at(np.eye(2), nothing, nothing)


def test_one_set_is_described_once():
    calls = []

    def describe(image):
        calls.append(image)
        return np.eye(2)[int(image)]

    frames = [lambda: np.zeros(()), lambda: np.ones(())]
    task = RetrievalTask("t", frames, frames, np.ones((2, 2), bool), np.eye(2, dtype=bool))
    assert measure(task, describe, (1,)) == {1: 1.0}
    assert len(calls) == 2
