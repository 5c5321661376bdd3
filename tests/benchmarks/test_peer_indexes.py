import numpy as np
import pytest

from benchmarks import peer_indexes
from benchmarks.peer_indexes import FIRST, PEERS, Exact, available


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def names():
    return [
        pytest.param(
            name, marks=[] if available([name]) else pytest.mark.skip(reason=f"{package} is not installed")
        )
        for name, (package, _) in PEERS.items()
    ]


@pytest.mark.parametrize("name", names())
def test_each_finds_what_was_added_also_after_it_grew(name, rng):
    vectors = unit(rng.standard_normal((FIRST + 200, 64)))
    index = PEERS[name][1](64)
    for number, vector in enumerate(vectors):
        index.add(number, vector)
    for number in (0, FIRST - 1, FIRST, FIRST + 199):
        assert index.search(vectors[number], 5)[0] == number
        assert len(index.search(vectors[number], 5)) == 5


def test_the_exact_one_sorts_all_that_there_are(rng):
    vectors = unit(rng.standard_normal((3, 8)))
    index = Exact(8)
    for number, vector in enumerate(vectors):
        index.add(number, vector)
    assert index.search(vectors[1], 10) == np.argsort(-vectors @ vectors[1]).tolist()


def test_an_index_without_its_package_is_not_available(monkeypatch):
    monkeypatch.setitem(peer_indexes.PEERS, "absent", ("no_such_package", Exact))
    assert available(["absent", "NumPy, exact"]) == ["NumPy, exact"]
