import numpy as np
import pytest

from benchmarks.verification.baseline import matched
from benchmarks.verification.finders import original, sampled, strongest


def test_the_strongest_local_maxima_come_first():
    score = np.full((20, 30), -5.0, np.float32)
    score[4, 6], score[4, 8], score[15, 20], score[10, 3] = (
        2.0,
        1.0,
        3.0,
        1.5,
    )  # (4, 8) is in the window of (4, 6)
    x, y = strongest(score, 3)
    assert list(zip(x, y)) == [(20, 15), (6, 4), (3, 10)]


def test_descriptors_are_sampled_between_the_centres_of_the_cells():
    maps = np.zeros((32, 4, 4), np.float32)
    maps[0], maps[1] = 1.0, np.arange(4)[None, :]
    x = np.array([1.5, 3.5, 9.5], np.float32)  # centre of cell 0, between 0 and 1, centre of cell 2
    found = sampled(maps, x, np.full(3, 5.5, np.float32))
    for row, value in zip(found, (0.0, 0.5, 2.0)):
        expected = 127 * np.array([1.0, value]) / np.hypot(1.0, value)
        assert row[:2] == pytest.approx(np.round(expected), abs=1)
        assert not row[2:].any()


def test_coordinates_return_to_the_original_image():
    x, y = original(np.array([-0.5, 9.5]), np.array([-0.5, 4.5]), (5, 10), (50, 200))
    assert x.tolist() == [-0.5, 199.5]
    assert y.tolist() == [-0.5, 49.5]


@pytest.mark.parametrize("kind", ["network", "orb", "sift"])
def test_only_mutual_neighbours_match(kind):
    random = np.random.default_rng(0)
    if kind == "sift":
        query = random.uniform(0, 100, (20, 128)).astype(np.float32)
    elif kind == "orb":
        query = random.integers(0, 256, (20, 32)).astype(np.uint8)
    else:
        vectors = random.normal(size=(20, 32))
        query = np.round(127 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.int8)
        query = query.view(np.uint8)
    order = random.permutation(20)
    first, second = matched(query, query[order], kind)
    assert len(first) == 20
    assert (order[second] == first).all()
    first, _ = matched(np.concatenate([query, query[:1]]), query, kind)  # two are nearest to one
    assert 19 <= len(first) <= 20
    assert len(set(first)) == len(first)
