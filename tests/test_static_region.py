"""What never changes while the camera moves is learned; what changes, or only seems to stay, is not."""

import cv2
import numpy as np
import pytest

from benchmarks.scenes import Place
from place_recognition_ros.poses import Pose
from place_recognition_ros.static_region import NEEDED, StaticRegion

HEIGHT, WIDTH = 240, 320
RANDOM = np.random.default_rng(7)
TEXTURE = cv2.resize(
    RANDOM.integers(0, 256, (12, 40, 3), np.uint8), (WIDTH, 96), interpolation=cv2.INTER_NEAREST
)


def views(count, first=0):
    return [Place(first + number).image() for number in range(count)]


def with_hood(image, rows=72):
    covered = image.copy()
    covered[HEIGHT - rows :] = TEXTURE[:rows]
    return covered


def learned(images, region=None):
    region = region or StaticRegion()
    for image in images:
        region.observe(image)
    return region


def test_a_hood_is_learned_where_it_is():
    cells = learned(with_hood(each) for each in views(NEEDED + 1)).cells
    rows = len(cells)
    assert cells[int(0.75 * rows) :].mean() > 0.9
    assert not cells[: int(0.6 * rows)].any()


def test_nothing_is_known_before_enough_different_views():
    assert not learned(with_hood(each) for each in views(NEEDED)).cells.any()


def test_a_time_stamp_over_the_scene_is_learned():
    images = views(30)
    for image in images:
        cv2.rectangle(image, (4, 4), (190, 22), (0, 0, 0), -1)
        cv2.putText(image, "CAM 3 2024-06-11", (6, 19), 0, 0.5, (255, 255, 255), 1)
    cells = learned(images).cells
    assert cells[0, :8].mean() > 0.5
    assert cells[3:].sum() == 0


def test_different_places_have_nothing_in_common():
    assert not learned(views(40)).cells.any()


def test_a_camera_that_stands_still_learns_nothing():
    random = np.random.default_rng(0)
    noise = [random.normal(0, 2, (HEIGHT, WIDTH, 3)) for _ in range(5)]
    scene = Place(3).image()
    images = [np.clip(scene + noise[row % 5], 0, 255).astype(np.uint8) for row in range(40)]
    assert not learned(images).cells.any()


def test_a_robot_whose_pose_stays_learns_nothing_from_what_moves_past_it():
    region = StaticRegion()
    for image in views(40):
        region.observe(with_hood(image), Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0])))
    assert not region.cells.any()


def test_a_robot_whose_pose_changes_learns():
    region = StaticRegion()
    for row, image in enumerate(views(20)):
        region.observe(with_hood(image), Pose(np.array([row, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])))
    assert region.cells.any()


def test_lines_towards_a_vanishing_point_are_not_learned():
    """Floor and ceiling of a corridor stay in place; its doors and lamps do not."""
    random = np.random.default_rng(1)
    images = []
    for _ in range(40):
        image = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)
        for corner in ((0, 0), (WIDTH, 0), (0, HEIGHT), (WIDTH, HEIGHT)):
            cv2.line(image, (WIDTH // 2, HEIGHT // 2), corner, (20, 20, 20), 3)
        for x in random.integers(0, WIDTH, 8):
            half = abs(int(x) - WIDTH // 2) // 2
            cv2.rectangle(
                image,
                (int(x), HEIGHT // 2 - half),
                (int(x) + half // 2, HEIGHT // 2 + half),
                (90, 60, 40),
                -1,
            )
        images.append(image)
    assert learned(images).cells.mean() < 0.01


def test_structure_in_the_middle_of_the_image_is_not_learned():
    images = views(30)
    for image in images:
        image[100:148, 130:190] = TEXTURE[:48, :60]
    assert not learned(images).cells.any()


def test_an_arm_that_moved_away_is_forgotten():
    region = learned([with_hood(each) for each in views(30)])
    assert region.cells.any()
    assert not learned(views(12, first=50), region).cells.any()


def test_a_hood_stays_known_when_it_is_hidden_for_a_moment():
    region = learned([with_hood(each) for each in views(30)])
    before = region.cells
    learned(views(2, first=50), region)
    assert (region.cells & before).sum() > 0.7 * before.sum()


def test_another_image_size_begins_again():
    region = learned([with_hood(each) for each in views(30)])
    region.observe(np.zeros((320, 240), np.uint8))
    assert not region.cells.any()


def test_what_seems_static_nearly_everywhere_is_not_used():
    region = StaticRegion()
    scene = Place(0).image()
    for image in views(40, first=60):
        shown = scene.copy()
        shown[:, :110] = image[:, :110]
        region.observe(shown)
    assert not region.cells.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 2, 3), (3, 5), (1080, 1920, 3)])
def test_images_of_any_shape_are_accepted(shape):
    region = StaticRegion()
    random = np.random.default_rng(0)
    for _ in range(NEEDED + 2):
        region.observe(random.integers(0, 256, shape, np.uint8))
    assert region.cells.ndim == 2
