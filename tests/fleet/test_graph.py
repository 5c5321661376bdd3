"""Effective resistances of small graphs, which are known."""

import numpy as np
import pytest

from place_recognition_ros.fleet.graph import UNJOINED, resistances
from place_recognition_ros.fleet.memory import Stretch

A = [Stretch(1, row) for row in range(10)]
B = [Stretch(7, row) for row in range(4)]
LENGTHS = {1: 10, 7: 4}


def test_along_a_path_it_is_the_distance():
    found = resistances(LENGTHS, [], [(A[0], A[5]), (A[2], A[3]), (B[0], B[3])])
    assert found == pytest.approx([5, 1, 3])


def test_paths_that_nothing_joins_are_far_apart():
    (found,) = resistances(LENGTHS, [], [(A[2], B[1])])
    assert found == pytest.approx(2 / UNJOINED + 3)


def test_a_loop_joins_what_is_near_it_most():
    loops = [(A[5], B[1])]
    near, far, again = resistances(LENGTHS, loops, [(A[6], B[2]), (A[0], B[3]), (A[5], B[1])])
    assert near == pytest.approx(3, rel=0.01)
    assert far == pytest.approx(8, rel=0.01)
    assert again == pytest.approx(1, rel=0.01)


def test_a_second_loop_makes_a_cycle():
    loops = [(A[5], B[1]), (A[7], B[3])]
    (found,) = resistances(LENGTHS, loops, [(A[6], B[2])])
    assert found == pytest.approx(1.5, rel=0.01)  # two ways of 3 edges


def test_nothing_to_compare():
    assert len(resistances(LENGTHS, [], [])) == 0
    assert np.isfinite(resistances({1: 1, 2: 1}, [], [(Stretch(1, 0), Stretch(2, 0))])).all()
