"""Calibrations that a camera_info can hold, and those that are refused."""

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo

from place_recognition_ros.errors import CameraError
from place_recognition_ros.loops.camera_model import is_calibrated
from place_recognition_ros.stream.camera_info import to_camera
from tests.ros.camera import changed, to_camera_info

K = [500.0, 0, 310, 0, 505, 245, 0, 0, 1]
FIVE = [0.1, -0.2, 0.001, 0.002, 0.05]


def camera(width=640, height=480, rectified=False, frame_id="optical", roi=(), **fields):
    message = changed(to_camera_info(K, 640, 480, D=FIVE), **fields)
    for name, value in dict(roi).items():
        setattr(message.roi, name, value)
    return to_camera(message, width, height, frame_id, rectified)


def refuse(match, **options):
    with pytest.raises(CameraError, match=match):
        camera(**options)


def test_a_calibration_is_read_as_it_is():
    found = camera()
    assert found[:4] == (640, 480, "optical", "plumb_bob")
    assert found.intrinsics.ravel().tolist() == K
    assert found.distortion.tolist() == FIVE


def test_the_frame_of_the_image_precedes_that_of_the_message():
    assert camera(frame_id="").frame_id == "camera_optical"


@pytest.mark.parametrize(
    "model, count",
    [
        *(("plumb_bob", 4), ("plumb_bob", 5), ("rational_polynomial", 8), ("rational_polynomial", 12)),
        *(("rational_polynomial", 14), ("equidistant", 4)),
    ],
)
def test_distortion_models_with_their_numbers_are_accepted(model, count):
    found = camera(distortion_model=model, D=[0.01] * count)
    assert (found.distortion_model, len(found.distortion)) == (model, count)


@pytest.mark.parametrize("model", ["", "plumb_bob", "equidistant", "rational_polynomial"])
def test_without_numbers_in_d_there_is_no_distortion(model):
    found = camera(distortion_model=model, D=[])
    assert not found.distortion.any()
    assert found.distortion_model == (model or "plumb_bob")


def test_of_a_rectified_image_p_is_the_calibration():
    found = camera(rectified=True, P=[400, 0, 320, -48, 0, 410, 240, 0, 0, 0, 1, 0], D=FIVE)
    assert found.intrinsics.ravel().tolist() == [400, 0, 320, 0, 410, 240, 0, 0, 1]
    assert (found.distortion_model, found.distortion.any()) == ("plumb_bob", False)


def test_of_a_rectified_image_k_and_d_may_be_anything():
    p = [400, 0, 320, 0, 0, 410, 240, 0, 0, 0, 1, 0]
    assert camera(rectified=True, P=p, K=[0] * 9, D=[1, 2], distortion_model="?").intrinsics[0, 0] == 400


def test_binned_pixels_are_larger():
    found = camera(320, 240, binning_x=2, binning_y=2)
    # the centre of the first binned pixel is between the first two pixels of the sensor
    assert found.intrinsics.ravel().tolist() == [250, 0, 154.75, 0, 252.5, 122.25, 0, 0, 1]


def test_the_origin_of_a_region_of_interest_is_its_corner():
    found = camera(400, 300, roi={"x_offset": 100, "y_offset": 80, "width": 400, "height": 300})
    assert found.intrinsics[:2, 2].tolist() == [210, 165]
    assert found.intrinsics[0, 0] == 500


def test_a_point_is_projected_into_the_binned_region_where_its_pixel_is():
    """The sensor's pixel of a point, cut out and binned with OpenCV, is where the calibration projects it."""
    pixel = np.array([331, 282])  # of the sensor
    image = np.zeros((480, 640), np.float32)
    image[pixel[1], pixel[0]] = 1
    binned = cv2.resize(image[100:400, 50:650][:, :500], (125, 75), interpolation=cv2.INTER_AREA)
    row, column = np.unravel_index(binned.argmax(), binned.shape)
    roi = {"x_offset": 50, "y_offset": 100, "width": 500, "height": 300}
    found = camera(125, 75, binning_x=4, binning_y=4, roi=roi)
    ray = np.linalg.inv(np.reshape(K, (3, 3))) @ [*pixel, 1]
    projected = found.intrinsics @ ray
    assert np.abs(projected[:2] / projected[2] - (column, row)).max() <= 0.5


