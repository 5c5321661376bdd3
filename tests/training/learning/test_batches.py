"""Batches: their records, and that they depend only on seed and step."""

import numpy as np
import pytest

pytest.importorskip("pydantic")

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.data import PlaceRules, Places, Record
from training.learning.augmentation import Augmentation, AugmentationConfig
from training.learning.augmented_input import AugmentedInput
from training.learning.batches import Batches, Loader
from training.learning.config import BatchConfig
from training.learning.distribution import SINGLE_PROCESS, ProcessShare

SPEC = InputSpec(12, 16, 3, "RGB", "NHWC", (127.5,) * 3, (127.5,) * 3)
WALK = [Record(f"{second}.png", sequence="walk", time=float(second)) for second in range(30)]
RULES = PlaceRules(positive_seconds=2.0, guard_seconds=6.0)
UNCHANGED = AugmentationConfig(geometric=0, photometric=0)


def images(count):
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (12, 16, 3), dtype=np.uint8) for _ in range(count)]


def make(
    records=WALK, rules=RULES, shares=None, augmentation=UNCHANGED, seed=0, part=SINGLE_PROCESS, **config
):
    config = BatchConfig(**{"queries": 4, "positives": 2, "negatives": 2, "hardest": 3, **config})
    shares = np.ones(len(records)) if shares is None else shares
    augment = Augmentation(augmentation)
    views = AugmentedInput(images(len(records)), augment, SPEC)
    return Batches(Places(records, rules), shares, views, config, seed, part)


def test_batches_depend_on_seed_and_step():
    strong = AugmentationConfig()
    batch = make(augmentation=strong)[7]
    for field, again in zip(batch, make(augmentation=strong)[7]):
        np.testing.assert_array_equal(field, again)
    assert (batch.indices != make(augmentation=strong)[8].indices).any()
    assert (batch.indices != make(augmentation=strong, seed=1)[7].indices).any()


def test_positives_and_negatives_have_the_right_labels():
    batches = make()
    for step in range(20):
        indices = batches[step].indices.reshape(4, 5)
        assert len(set(indices[:, 0])) == 4
        apart = np.abs(indices[:, 1:] - indices[:, :1])
        assert (apart[:, :2] <= 2).all()
        assert (apart[:, 2:] > 6).all()


def test_unknown_pairs_are_neither_same_nor_different():
    batch = make()[0]
    apart = np.abs(batch.indices[:, None] - batch.indices[None])
    np.testing.assert_array_equal(batch.same, apart <= 2)
    np.testing.assert_array_equal(batch.different, apart > 6)
    assert ((apart > 2) & (apart <= 6)).any()


@pytest.mark.parametrize("neighbours", [0.0, 1.0])
def test_positives_are_neighbours_or_the_image_itself(neighbours):
    indices = make(neighbours=neighbours)[0].indices.reshape(4, 5)
    assert (np.equal(indices[:, 1:3], indices[:, :1]) == (neighbours == 0.0)).all()


@pytest.mark.parametrize("visits", [0.0, 1.0])
def test_positives_of_a_labelled_place_are_other_visits_or_the_image_itself(visits):
    records = [Record(f"{view}.png", place=str(view // 2)) for view in range(12)]
    indices = make(records, visits=visits, neighbours=1.0 - visits)[0].indices.reshape(4, 5)
    assert (np.equal(indices[:, 1:3], indices[:, :1]) == (visits == 0.0)).all()
    assert (indices[:, 1:3] // 2 == indices[:, :1] // 2).all()


def test_a_place_with_one_image_has_itself_as_positive():
    records = [Record(f"{place}.png", place=str(place)) for place in range(6)]
    indices = make(records, neighbours=1.0)[0].indices.reshape(4, 5)
    assert (indices[:, 1:3] == indices[:, :1]).all()


def test_missing_negatives_are_replaced_by_positives():
    alone, *others = (Record(f"{view}.png", place="alone" if view == 0 else "other") for view in range(6))
    batches = make([alone, *others], negatives=3)
    batch = batches[0]
    assert len(batch.indices) == batches.size == 4 * 6
    for query, _, _, *last in batch.indices.reshape(4, 6):
        if query == 0:
            assert min(last) > 0
        else:
            assert last[0] == 0
            assert min(last[1:]) > 0


def test_mined_negatives_are_the_most_similar_different_ones():
    batches = make(negatives=3, hardest=3)
    random = np.random.default_rng(2)
    batches.mined = random.normal(size=(30, 8)).astype(np.float32)
    number = np.arange(30)
    for query, *others in batches[3].indices.reshape(4, 6):
        different = np.abs(number - query) > 6
        ranked = np.argsort(-np.where(different, batches.mined @ batches.mined[query], -np.inf))
        assert set(others[2:]) == set(ranked[:3])


def test_hard_queries_are_similar_to_the_previous_one():
    batches = make(negatives=0, hard_queries=1.0, hardest=1)
    batches.mined = np.random.default_rng(2).normal(size=(30, 8)).astype(np.float32)
    queries = batches[0].indices.reshape(4, 3)[:, 0]
    for place in range(1, 4):
        allowed = np.abs(np.arange(30) - queries[place - 1]) > 6
        allowed[queries[:place]] = False
        similarity = np.where(allowed, batches.mined @ batches.mined[queries[place - 1]], -np.inf)
        assert similarity[queries[place]] >= np.sort(similarity)[-4]  # nor are later queries used


def test_queries_are_drawn_by_their_shares():
    shares = np.where(np.arange(30) < 5, 1.0, 0.0)
    queries = [make(shares=shares)[step].indices.reshape(4, 5)[:, 0] for step in range(5)]
    assert np.max(queries) < 5


def test_processes_compute_the_rows_of_one_batch():
    strong = AugmentationConfig()
    whole = make(augmentation=strong)[2]
    parts = [make(augmentation=strong, part=ProcessShare(process, 2))[2] for process in range(2)]
    for part in parts:
        np.testing.assert_array_equal(part.indices, whole.indices)
    for field in ("images", "same", "different"):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, field) for part in parts]), getattr(whole, field)
        )


def test_refuses_a_batch_larger_than_the_set():
    with pytest.raises(ValueError, match=r"at least batch.queries=4 images.*Received: 3"):
        make(WALK[:3])


def test_refuses_a_set_without_negatives():
    with pytest.raises(ValueError, match=r"different places.*Received: 5 images without"):
        make(WALK[:5])


def test_the_loader_keeps_the_order():
    batches = make(augmentation=AugmentationConfig())
    loader = Loader(batches)
    try:
        for step in range(8):
            if step == 5:
                loader.forget()
            for field, expected in zip(loader[step], batches[step]):
                np.testing.assert_array_equal(field, expected)
    finally:
        loader.close()


def test_the_loader_discards_batches_of_older_descriptors():
    batches = make()
    loader = Loader(batches)
    try:
        loader[0]
        batches.mined = np.random.default_rng(2).normal(size=(30, 8)).astype(np.float32)
        loader.forget()
        np.testing.assert_array_equal(loader[1].indices, batches[1].indices)
    finally:
        loader.close()
