"""Figures of the core; ROS is not needed."""

from __future__ import annotations

import glob
import os
from itertools import islice

import cv2
import numpy as np

from benchmarks.figures import Figure, latency, timed
from benchmarks.prepared_map import revisits
from benchmarks.scenes import Place
from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import Extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.faiss_index import FaissIndex
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.types import Keyframe

ROUNDS = 200
WARM_UP = 20
DRIVE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "demo", "drive", "frames")


def describing(extractor: Extractor) -> list[Figure]:
    """The extractor alone."""
    images = [Place(number).image() for number in range(WARM_UP)]
    durations = [timed(extractor.describe, images[row % WARM_UP])[0] for row in range(ROUNDS)]
    return latency("extractor", durations[WARM_UP:], median=8)


def adding(extractor: Extractor, map_path: str) -> list[Figure]:
    """``LoopDetector.add`` of images of the map's places; only adds with a geometric check are measured."""
    finder, card = open_feature_finder(count=Config().local_features), extractor.card
    store = KeyframeStore(map_path, card.model_id, card.descriptor_size, finder.model_id)
    detector = LoopDetector(Config(), extractor, finder, store)
    stored = len(detector.map)
    durations = []
    images = revisits(iter(range(0, stored, 37)))
    for row, image in enumerate(islice(images, ROUNDS + WARM_UP)):
        keyframe = Keyframe(image, (10**6 + row) * 10**9)
        duration, found = timed(detector.add, keyframe)
        if row >= WARM_UP and any(candidate.matches >= 0 for candidate in found.candidates):
            durations.append(duration)
    store.close()
    if len(durations) < ROUNDS / 2:
        raise RuntimeError(f"expected a geometric check in most of {ROUNDS} adds. Received: {len(durations)}")
    return latency(f"LoopDetector.add with {stored:,} keyframes stored", durations, median=50, high=100)


def searching(size: int, keyframes: int) -> list[Figure]:
    """The index alone, with noisy revisits as queries."""
    random = np.random.default_rng(0)
    index = FaissIndex(size)
    vectors = random.standard_normal((keyframes, size), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for row, vector in enumerate(vectors):
        index.add(row, vector)
    queries = vectors[random.integers(0, keyframes, ROUNDS)]
    queries += random.standard_normal(queries.shape, np.float32) * np.float32(0.3 / size**0.5)
    durations = [timed(index.search, query, 10)[0] for query in queries]
    return latency(f"search in {keyframes:,} keyframes", durations[WARM_UP:])


def storing(extractor: Extractor, path: str) -> list[Figure]:
    """Size of the map's file, with the images of the demo drive."""
    files = sorted(glob.glob(os.path.join(DRIVE, "*.webp")))
    images = [cv2.imread(name) for name in files] or [Place(number).image() for number in range(300)]
    of = f"{len(images)} frames of the drive" if files else f"{len(images)} generated places"
    config = Config()
    finder = open_feature_finder(count=config.local_features)
    card = extractor.card
    store = KeyframeStore(path, card.model_id, card.descriptor_size, finder.model_id)
    vector = extractor.describe(images[0])
    local = 0
    for row, image in enumerate(images, 1):
        features = finder.find(image)
        local += features.nbytes
        store.add(Session(1, "drive"), Keyframe(image, row * 10**9), vector, features, thumbnail(image))
    store.close()
    whole = os.path.getsize(path)
    without, complete = (whole - local) / len(images) / 1e3, whole / len(images) / 1e3
    return [
        Figure(f"stored keyframe without local features, {of}", without, "kB", 15),
        Figure("stored keyframe with local features", complete, "kB"),
    ]
