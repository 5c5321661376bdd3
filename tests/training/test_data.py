"""Readers, augmentation and tasks."""

import numpy as np
import pytest

from place_recognition_ros.descriptor.preprocess import InputSpec
from training.augmentation import change_light, change_view, degrade, other_visit
from training.data import Picture, read_ie_tower, read_outdoor, read_picture, read_training_pictures
from training.tasks import TASKS
from training.visits import Visits

SPEC = InputSpec(24, 32, 3, "RGB", 1 / 127.5, -1.0)


@pytest.fixture
def picture(tmp_path):
    cv2 = pytest.importorskip("cv2")
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    return Picture(tmp_path / "a.png", "set", "walk", 0.0, "here", False, "CC0")


def test_ie_tower_rows(tmp_path):
    (tmp_path / "gt.csv").write_text(
        "file,floor,video,frame_1fps,area,section,repo_split\n"
        "images/a.webp,floor5,f05_hallway,7,hallway,above-ground,gallery\n"
    )
    (found,) = read_ie_tower(tmp_path)
    assert found == Picture(
        tmp_path / "images/a.webp", "ie_tower", "f05_hallway", 7.0, "above-ground", True, "MIT"
    )


def test_outdoor_rows(tmp_path):
    (tmp_path / "gt.csv").write_text("file,sequence,order,licence\nimages/a.webp,dawn,20,CC0\n")
    (found,) = read_outdoor(tmp_path)
    assert found == Picture(tmp_path / "images/a.webp", "outdoor", "dawn", 20.0, "dawn", False, "CC0")


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_picture_that_does_not_decode_is_named(tmp_path, content):
    path = tmp_path / "broken.webp"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        read_picture(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda image, random: change_view(image, random, 0.3),
        lambda image, random: change_light(image, random, 1.0),
        degrade,
        other_visit,
    ],
)
def test_augmentation_is_repeatable_and_keeps_the_size(change):
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    for seed in range(5):
        once, again = (change(image, np.random.default_rng(seed)) for _ in range(2))
        assert once.shape == image.shape
        assert once.dtype == np.uint8
        np.testing.assert_array_equal(once, again)


def test_visits_are_the_original_then_others(picture):
    visits = Visits([picture, picture], SPEC, copies=2)
    first, second = visits
    assert first.shape == (3, 24, 32, 3)
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[1], second[1])
    np.testing.assert_array_equal(first, next(iter(visits)))


def test_training_sets_are_the_ones_that_may_train(data):
    pictures = read_training_pictures(data)
    assert {picture.dataset for picture in pictures} == {"ie_tower", "outdoor"}
    sequences = {
        held_out: {picture.sequence for picture in pictures if picture.held_out is held_out}
        for held_out in (False, True)
    }
    assert not sequences[False] & sequences[True]
    assert 0.2 < np.mean([picture.held_out for picture in pictures]) < 0.35


@pytest.mark.parametrize("name", sorted(TASKS))
def test_tasks_have_answers(data, name):
    for task in TASKS[name](data):
        shape = (len(task.queries), len(task.references))
        assert task.right.shape == task.ignored.shape == shape
        assert (task.right & ~task.ignored).any(axis=1).mean() > 0.8
        assert task.queries[0]().ndim == 3


def test_koe_landmarks_names_places_alike_in_both_parts(data):
    new, everything = TASKS["koe_landmarks"](data)
    assert (len(new.queries), len(everything.queries)) == (48, 78)
    assert everything.right.any(axis=1).all()
