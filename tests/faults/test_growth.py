"""A map that grows: memory, search, start."""

import gc
import logging
import time

import numpy as np
import pytest

from place_recognition_ros.memory import keyframe_map as module
from place_recognition_ros.memory import progress
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.keyframe_map import KeyframeMap
from place_recognition_ros.types import Keyframe
from tests.faults.forms import fault, forms
from tests.faults.maps import SECOND, SIZE, arguments, fill, open_store

CAP = 50  # keyframes
WARM_UP = 0.3  # of the time, after which memory must not grow
MOST_GROWTH = 1.0  # MB per hour, and
NOISE = 5.0  # MB, what an allocator may take at any time; one image that is kept of each keyframe is more
NEIGHBOURS = 10


def resident():
    """Memory of this process that is in RAM, MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


@fault(42, "Long run")
@forms(5, 3600)
def test_memory_is_bounded_by_the_cap_of_keyframes(amount, make_detector, paint, tmp_path, tried):
    """``amount``: seconds."""
    images = [paint(number) for number in range(40)]
    detector = make_detector(str(tmp_path / "map.db"), max_keyframes=CAP, learn_overlay=False)
    for number in range(CAP):
        detector.add(Keyframe(images[number % len(images)], (number + 1) * SECOND))
    assert len(detector.map) > CAP / 2
    samples, begun, number = [], time.monotonic(), CAP
    while time.monotonic() - begun < amount:
        image = np.roll(images[number % len(images)], 3 * number, axis=1)
        detector.add(Keyframe(image, (number + 1) * SECOND))
        number += 1
        assert len(detector.map) <= CAP
        if number % 20 == 0:
            gc.collect()
            samples.append((time.monotonic() - begun, resident()))
    late = np.array([each for each in samples if each[0] >= WARM_UP * amount])
    slope = np.polyfit(late[:, 0] / 3600, late[:, 1], 1)[0]
    growth = slope * amount / 3600
    assert growth < MOST_GROWTH * amount / 3600 + NOISE, f"{growth:.1f} MB in {amount} s"
    tried(
        f"keyframes added without a pause, max_keyframes {CAP}",
        f"{amount / 3600:.1f} h, {number:,} keyframes",
        f"{slope:+.2f} MB/h, {late[-1, 1]:.0f} MB in RAM at the end",
    )


@pytest.fixture
def unit():
    """``unit(count, size)`` → (count, size) float32, unit norm, each row similar to the one before it."""
    random = np.random.RandomState(0)

    def unit(count, size):
        vectors = random.standard_normal((count, size)).astype(np.float32)
        for row in range(1, count):
            if row % 10:
                vectors[row] = 0.8 * vectors[row - 1] + 0.6 * vectors[row]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return unit


@fault(43, "Map growth")
@forms(10_000, 100_000)
def test_the_exact_nearest_are_found(amount, unit, tried):
    size, queries = 512, 100
    vectors = unit(amount, size)
    index = FaissIndex(size)
    index.extend(range(1, amount + 1), vectors)
    index.remove(range(1, amount + 1, 100))
    vectors[::100] = 0
    found, durations = 0, []
    for query in vectors[1 :: amount // queries] + 0.5 * unit(queries, size):
        query /= np.linalg.norm(query)
        exact = np.argsort(-(vectors @ query))[:NEIGHBOURS] + 1
        begun = time.perf_counter()
        matches = index.search(query, NEIGHBOURS)
        durations.append(time.perf_counter() - begun)
        found += len(set(exact) & {keyframe_id for keyframe_id, _ in matches})
        cosines = [similarity for _, similarity in matches]
        np.testing.assert_allclose(cosines, vectors[[each - 1 for each, _ in matches]] @ query, atol=1e-3)
    recall = found / NEIGHBOURS / queries
    assert recall >= 0.999
    middle, high = 1e3 * np.percentile(durations, (50, 99))
    tried(
        "searches in keyframes of 512 numbers",
        f"{queries} in {amount:,}",
        f"recall@10 {recall:.4f}; median {middle:.1f} ms, p99 {high:.1f} ms",
    )


def test_the_start_of_a_large_map_reports_its_progress(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    monkeypatch.setattr(progress, "CHECKED", 10)
    monkeypatch.setattr(module, "READ_AT_ONCE", 10)
    path = str(tmp_path / "map.db")
    fill(path, 25)
    reports = []
    store = open_store(path)
    with caplog.at_level(logging.INFO):
        memory = KeyframeMap(store, SIZE, Leaving(SECOND), progress=lambda *report: reports.append(report))
    assert reports == [(0, 25), (10, 25), (20, 25)]
    assert "Map: 20 of 25 keyframes read" in caplog.text
    assert len(memory) == 25
    for number in range(25):
        (match,) = memory.search(arguments(number)[2], 1)
        assert match.entry.stamp == number
    store.close()


def test_a_small_map_does_not_report_its_progress(tmp_path, caplog):
    path = str(tmp_path / "map.db")
    fill(path, 5)
    with caplog.at_level(logging.INFO):
        KeyframeMap(open_store(path), SIZE, Leaving(SECOND)).store.close()
    assert "keyframes read" not in caplog.text
