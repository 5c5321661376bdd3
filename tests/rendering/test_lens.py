import cv2
import numpy as np
import pytest

from rendering.camera import pinhole
from rendering.lens import Lens, through, wide_size

SIZE = (64, 48)
K = np.array([[30.0, 0, 31], [0, 31.0, 24], [0, 0, 1]])
LENSES = [
    Lens("plumb_bob", K, np.array([-0.2, 0.03, 0.001, -0.002, 0.0]), SIZE),
    Lens("rational_polynomial", K, np.array([0.3, 0.05, 0.001, 0.0, 0.003, 0.5, 0.08, 0.004]), SIZE),
    Lens("equidistant", K, np.array([0.02, -0.01, 0.003, -0.001]), SIZE),
]


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.distortion_model)
def test_the_ray_of_each_pixel_is_projected_to_it(lens):
    rays = lens.rays().reshape(-1, 2)
    x, y = lens.project(np.insert(rays, 2, 1.0, axis=1) * 7.0).reshape(48, 64, 2).transpose(2, 0, 1)
    assert x == pytest.approx(np.broadcast_to(np.arange(64), (48, 64)), abs=0.01)
    assert y == pytest.approx(np.broadcast_to(np.arange(48)[:, None], (48, 64)), abs=0.01)


def test_an_equidistant_lens_has_radii_proportional_to_the_angle():
    lens = Lens("equidistant", np.diag([30.0, 30.0, 1.0]), np.zeros(4), (1, 1))
    angles = np.array([0.1, 0.5, 1.2])
    points = np.stack([np.sin(angles), 0 * angles, np.cos(angles)], axis=1)
    assert lens.project(points)[:, 0] == pytest.approx(30 * angles)


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.distortion_model)
def test_a_point_of_the_wide_image_is_where_the_lens_projects_it(lens):
    focal = 40.0
    size = wide_size([lens], focal)
    wide = pinhole(size, focal)
    for ray in ((0.3, -0.2, 1.0), (-0.6, 0.4, 1.0)):
        column, row = (wide @ ray)[:2]
        y, x = np.mgrid[: size[1], : size[0]]
        spot = np.exp(-((x - column) ** 2 + (y - row) ** 2) / 8.0)
        image, depth = through(lens, np.uint8(255 * spot), wide, np.float32(spot > 0.5) * 9.0)
        weights = image.astype(float) ** 2
        found = [np.sum(weights * grid) / weights.sum() for grid in np.meshgrid(np.arange(64), np.arange(48))]
        expected = lens.project(np.array([ray]))[0]
        assert found == pytest.approx(expected, abs=0.15)
        assert depth[tuple(np.round(expected).astype(int)[::-1])] == 9.0
        assert set(np.unique(depth)) == {0.0, 9.0}


def test_the_wide_image_shows_all_that_the_lens_shows():
    lens = LENSES[2]
    size = wide_size([lens], 40.0)
    image, _ = through(lens, np.full((size[1], size[0]), 255, np.uint8), pinhole(size, 40.0))
    assert image.min() == 255
    less = np.full((size[1] - 12, size[0]), 255, np.uint8)
    assert through(lens, less, pinhole((size[0], size[1] - 12), 40.0))[0].min() < 255


def test_a_distortion_that_folds_the_image_is_refused():
    with pytest.raises(ValueError, match="invertible"):
        Lens("plumb_bob", K, np.array([-0.9, 0.0, 0.0, 0.0, 0.0]), SIZE).rays()
    with pytest.raises(ValueError, match="'fov'"):
        Lens("fov", K, np.zeros(5), SIZE).rays()


def test_the_same_image_comes_through_a_lens_without_distortion():
    image = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8), (0, 0), 3
    )
    seen, _ = through(Lens("plumb_bob", K, np.zeros(5), SIZE), image, K)
    assert np.abs(seen[1:-1, 1:-1].astype(int) - image[1:-1, 1:-1]).max() <= 2
