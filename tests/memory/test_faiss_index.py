import numpy as np
import pytest

from place_recognition_ros.memory import faiss_index as module
from place_recognition_ros.memory.faiss_index import FaissIndex

HALF = 1e-3  # error of a cosine of half-precision vectors


@pytest.fixture
def fill():
    """``fill(vectors)`` → an index of them; the ids are 10, 20, 30, ..."""

    def fill(vectors):
        index = FaissIndex(vectors.shape[1])
        for row, vector in enumerate(vectors, 1):
            index.add(10 * row, vector)
        return index

    return fill


def rows(found):
    return [number // 10 - 1 for number, _ in found]


@pytest.mark.parametrize("block", [1, 2, 7, 64, 8192])
def test_search_returns_the_same_as_brute_force(block, fill, unit, monkeypatch):
    monkeypatch.setattr(module, "SEGMENT", block)
    stored, queries = unit(64), unit(20)
    index = fill(stored)
    for query in np.concatenate([queries, stored]):
        cosines = stored @ query
        for k in (1, 5, 64):
            found = index.search(query, k)
            assert len(set(rows(found))) == k
            similarities = [similarity for _, similarity in found]
            assert similarities == sorted(similarities, reverse=True)
            np.testing.assert_allclose(similarities, cosines[rows(found)], atol=HALF)
            np.testing.assert_allclose(similarities, np.sort(cosines)[::-1][:k], atol=HALF)


@pytest.mark.parametrize("stored", range(0, 50, 7))
def test_no_more_are_returned_than_are_stored(stored, fill, unit, monkeypatch):
    """Also for an empty index, and for k above the number of vectors, where FAISS returns the label −1."""
    monkeypatch.setattr(module, "SEGMENT", 10)
    vectors = unit(stored + 1)
    index = fill(vectors[:-1])
    for k in (-1, 0, 1, 2, 9, 10, 11, 49, 100, 2**32 - 1):
        found = index.search(vectors[-1], k)
        assert len(found) == max(0, min(k, stored))
        assert all(0 <= row < stored for row in rows(found))


@pytest.mark.parametrize("block", [1, 3, 8, 8192])
def test_removed_keyframes_are_not_returned(block, fill, unit, monkeypatch):
    monkeypatch.setattr(module, "SEGMENT", block)
    stored = unit(20)
    index = fill(stored)
    removed = {0, 3, 4, 5, 11, 19}
    index.remove([10 * (row + 1) for row in removed] + [7, 9999])
    index.add(999, stored[3])
    for row, vector in enumerate(stored):
        found = index.search(vector, 99)
        assert len(found) == 15
        assert not removed & set(rows(found))
        best, similarity = found[0]
        if row == 3:
            assert best == 999
        elif row not in removed:
            assert (best, similarity) == (10 * (row + 1), pytest.approx(1, abs=HALF))
    index.remove([number for number, _ in index.search(stored[0], 99)])
    assert index.search(stored[0], 5) == []


def test_the_similarity_of_an_identical_vector_is_one(fill, unit):
    stored = unit(5, size=512)
    ((number, similarity),) = fill(stored).search(stored[3], 1)
    assert number == 40
    assert similarity == pytest.approx(1, abs=HALF)
