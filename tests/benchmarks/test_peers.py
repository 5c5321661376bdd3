import numpy as np

from benchmarks.peer_indexes import Exact, Own
from benchmarks.peers import BLOCK, EXACT, HEADINGS, OWN, TURN, Cost, in_turn, measure, rows, versions


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_each_is_first_once():
    assert [in_turn("abc", turn) for turn in range(4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_every_descriptor_is_added_and_searched_for_once(rng):
    vectors = unit(rng.standard_normal((BLOCK + 3, 32)))
    costs = measure({OWN: Own(32), EXACT: Exact(32)}, vectors, vectors[: TURN + 1])
    for cost in costs.values():
        assert (len(cost.add), len(cost.search), cost.recall) == (BLOCK + 3, TURN + 1, 1.0)


def test_an_index_that_finds_something_else_has_no_recall(rng):
    class Wrong(Exact):
        def search(self, vector, k):
            return super().search(vector, k)[::-1]

    vectors = unit(rng.standard_normal((50, 32)))
    assert measure({OWN: Wrong(32)}, vectors, vectors)[OWN].recall == 0.0


def test_the_ratio_is_that_of_the_medians():
    costs = {OWN: Cost([1.0], [1.0, 2.0, 9.0], 1.0, 10.0), EXACT: Cost([1.0, 7.0], [6.0], 0.995, 20.0)}
    own, exact = (dict(zip(HEADINGS, row)) for row in rows(costs, 1_000))
    assert (own["times ours"], exact["times ours"]) == ("1", "3")
    assert (exact["longest"], exact["recall@1, %"], exact["keyframes"]) == ("7", "99.5", "1,000")


def test_versions_are_those_of_installed_packages():
    assert versions(["numpy", "no_such_module"]) == [f"numpy {np.__version__}"]
