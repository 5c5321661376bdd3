"""Recall, precision over recall, and the cache of descriptors."""

import numpy as np
import pytest

from training.evaluation.retrieval import (
    DescriptorCache,
    RetrievalTask,
    best_matches,
    precision_recall,
    recall_at,
    retrieval_figures,
    similarities,
)

# four queries: right at 0.9, right at 0.8, wrong at 0.7, right at 0.6
SIMILARITY = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.1, 0.6]])
RIGHT = np.array([[True, False], [False, True], [False, True], [False, True]])
NOTHING = np.zeros_like(RIGHT)


def test_recall_counts_the_first_k():
    similarity = np.array([[0.9, 0.8, 0.1], [0.2, 0.3, 0.1]])
    right = np.array([[False, True, False], [False, True, False]])
    assert recall_at(similarity, right, np.zeros_like(right), (1, 2)) == {1: 0.5, 2: 1.0}


def test_ignored_references_are_not_found():
    similarity = np.array([[0.9, 0.8, 0.1]])
    ignored = np.array([[True, False, False]])
    assert recall_at(similarity, np.array([[True, True, False]]), ignored, (1,)) == {1: 1.0}


def test_queries_without_a_correct_reference_are_not_counted():
    right = np.array([[True, False], [False, False]])
    assert recall_at(np.eye(2), right, np.zeros_like(right), (1,)) == {1: 1.0}


@pytest.mark.parametrize("figure", [recall_at, precision_recall])
def test_no_correct_reference_at_all_is_refused(figure):
    nothing = np.zeros((2, 2), bool)
    with pytest.raises(ValueError, match="none in 2"):
        figure(np.eye(2), nothing, nothing)


def test_curve_of_a_small_example():
    curve = precision_recall(SIMILARITY, RIGHT, NOTHING)
    np.testing.assert_allclose(curve.thresholds, [0.9, 0.8, 0.7, 0.6])
    np.testing.assert_allclose(curve.precision, [1, 1, 2 / 3, 3 / 4])
    np.testing.assert_allclose(curve.recall, [1 / 4, 2 / 4, 2 / 4, 3 / 4])
    assert curve.area == pytest.approx(1 / 4 + 1 / 4 + 1 / 4 * 3 / 4)
    assert curve.recall_at_full_precision == 0.5


def test_all_correct_has_area_1():
    curve = precision_recall(np.eye(5), np.eye(5, dtype=bool), np.zeros((5, 5), bool))
    assert (curve.area, curve.recall_at_full_precision) == (1.0, 1.0)


def test_a_wrong_first_match_gives_no_recall_at_full_precision():
    similarity = SIMILARITY.copy()
    similarity[2, 0] = 0.95
    assert precision_recall(similarity, RIGHT, NOTHING).recall_at_full_precision == 0.0


def test_queries_of_equal_similarity_are_accepted_together():
    similarity = SIMILARITY.copy()
    similarity[2, 0] = 0.8  # wrong, with the similarity of the second, which is correct
    curve = precision_recall(similarity, RIGHT, NOTHING)
    assert len(curve.thresholds) == 3
    assert curve.recall_at_full_precision == 0.25


@pytest.mark.parametrize("right", [[True, False], [False, True]])
def test_among_equally_similar_references_a_wrong_one_is_the_match(right):
    right = np.array([right])
    found, similarity = best_matches(np.array([[0.5, 0.5]]), right, np.zeros_like(right))
    assert not right[0, found[0]]
    assert similarity == [0.5]
    assert precision_recall(np.array([[0.5, 0.5]]), right, np.zeros_like(right)).area == 0.0


def test_unmatched_queries_reduce_the_precision_only_if_counted():
    similarity = np.vstack([SIMILARITY, [0.85, 0.1]])
    right = np.vstack([RIGHT, [False, False]])
    nothing = np.zeros_like(right)
    assert precision_recall(similarity, right, nothing).recall_at_full_precision == 0.5
    counted = precision_recall(similarity, right, nothing, unmatched=True)
    assert counted.recall_at_full_precision == 0.25
    assert counted.recall[-1] == 0.75  # of the queries with a correct reference


def test_a_query_whose_references_are_all_ignored_is_never_accepted():
    right = np.vstack([RIGHT, [True, True]])
    ignored = np.vstack([NOTHING, [True, True]])
    figures = retrieval_figures(np.vstack([SIMILARITY, [0.99, 0.99]]), right, ignored, unmatched=True)
    assert figures.queries == 4
    assert figures.curve.recall_at_full_precision == 0.5


def test_area_is_at_most_recall_at_1():
    random = np.random.default_rng(0)
    right = np.eye(50, dtype=bool)
    figures = retrieval_figures(random.normal(size=(50, 50)) + 2 * right, right, np.zeros_like(right))
    assert 0 < figures.curve.area < figures.recall[1] < figures.recall[10]
    assert figures.curve.recall[-1] == pytest.approx(figures.recall[1])


def frames(count):
    def frame(number):
        return lambda: np.array(number)

    return [frame(number) for number in range(count)]


def test_a_set_is_described_once():
    calls = []

    def describe(image):
        calls.append(image)
        return np.eye(2)[int(image)]

    images = frames(2)
    task = RetrievalTask("t", images, images, np.ones((2, 2), bool), np.eye(2, dtype=bool))
    cache = DescriptorCache(lambda images: [describe(image) for image in images])
    assert recall_at(similarities(task, cache), task.right, task.ignored, (1,)) == {1: 1.0}
    assert len(calls) == 2


def test_tasks_share_descriptors_in_small_batches():
    batches = []

    def describe_many(images):
        batches.append(len(images))
        return np.stack([np.eye(5)[int(image)] for image in images])

    images = frames(5)
    cache = DescriptorCache(describe_many, batch=2)
    for part in (images[:4], images[1:]):
        task = RetrievalTask("t", part, part, np.eye(4, dtype=bool), np.zeros((4, 4), bool))
        recall = recall_at(similarities(task, cache), task.right, task.ignored)
        assert recall == {1: 1.0, 5: 1.0, 10: 1.0}
    assert batches == [2, 2, 1]


def test_descriptors_that_are_not_finite_are_refused():
    images = frames(2)
    task = RetrievalTask("kitchen", images, images, np.eye(2, dtype=bool), np.zeros((2, 2), bool))
    with pytest.raises(ValueError, match="kitchen"):
        similarities(task, DescriptorCache(lambda images: np.full((len(images), 3), np.nan)))
