import numpy as np
import pytest

from place_recognition_ros.loops.matching import (
    MAX_HAMMING,
    MIN_COSINE,
    match_features,
)
from place_recognition_ros.types import FEATURE, FeatureKind
from tests.loops.scenes import vectors


@pytest.fixture
def features(rng):
    """``features(descriptors)`` → (N,) FEATURE at random positions."""

    def features(descriptors):
        found = np.zeros(len(descriptors), FEATURE)
        found["x"], found["y"] = rng.uniform(0, 400, (2, len(descriptors)))
        found["descriptor"] = descriptors
        return found

    return features


def bits(rng, count):
    return rng.integers(0, 256, (count, 32)).astype(np.uint8)


@pytest.mark.parametrize(("kind", "draw"), [(FeatureKind.ORB, bits), (FeatureKind.NETWORK, vectors)])
def test_the_same_features_match_in_any_order(rng, features, kind, draw):
    query, order = features(draw(rng, 80)), rng.permutation(80)
    found = match_features(query, query[order], kind)
    assert sorted(found.query) == list(range(80))
    np.testing.assert_array_equal(order[found.match], found.query)
    assert not found.repeated.any()


def test_network_features_equal_brute_force(rng, features):
    a, b = vectors(rng, 60), vectors(rng, 70)
    mixed = 0.45 * a.view(np.int8) + 0.9 * b[:60].view(np.int8)  # each is similar to one of a and one of b
    query, match = features(np.rint(mixed * 0.9).astype(np.int8).view(np.uint8)), features(b)
    cosine = query["descriptor"].view(np.int8).astype(int) @ b.view(np.int8).astype(int).T / 127**2
    expected = {
        (i, j)
        for i, j in enumerate(cosine.argmax(axis=1))
        if cosine[:, j].argmax() == i and cosine[i, j] >= MIN_COSINE
    }
    found = match_features(query, match, FeatureKind.NETWORK)
    assert set(zip(found.query, found.match)) == expected


def test_the_most_similar_matches_are_first(rng, features):
    query = vectors(rng, 50)
    blurred = query.view(np.int8) + rng.normal(0, np.linspace(0, 12, 50)[:, None], (50, 32))
    match = np.rint(np.clip(blurred, -127, 127)).astype(np.int8).view(np.uint8)
    found = match_features(features(query), features(match), FeatureKind.NETWORK)
    cosine = (query[found.query].view(np.int8).astype(int) * match[found.match].view(np.int8)).sum(axis=1)
    assert (np.diff(cosine) <= 0).all()


def test_orb_features_with_too_many_different_bits_do_not_match(rng, features):
    query = bits(rng, 2)
    match = query.copy()
    match[0, : MAX_HAMMING // 8] ^= 255
    match[1, : MAX_HAMMING // 8 + 1] ^= 255
    np.testing.assert_array_equal(
        match_features(features(query), features(match), FeatureKind.ORB).query, [0]
    )


def test_ambiguous_orb_features_do_not_match(rng, features):
    query = bits(rng, 2)
    match = np.stack([query[0], query[0], query[1]])
    match[0, 0] ^= 1
    match[1, 1] ^= 1  # both as far from the query
    np.testing.assert_array_equal(
        match_features(features(query), features(match), FeatureKind.ORB).query, [1]
    )


def test_network_features_with_a_copy_elsewhere_are_repeated(rng, features):
    query = vectors(rng, 30)
    copies = query[:10].copy()
    copies.view(np.int8)[:, 0] ^= 1
    match = features(np.concatenate([query, copies]))
    match["x"][30:] = match["x"][:10] + 100
    found = match_features(features(query), match, FeatureKind.NETWORK)
    assert set(found.query[found.repeated]) == set(range(10))
    match["x"][30:], match["y"][30:] = match["x"][:10] + 2, match["y"][:10]
    assert not match_features(features(query), match, FeatureKind.NETWORK).repeated.any()


@pytest.mark.parametrize("kind", [FeatureKind.ORB, FeatureKind.NETWORK])
@pytest.mark.parametrize("counts", [(0, 0), (0, 9), (9, 0), (1, 1), (1, 9), (9, 1)])
def test_too_few_features_do_not_match(rng, features, kind, counts):
    found = match_features(*[features(bits(rng, count)) for count in counts], kind)
    assert [len(each) for each in found] == [0, 0, 0]


@pytest.mark.parametrize(("kind", "draw"), [(FeatureKind.ORB, bits), (FeatureKind.NETWORK, vectors)])
def test_without_repeated_the_matches_are_the_same(rng, features, kind, draw):
    once = draw(rng, 40)
    query, match = features(once), features(np.concatenate([once, once]))
    if kind == FeatureKind.ORB:
        match["descriptor"][40:] = draw(rng, 40)  # the ratio test rejects copies
    whole, fast = match_features(query, match, kind), match_features(query, match, kind, with_repeated=False)
    np.testing.assert_array_equal(fast.query, whole.query)
    np.testing.assert_array_equal(fast.match, whole.match)
    assert len(fast.query) == 40
    assert not fast.repeated.any()
