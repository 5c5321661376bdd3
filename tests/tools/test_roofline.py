"""The roofline, by hand and for a network whose roofline is known."""

import pytest

from place_recognition_ros.tools.layers import Layer, read_layers
from place_recognition_ros.tools.roofline import DEVICES, Device, roofline
from tests.tools.small_networks import mobilenet

TX2 = DEVICES["tx2"]


@pytest.mark.parametrize("height, width, milliseconds", [(240, 320, 0.84), (480, 640, 3.35)])
def test_the_known_roofline_of_mobilenet(height, width, milliseconds):
    layers = read_layers(mobilenet(height, width)[0])
    assert 1e3 * roofline(layers, TX2) == pytest.approx(milliseconds, rel=0.02)


def test_a_layer_takes_the_longer_of_two_times():
    device = Device("a GPU", flops=2e3, bandwidth=2e3)
    assert roofline([Layer("Conv", 5000, 100)], device) == 5.0
    assert roofline([Layer("Add", 0, 3000)], device) == 3.0
    assert roofline([Layer("Conv", 5000, 100), Layer("Add", 0, 3000)], device) == 8.0


def test_the_tx2_has_the_figures_of_its_data_sheet():
    assert TX2.flops == pytest.approx(1.33e12, rel=0.01)
    assert TX2.bandwidth == pytest.approx(59.7e9, rel=0.03)
