"""Descriptors that cannot be compared, and searches that find less than they are asked for."""

import numpy as np
import pytest

from place_recognition_ros.errors import EngineError
from place_recognition_ros.memory import faiss_index
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.types import Keyframe
from tests.faults.forms import fault, forms

SECOND = 10**9
SIZE = 64  # of the descriptors of tests/conftest.py


def vectors(rng, count, size=SIZE):
    """(count, size) float32 of unit norm."""
    found = rng.normal(size=(count, size)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def unusable(rng):
    """A descriptor as a broken engine may return it."""
    vector = vectors(rng, 1)[0]
    bad = np.float32(rng.choice([np.nan, np.inf, -np.inf, 1e30, 0.0]))
    few = rng.random(SIZE) < rng.choice([0.02, 0.5])
    few[rng.integers(SIZE)] = True
    return [
        np.full(SIZE, bad),
        vector * bad,
        np.where(few, bad if bad else np.float32(np.nan), vector),
        vector * np.float32(rng.choice([0.5, 1.5, -2.0, 1e-20])),
        vectors(rng, 1, int(rng.choice([1, SIZE - 1, SIZE + 1, 2 * SIZE])))[0],
        vector.reshape(rng.choice([1, 2]), -1),
        vector.astype(complex) * 1j,
        np.zeros(0, np.float32),
    ][rng.integers(8)]


@fault(13, "NaN, Inf, zero descriptor")
@forms(100, 1000)
def test_an_unusable_descriptor_is_refused_before_the_index_and_the_store(
    amount, make_detector, add_images, engine, places, paint, rng, monkeypatch, tried
):
    detector = make_detector()
    add_images(detector, places)
    image = paint(20)
    with np.errstate(all="ignore"):
        for number in range(amount):
            vector = unusable(rng)
            with monkeypatch.context() as patch:
                patch.setattr(engine, "infer", lambda tensor, vector=vector: vector)
                with pytest.raises(EngineError, match="expected a descriptor of"):
                    detector.add(Keyframe(image, (100 + number) * SECOND))
                with pytest.raises(EngineError, match="expected a descriptor of"):
                    detector.query(image, 5)
            assert len(detector.map) == len(places), vector
    assert len(list(detector.map.store.keyframes())) == len(places)
    (result,) = add_images(detector, [paint(3, shift=12)], start=amount + 200)
    assert [each.match_id for each in result.accepted] == [3]
    tried(
        "NaN, ±Inf, 0, 1e30, another norm, size or type", f"{amount} descriptors", "0 stored, 0 searched for"
    )


@fault(12, "Empty index, k > stored, FAISS label −1")
@forms(10, 1)
def test_a_search_finds_what_there_is(amount, make_detector, add_images, paint, tried):
    """Sizes 0 to 50 × k 1 to 100; in the short form every tenth of both."""
    detector = make_detector(min_similarity=-0.99, max_verifications=1)
    query, searched = paint(99), 0
    for size in range(51):
        assert len(detector.map) == size
        if size % amount == 0:
            detector.start_session()  # all keyframes can be searched
            descriptor = detector.query(query, 0).query.descriptor
            for k in range(1, 101, amount):
                found = detector.map.search(descriptor, k)
                assert len({match.entry.id for match in found}) == len(found) == min(k, size)
                searched += 1
            candidates = detector.query(query, 100).candidates
            assert len(candidates) == size
            assert not any(each.accepted for each in candidates)
            assert len(detector.relocalize().candidates) == max(
                0, min(size - 1, 5)
            )  # top_k, but the view itself
        add_images(detector, [paint(size)], start=10 * size + 1)
    assert searched == len(range(0, 51, amount)) * len(range(1, 101, amount))
    tried("sizes 0 to 50 × k 1 to 100", f"{searched} searches", "as many as there are, no other")


@fault(12, "Empty index, k > stored, FAISS label −1")
def test_the_index_ignores_labels_that_are_no_row(rng, monkeypatch):
    """FAISS fills up with the label −1; and with NaN in the query returns nothing else."""
    monkeypatch.setattr(faiss_index, "BLOCK", 4)
    index, stored = FaissIndex(SIZE), vectors(rng, 10)
    assert index.search(stored[0], 5) == []
    for number, vector in enumerate(stored, 1):
        index.add(number, vector)
    assert {number for number, _ in index.search(stored[0], 100)} == set(range(1, 11))
    assert index.search(np.full(SIZE, np.nan, np.float32), 5) == []
    index.remove(range(1, 11))
    assert index.search(stored[0], 5) == []
