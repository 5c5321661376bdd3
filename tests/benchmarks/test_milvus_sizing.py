"""The arithmetic and the simulation of benchmarks.milvus_sizing."""

import numpy as np
import pytest

from benchmarks import milvus_sizing as module
from benchmarks.milvus_sizing import KINDS, OVERHEAD, SEGMENT, cluster_of, simulate

EXACT = KINDS[0]


def test_a_segment_has_a_gibibyte_of_vectors():
    assert SEGMENT * module.SIZE * 4 == 2**30


def test_the_memory_decides_how_many_nodes_there_are():
    small, large = cluster_of(1_000_000, EXACT), cluster_of(100_000_000, EXACT)
    assert (small.segments, small.nodes) == (2, 1)
    assert large.memory == pytest.approx(205.6)
    assert (large.segments, large.nodes) == (191, 5)


def test_an_idle_cluster_answers_in_the_time_of_a_segment():
    times = simulate(segments=1, nodes=1, milliseconds=1.0, rate=1.0)
    assert np.mean(times) == pytest.approx(OVERHEAD + 0.001, rel=0.05)


def test_more_segments_take_longer_and_more_nodes_less():
    one = np.median(simulate(64, 1, 1.0, 10.0))
    assert one > OVERHEAD + 0.003
    assert np.median(simulate(64, 4, 1.0, 10.0)) < one < np.median(simulate(256, 1, 1.0, 10.0))


def test_the_queue_of_a_cluster_that_is_too_small_grows():
    times = simulate(64, 1, 1.0, 500.0)  # needs 32 cores
    assert times[-1] > 10 * times[0]
    assert times[-1] == pytest.approx(len(times) * (64 / 16 * 0.001 - 1 / 500), rel=0.2)
