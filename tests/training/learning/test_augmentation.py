"""Augmentation and its preview."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

pytest.importorskip("albumentations", reason="training needs requirements/training.txt")
pydantic = pytest.importorskip("pydantic", reason="training needs requirements/training.txt")

from training.learning.augmentation import Augmentation, AugmentationConfig  # noqa: E402
from training.learning.preview import contact_sheet, write_preview  # noqa: E402

STRENGTHS = (0.01, 0.1, 0.5, 1.0, 1.5, 2.0)


@pytest.fixture(scope="module")
def scene():
    """(96, 128, 3) uint8: smooth shapes with detail on them."""
    random = np.random.default_rng(0)
    coarse = cv2.resize(random.integers(30, 220, (6, 8, 3)).astype(np.uint8), (128, 96))
    return np.clip(coarse + random.normal(0, 12, (96, 128, 3)), 0, 255).astype(np.uint8)


def similarity(one, other):
    """Correlation of two images at a coarse resolution."""
    small = [
        cv2.resize(image, (16, 12), interpolation=cv2.INTER_AREA).mean(axis=2).ravel()
        for image in (one, other)
    ]
    return np.corrcoef(*small)[0, 1]


def difference(augment, scene, seeds=40):
    """Mean change of a pixel, 0 to 255."""
    return np.mean([np.abs(augment(scene, seed).astype(float) - scene).mean() for seed in range(seeds)])


@pytest.mark.parametrize("strength", STRENGTHS)
def test_size_and_type_are_kept_at_any_strength(scene, strength):
    augment = Augmentation(AugmentationConfig(geometric=strength, photometric=strength, rotation_degrees=20))
    for seed in range(40):
        altered = augment(scene, seed)
        assert altered.shape == scene.shape
        assert altered.dtype == np.uint8


def test_equal_seeds_give_equal_results(scene):
    config = AugmentationConfig(rotation_degrees=10)
    first, second = Augmentation(config), Augmentation(config)
    expected = [first(scene, seed) for seed in range(60)]
    for seed in reversed(range(60)):
        np.testing.assert_array_equal(second(scene, seed), expected[seed])


def test_results_do_not_depend_on_earlier_images(scene):
    augment = Augmentation(AugmentationConfig())
    expected = augment(scene, 5)
    augment(np.ascontiguousarray(scene[:40, :60]), 6)
    np.testing.assert_array_equal(augment(scene, 5), expected)


def test_seeds_differ(scene):
    augment = Augmentation(AugmentationConfig())
    altered = [augment(scene, seed) for seed in range(10)]
    assert len({image.tobytes() for image in altered}) == 10


def test_steps_are_drawn_independently(scene):
    """With one draw for all steps, a fifth of the images would not change, and gray ones by every step."""
    augment = Augmentation(AugmentationConfig(geometric=0))
    altered = [augment(scene, seed) for seed in range(300)]
    unaltered = np.mean([np.array_equal(image, scene) for image in altered])
    grey = np.array([np.ptp(image, axis=2).max(axis=1).mean() < 30 for image in altered])
    fine = np.array([np.abs(np.diff(image.mean(axis=2), axis=1)).mean() for image in altered])
    assert unaltered < 0.03
    assert 0.15 < grey.mean() < 0.35
    assert np.mean(fine[grey] < 5) < 2 * np.mean(fine[~grey] < 5)  # blurred as often


def test_it_is_thread_safe(scene):
    augment = Augmentation(AugmentationConfig(rotation_degrees=10))
    expected = [augment(scene, seed) for seed in range(80)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda seed: augment(scene, seed), range(80)))
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)


def test_the_given_image_is_not_changed(scene):
    augment, before = Augmentation(AugmentationConfig()), scene.copy()
    for seed in range(20):
        augment(scene, seed)
    np.testing.assert_array_equal(scene, before)


def test_strength_0_changes_nothing(scene):
    augment = Augmentation(AugmentationConfig(geometric=0, photometric=0))
    for seed in range(5):
        np.testing.assert_array_equal(augment(scene, seed), scene)


@pytest.mark.parametrize("name", ["geometric", "photometric"])
def test_more_strength_changes_more(scene, name):
    other = {"geometric": "photometric", "photometric": "geometric"}[name]
    changes = [
        difference(Augmentation(AugmentationConfig(**{name: s, other: 0})), scene) for s in (0.2, 1.0, 2.0)
    ]
    assert changes[0] * 1.3 < changes[1]
    assert changes[1] * 1.1 < changes[2]


@pytest.mark.parametrize("rotation", [0, 45])
def test_geometric_changes_add_no_borders_and_no_colours(rotation):
    grey = np.full((60, 80, 3), (90, 140, 200), np.uint8)
    augment = Augmentation(AugmentationConfig(geometric=2, photometric=0, rotation_degrees=rotation))
    for seed in range(30):
        np.testing.assert_array_equal(augment(grey, seed), grey)


def test_photometric_changes_do_not_move_content():
    """A bright left side stays at the left."""
    halves = np.full((60, 80, 3), 70, np.uint8)
    halves[:, :40] = 180
    augment = Augmentation(AugmentationConfig(geometric=0, photometric=1))
    altered = [augment(halves, seed).mean(axis=(0, 2)) for seed in range(40)]
    assert np.mean([columns[:36].mean() > columns[44:].mean() for columns in altered]) >= 0.95


def test_rotation_is_optional_and_limited():
    """The direction of an edge, from the image's gradients, is the angle of rotation."""
    edge = np.zeros((96, 96, 3), np.uint8)
    edge[:, 48:] = 255
    augment = Augmentation(AugmentationConfig(geometric=0, photometric=0, rotation_degrees=30))
    angles = []
    for seed in range(60):
        middle = augment(edge, seed)[32:64, 32:64, 0].astype(float)
        down, right = (np.abs(g).sum() * np.sign(g.sum()) for g in np.gradient(middle))
        angles.append(np.degrees(np.arctan2(down, right)))
    assert np.abs(angles).max() <= 32
    assert min(angles) < -15
    assert max(angles) > 15
    assert 15 < np.sum(np.abs(angles) < 0.5) < 45  # half of them are rotated


