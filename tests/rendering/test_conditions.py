import numpy as np

from rendering.conditions import KINDS, choose_conditions


def test_no_two_visits_have_the_same_conditions():
    chosen = choose_conditions(2 * len(KINDS), np.random.default_rng(4))
    assert len({conditions.name for conditions in chosen}) == len(chosen)
    assert len({conditions.light for conditions in chosen}) == len(chosen)
    assert chosen == choose_conditions(2 * len(KINDS), np.random.default_rng(4))
