import numpy as np
import pytest

from place_recognition_ros.keyframes import index as module
from place_recognition_ros.keyframes.index import Entry, KeyframeIndex

HALF = 1e-3  # error of a cosine of half-precision vectors


@pytest.fixture
def fill():
    """``fill(vectors)`` ► an index of them, with ids from 1."""

    def fill(vectors):
        index = KeyframeIndex(vectors.shape[1])
        for number, vector in enumerate(vectors, 1):
            index.add(Entry(number, 1, number * 10), vector)
        return index

    return fill


@pytest.mark.parametrize("block", [1, 2, 7, 64, 8192])
def test_it_finds_what_brute_force_finds(block, fill, unit, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    stored, queries = unit(64), unit(20)
    index = fill(stored)
    for query in np.concatenate([queries, stored]):
        cosines = stored @ query
        for k in (1, 5, 64):
            found = index.search(query, k)
            positions = [position for position, _ in found]
            assert len(set(positions)) == k
            similarities = [similarity for _, similarity in found]
            assert similarities == sorted(similarities, reverse=True)
            np.testing.assert_allclose(similarities, cosines[positions], atol=HALF)
            np.testing.assert_allclose(similarities, np.sort(cosines)[::-1][:k], atol=HALF)


@pytest.mark.parametrize("stored", range(0, 50, 7))
def test_no_more_come_back_than_are_stored(stored, fill, unit, monkeypatch):
    """FAULTS 12: an empty index, k beyond what is stored, FAISS' label −1."""
    monkeypatch.setattr(module, "BLOCK", 10)
    vectors = unit(stored + 1)
    index = fill(vectors[:-1])
    for k in (-1, 0, 1, 2, 9, 10, 11, 49, 100, 2**32 - 1):
        found = index.search(vectors[-1], k)
        assert len(found) == max(0, min(k, stored))
        assert all(0 <= position < stored for position, _ in found)


@pytest.mark.parametrize("block", [4, 8192])
def test_entries_and_vectors_come_back_in_order(block, fill, unit, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    stored = unit(30)
    index = fill(stored)
    assert len(index) == 30
    assert [index[position].id for position in range(30)] == list(range(1, 31))
    for start, stop in ((0, 30), (3, 5), (29, 30), (7, 7)):
        vectors = index.vectors(start, stop)
        assert vectors.shape == (stop - start, 8)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, stored[start:stop], atol=HALF)


def test_a_twin_is_as_similar_as_can_be(fill, unit):
    stored = unit(5, size=512)
    position, similarity = fill(stored).search(stored[3], 1)[0]
    assert position == 3
    assert similarity == pytest.approx(1, abs=HALF)