def test_strength_1_keeps_images_recognizable(data):
    """At strength 1, nearly every image stays similar at a coarse resolution."""
    paths = (
        sorted((data / "outdoor").rglob("*.webp"))[::400] + sorted((data / "ie_tower").rglob("*.webp"))[::400]
    )
    paths = paths or sorted(data.rglob("*.jpg"))[::400]
    images = [
        cv2.resize(cv2.imread(str(path)), (320, 240), interpolation=cv2.INTER_AREA) for path in paths[:8]
    ]
    augment = Augmentation(AugmentationConfig(geometric=0))
    found = [similarity(image, augment(image, seed)) for image in images for seed in range(20)]
    assert np.mean(np.array(found) > 0.5) > 0.9


@pytest.mark.parametrize(
    "values",
    [
        {"geometric": -0.1},
        {"geometric": 2.1},
        {"photometric": -0.1},
        {"photometric": 2.1},
        {"rotation_degrees": -1},
        {"rotation_degrees": 181},
        {"photometric": float("nan")},
        {"geometric": "strong"},
        {"blur": 1.0},
    ],
    ids=str,
)
def test_unknown_and_out_of_range_values_are_refused(values):
    with pytest.raises(pydantic.ValidationError, match=next(iter(values))):
        AugmentationConfig(**values)


def darker(image, seed):
    return image // np.uint8(seed + 2)


def test_contact_sheet_begins_each_row_with_the_original(scene):
    images = [scene, 255 - scene]
    sheet = contact_sheet(images, darker, copies=3)
    assert sheet.shape == (2 * 96, 4 * 128, 3)
    np.testing.assert_array_equal(sheet[:96, :128], scene)
    np.testing.assert_array_equal(sheet[:96, 3 * 128 :], scene // 4)
    np.testing.assert_array_equal(sheet[96:, :128], 255 - scene)
    np.testing.assert_array_equal(sheet[96:, 128:256], (255 - scene) // 5)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 3), (50, 8)])
def test_preview_shows_evenly_spaced_images(tmp_path, count, rows):
    images = [np.full((12, 16, 3), 5 * index, np.uint8) for index in range(count)]
    path = tmp_path / "sheet.png"
    write_preview(path, images, count, darker)
    sheet = cv2.imread(str(path))
    assert sheet.shape == (12 * rows, 16 * 7, 3)
    originals = sheet[::12, 0, 0] // 5
    assert originals[0] == 0
    assert originals[-1] == count - 1
    assert len(set(originals)) == rows


@pytest.mark.parametrize("name", ["sheet", "sheet.txt"])
def test_preview_refuses_other_file_formats(tmp_path, scene, name):
    with pytest.raises(ValueError, match=r"sheet\.jpg"):
        write_preview(tmp_path / name, [scene], 1, darker)
    assert not list(tmp_path.iterdir())


def test_a_thumbnail_is_gray_and_coarse(scene):
    config = AugmentationConfig(geometric=0, photometric=0, thumbnails=1.0)
    altered = Augmentation(config)(scene, 0)
    assert (altered == altered[..., :1]).all()
    again = cv2.resize(cv2.resize(altered, (64, 32), interpolation=cv2.INTER_AREA), scene.shape[1::-1])
    assert np.abs(again.astype(float) - altered).mean() < 0.1 * scene.std()
    gray = cv2.merge([cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)] * 3)
    assert similarity(altered, gray) > 0.95
