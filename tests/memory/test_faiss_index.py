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


@pytest.fixture
def large(monkeypatch):
    """``large(block, limit)``: size of a block, short codes beyond the limit, and a short shortlist."""

    def large(block, limit, spare=5):
        monkeypatch.setattr(module, "BLOCK", block)
        monkeypatch.setattr(module, "LARGE", limit)
        monkeypatch.setattr(module, "PART", 4096)
        monkeypatch.setattr(module, "SPARE", spare)

    return large


def rows(found):
    return [number // 10 - 1 for number, _ in found]


@pytest.mark.parametrize("block", [1, 2, 7, 64, 8192])
def test_search_returns_the_same_as_brute_force(block, fill, unit, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
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
@pytest.mark.parametrize("limit", [15, 100])
def test_no_more_are_returned_than_are_stored(limit, stored, fill, unit, large):
    """Also for an empty index, and for k above the number of vectors, where FAISS returns the label −1."""
    large(10, limit)
    vectors = unit(stored + 1)
    index = fill(vectors[:-1])
    for k in (-1, 0, 1, 2, 9, 10, 11, 49, 100, 2**32 - 1):
        found = index.search(vectors[-1], k)
        assert len(found) == max(0, min(k, stored))
        assert all(0 <= row < stored for row in rows(found))


@pytest.mark.parametrize("block", [1, 3, 8, 8192])
@pytest.mark.parametrize("limit", [7, 100])
def test_removed_keyframes_are_not_returned(block, limit, fill, unit, large):
    large(block, limit)
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


@pytest.mark.parametrize("size", [8, 128, 512, 1000])
def test_the_nearest_is_found_while_the_index_grows_and_shrinks(size, unit, large, rng):
    """Through each size, from codes of one kind to the other; each vector is stored once."""
    large(block=64, limit=200)
    vectors, index, stored = unit(600, size), FaissIndex(size), []
    for first in range(0, 600, 40):
        index.extend(range(first, first + 20), vectors[first : first + 20])
        for number in range(first + 20, first + 40):
            index.add(number, vectors[number])
        stored += range(first, first + 40)
        removed = set(rng.choice(stored, 10, replace=False).tolist())
        index.remove(removed)
        stored = [number for number in stored if number not in removed]
        assert sorted(number for number, _ in index.search(vectors[0], 10**6)) == stored
        for number in rng.choice(stored, 20).tolist():
            ((found, similarity),) = index.search(vectors[number], 1)
            assert (found, similarity) == (number, pytest.approx(1, abs=HALF))


@pytest.mark.parametrize("limit", [1_000, 100])
@pytest.mark.parametrize("size, used", [(512, 512), (512, 24), (2048, 2048)])
def test_the_first_look_finds_the_nearest(size, used, limit, unit, large):
    """Of a revisit, with either kind of code, also where few components are used; 31 vectors are compared."""
    large(300, limit, spare=30)
    vectors, noise = np.zeros((2, 1_000, size), np.float32)
    vectors[:, :used], noise[:, :used] = unit(1_000, used), unit(1_000, used)
    index = FaissIndex(size)
    index.extend(range(1_000), vectors)
    queries = 0.8 * vectors[::10] + 0.6 * noise[::10]
    found = [index.search(query, 1)[0][0] for query in queries]
    assert np.mean(found == np.argmax(queries @ vectors.T, axis=1)) >= 0.99


def test_vectors_that_are_all_equal_are_found(large):
    large(64, 100)
    index = FaissIndex(8)
    index.extend(range(200), np.tile(np.float32([1, 0, 0, 0, 0, 0, 0, 0]), (200, 1)))
    found = index.search(np.float32([1, 0, 0, 0, 0, 0, 0, 0]), 10)
    assert len({number for number, _ in found}) == 10
    assert {similarity for _, similarity in found} == {1}


@pytest.mark.parametrize("kind", [0, 1])
def test_an_add_that_failed_can_be_repeated(kind, fill, unit, large, monkeypatch):
    large(8, 100, spare=2)
    stored = unit(20)
    index = fill(stored[:10])

    def fail(_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(index._scans[kind], "add", fail)
        with pytest.raises(MemoryError):
            index.add(110, stored[10])
    assert max(rows(index.search(stored[10], 3))) < 10
    for row in range(10, 20):
        index.add(10 * (row + 1), stored[row])
    for row, vector in enumerate(stored):
        assert rows(index.search(vector, 1)) == [row]
    assert sorted(rows(index.search(stored[0], 99))) == list(range(20))


def test_the_similarity_of_an_identical_vector_is_one(fill, unit):
    stored = unit(5, size=512)
    ((number, similarity),) = fill(stored).search(stored[3], 1)
    assert number == 40
    assert similarity == pytest.approx(1, abs=HALF)


def test_few_removed_vectors_remain_in_the_codes_and_are_not_returned(unit, large, rng, monkeypatch):
    large(block=64, limit=100, spare=40)
    monkeypatch.setattr(module, "MOST_GONE", 30)
    vectors, index = unit(300, 128), FaissIndex(128)
    index.extend(range(300), vectors)
    stored = set(range(300))
    for _ in range(12):
        gone = set(rng.choice(sorted(stored), 7, replace=False).tolist())
        index.remove(gone)
        stored -= gone
        assert {number for number, _ in index.search(vectors[0], 10**6)} == stored
        for number in gone:
            assert index.search(vectors[number], 1)[0][0] in stored
        for number in rng.choice(sorted(stored), 5).tolist():
            assert index.search(vectors[number], 1) == [(number, pytest.approx(1, abs=HALF))]