def test_a_size_that_binning_does_not_divide_is_rounded_either_way():
    for width in (213, 214):
        assert camera(width, 160, binning_x=3, binning_y=3).width == width


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "k",
    [
        [0.0] * 9,
        [NAN, *K[1:]],
        [*K[:2], INF, *K[3:]],
        [-500.0, *K[1:]],
        [*K[:4], 0.0, *K[5:]],
        [500.0, 3.0, *K[2:]],
        [*K[:8], 0.0],
        [*K[:6], 0.1, 0, 1],
        [1.0, *K[1:]],
        [1e9, *K[1:]],
        [500, 0, 310, 0, 50000, 245, 0, 0, 1],
        [500, 0, 310, 0, 100, 245, 0, 0, 1],
        [500, 0, -400, 0, 505, 245, 0, 0, 1],
        [500, 0, 310, 0, 505, 1e12, 0, 0, 1],
    ],
    ids=str,
)
def test_a_nonsensical_k_is_refused(k):
    refuse("expected (K of the form|focal lengths|a principal point)", K=k)


def test_a_nonsensical_p_is_refused_if_images_are_rectified():
    refuse("expected P of the form", rectified=True, P=[0.0] * 12)


@pytest.mark.parametrize("width, height", [(641, 480), (640, 360), (480, 640), (320, 240), (1, 1)])
def test_a_calibration_of_another_size_is_refused(width, height):
    refuse(r"expected the (width|height) of the image", width=width, height=height)


def test_a_region_outside_the_sensor_is_refused():
    refuse("expected the width", width=400, roi={"x_offset": 300, "width": 400})
    refuse("expected the height", roi={"y_offset": 2**32 - 1, "height": 480})


def test_a_binning_that_does_not_fit_is_refused():
    refuse("binning 2", binning_x=2)
    refuse("binning 4294967295", binning_y=2**32 - 1)


@pytest.mark.parametrize("size", [{"width": 0}, {"height": 0}])
def test_a_calibration_without_a_size_is_refused(size):
    with pytest.raises(CameraError, match="expected a size of the camera"):
        to_camera(changed(to_camera_info(K, 640, 480), **size), 640, 480, "optical", False)


@pytest.mark.parametrize("model", ["brown_conrady", "Plumb_Bob", "fisheye", "plumb bob", "\x00"])
def test_an_unknown_distortion_model_is_refused_by_name(model):
    refuse("distortion models plumb_bob, rational_polynomial, equidistant", distortion_model=model)


def test_numbers_in_d_without_a_model_are_refused():
    refuse("Received: ''", distortion_model="")


@pytest.mark.parametrize(
    "model, count", [("plumb_bob", 3), ("plumb_bob", 8), ("rational_polynomial", 5), ("equidistant", 5)]
)
def test_a_wrong_number_of_coefficients_is_refused(model, count):
    refuse(rf"numbers in D of {model}\. Received: {count}", distortion_model=model, D=[0.01] * count)


@pytest.mark.parametrize("value", [NAN, INF, -INF, 1e300])
def test_coefficients_that_are_not_finite_are_refused(value):
    refuse("finite numbers in D", D=[0.1, value, 0, 0, 0])


def test_whatever_is_accepted_is_a_calibration_for_the_geometry(rng):
    """Otherwise a camera would have no poses, and nothing would report why."""
    accepted = 0
    for _ in range(3000):
        width, height = rng.integers(1, 2000, 2).tolist()
        k = np.diag(10.0 ** rng.uniform(-1, 5) * rng.uniform(0.4, 1, 3))
        k[:2, 2], k[2, 2] = rng.uniform(-2, 3, 2) * (width, height), 1
        model = ["plumb_bob", "rational_polynomial", "equidistant", ""][rng.integers(4)]
        distortion = 10.0 ** rng.uniform(-3, 5) * rng.standard_normal([0, 4, 5, 8, 12, 14][rng.integers(6)])
        message = to_camera_info(k.ravel(), width, height, D=distortion, distortion_model=model)
        try:
            found = to_camera(message, width, height, "optical", False)
        except CameraError:
            continue
        accepted += 1
        assert is_calibrated(found)
    assert accepted > 50


def test_an_empty_message_is_refused():
    with pytest.raises(CameraError):
        to_camera(CameraInfo(), 640, 480, "optical", False)
