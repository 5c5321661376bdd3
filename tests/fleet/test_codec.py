"""Descriptors and features in few bytes."""

import zlib

import numpy as np
import pytest

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet import codec
from place_recognition_ros.types import FEATURE, FeatureKind
from tests.loops.scenes import vectors


@pytest.fixture
def features(rng):
    found = np.zeros(300, FEATURE)
    found["x"], found["y"] = rng.uniform(0, 640, (2, 300))
    found["depth"] = np.where(rng.random(300) < 0.5, rng.uniform(0.5, 9, 300), np.nan)
    found["descriptor"] = vectors(rng, 300)
    return found


def unit(rng, *shape):
    found = rng.standard_normal(shape).astype(np.float32)
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def test_cosines_of_descriptors_remain(rng):
    sent, other = unit(rng, 50, 512), unit(rng, 50, 512)
    content = codec.pack_descriptors(sent)
    found = codec.unpack_descriptors(content, 50)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert np.abs(found @ other.T - sent @ other.T).std() < 1e-3
    assert len(zlib.compress(content, 9)) < 420 * 50


def test_a_descriptor_without_a_direction_is_refused():
    with pytest.raises(FleetError, match="not zero"):
        codec.unpack_descriptors(bytes(64), 2)


def test_features_remain_where_and_what_they_are(features):
    content = codec.pack_features(features, FeatureKind.NETWORK)
    found = codec.unpack_features(content, FeatureKind.NETWORK)
    assert len(content) == 300 * codec.PACKED.itemsize
    assert len(zlib.compress(content, 9)) < 26 * 300  # some of these have a depth
    for axis in ("x", "y"):
        assert np.abs(found[axis] - features[axis]).max() <= 0.5 / codec.SUBPIXEL
    assert np.array_equal(np.isnan(found["depth"]), np.isnan(features["depth"]))
    assert np.allclose(found["depth"], features["depth"], rtol=1e-3, equal_nan=True)
    a, b = (each["descriptor"].view(np.int8).astype(float) for each in (found, features))
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosines.mean() > 0.995


def test_bits_of_orb_remain(features, rng):
    features["descriptor"] = np.frombuffer(rng.bytes(32 * 300), np.uint8).reshape(300, 32)
    found = codec.unpack_features(codec.pack_features(features, FeatureKind.ORB), FeatureKind.ORB)
    assert np.array_equal(found["descriptor"], features["descriptor"])


def test_any_bytes_are_features_that_can_be_compared(rng):
    for kind in FeatureKind:
        found = codec.unpack_features(rng.bytes(codec.PACKED.itemsize * 50), kind)
        assert np.isfinite(found["x"]).all()
        assert not np.isinf(found["depth"]).any()
        assert not (found["depth"] <= 0).any()


def test_no_features_need_no_bytes():
    none = np.zeros(0, FEATURE)
    assert codec.pack_features(none, FeatureKind.NETWORK) == b""
    assert len(codec.unpack_features(b"", FeatureKind.NETWORK)) == 0
