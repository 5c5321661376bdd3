import numpy as np
import pytest

from place_recognition_ros.loops.camera_model import is_calibrated, project, rays
from tests.loops.scenes import MODELS, camera_of


@pytest.fixture
def pixels(rng):
    return rng.uniform(0, 1, (500, 2)) * (639, 479)


@pytest.mark.parametrize("model", list(MODELS))
def test_rays_project_to_their_pixels(model, pixels):
    camera = camera_of(model)
    found = rays(camera, pixels)
    assert np.isfinite(found.points).all()
    np.testing.assert_allclose(project(camera, found.points), pixels, atol=1e-3)


@pytest.mark.parametrize("model", list(MODELS))
def test_per_pixel_is_the_derivative(model, pixels):
    camera = camera_of(model)
    found = rays(camera, pixels)
    for axis in range(2):
        step = np.eye(2)[axis] * 0.5
        change = rays(camera, pixels + step).points - rays(camera, pixels - step).points
        np.testing.assert_allclose(found.per_pixel[:, :, axis], change, rtol=0.02, atol=1e-5)


def test_the_fisheye_model_is_that_of_its_paper():
    """Kannala and Brandt: the distance to the centre is a polynomial of the angle to the axis."""
    camera = camera_of("equidistant")
    angle = 1.0
    powers = angle ** np.array([3, 5, 7, 9])
    radius = 400 * (angle + powers @ camera.distortion)
    np.testing.assert_allclose(
        project(camera, np.array([(np.tan(angle), 0.0)])), [(319.5 + radius, 239.5)], atol=1e-6
    )


def test_invalid_pixels_have_no_ray():
    camera = camera_of("plumb_bob")
    found = rays(camera, [(np.nan, 5.0), (np.inf, 5.0), (1e30, 5.0), (320.0, 240.0)])
    np.testing.assert_array_equal(np.isfinite(found.points).all(axis=1), [False, False, False, True])


def test_pixels_outside_the_valid_field_have_no_ray():
    """A barrel distortion folds: no ray reaches the pixels beyond its largest radius."""
    camera = camera_of("plumb_bob")._replace(distortion=np.array([-0.5, 0.0, 0.0, 0.0, 0.0]))
    radius = np.sqrt(1 / 1.5)  # where r (1 − 0.5 r²) is largest
    largest = 400 * radius * (1 - 0.5 * radius**2)
    inside, outside = rays(camera, [(319.5 + 0.97 * largest, 239.5), (319.5 + 1.03 * largest, 239.5)]).points
    assert 0 < inside[0] < radius
    assert np.isnan(outside).all()


def test_rays_far_from_the_axis_are_dropped():
    camera = camera_of("equidistant", width=2000)._replace(distortion=np.zeros(4))
    centre, step = 999.5, 400 * np.radians(1)
    points = rays(camera, [(centre + degrees * step, 239.5) for degrees in (70, 80, 95)]).points
    np.testing.assert_array_equal(np.isfinite(points[:, 0]), [True, False, False])
    assert np.degrees(np.arctan(points[0, 0])) == pytest.approx(70, abs=0.01)


@pytest.mark.parametrize("model", list(MODELS))
def test_no_pixels(model):
    assert rays(camera_of(model), np.zeros((0, 2))).points.shape == (0, 2)


@pytest.mark.parametrize("model", list(MODELS))
def test_a_usual_calibration_is_usable(model):
    assert is_calibrated(camera_of(model))
    assert is_calibrated(camera_of(model)._replace(distortion=None))


def intrinsics(**changed):
    matrix = camera_of().intrinsics.copy()
    for name, value in changed.items():
        matrix[int(name[1]), int(name[2])] = value
    return matrix


@pytest.mark.parametrize(
    "change",
    [
        {"intrinsics": None},
        {"intrinsics": np.zeros((3, 3))},
        {"intrinsics": np.eye(4)},
        {"intrinsics": intrinsics(k00=np.nan)},
        {"intrinsics": intrinsics(k00=-400.0)},
        {"intrinsics": intrinsics(k00=1e9)},
        {"intrinsics": intrinsics(k11=5.0)},
        {"intrinsics": intrinsics(k02=5000.0)},
        {"intrinsics": intrinsics(k22=0.0)},
        {"intrinsics": "text"},
        {"distortion": np.zeros(3)},
        {"distortion": np.full(5, np.nan)},
        {"distortion_model": "omnidirectional"},
        {"distortion_model": "equidistant"},
        {"width": 0},
        {"height": -1},
    ],
    ids=str,
)
def test_a_calibration_without_sense_is_not_usable(change):
    assert not is_calibrated(camera_of("plumb_bob")._replace(**change))


def test_an_unknown_camera_is_not_calibrated():
    assert not is_calibrated(None)
