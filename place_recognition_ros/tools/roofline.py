"""The least time in which a GPU could run a network, from its arithmetic and its memory traffic.

A layer takes the longer of two times: its arithmetic at the GPU's peak rate, or its weights and activations
at the memory's bandwidth (Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009). A real engine
takes longer.
"""

from typing import List, NamedTuple

from place_recognition_ros.tools.layers import Layer

_BYTES = 2  # of a number in half precision


class Device(NamedTuple):
    """A GPU in its fastest mode."""

    name: str
    flops: float  # FP16 operations per second; a multiply-add is two
    bandwidth: float  # bytes per second


DEVICES = {
    # 256 cores with two FP16 lanes each at 1.30 GHz in mode Max-N (Jetson Linux Developer Guide r32.7, "Power
    # Management for Jetson TX2 Series Devices"): the 1.33 TFLOPS of NVIDIA's table of Jetson modules. That
    # table states 58.3 GB/s for the 128-bit LPDDR4; its clock of 1866 MHz (module data sheet) gives 59.7.
    "tx2": Device("Jetson TX2", 256 * 2 * 2 * 1.30e9, 58.3e9),
    # 48 tensor cores of 64 multiply-adds at 1.1 GHz; 128-bit LPDDR4x at 1866 MHz (module data sheet).
    "xavier-nx": Device("Jetson Xavier NX", 48 * 64 * 2 * 1.1e9, 59.7e9),
    # 32 tensor cores of 256 dense multiply-adds at 625 MHz; 128-bit LPDDR5 at 2133 MHz (module data sheet).
    "orin-nano": Device("Jetson Orin Nano 8 GB", 32 * 256 * 2 * 0.625e9, 68e9),
}


def roofline(layers: List[Layer], device: Device) -> float:
    """Seconds for one image.

    Args:
        layers: of :func:`place_recognition_ros.tools.layers.read_layers`.
        device: the GPU.
    """
    return sum(
        max(2 * layer.multiply_adds / device.flops, _BYTES * layer.numbers / device.bandwidth)
        for layer in layers
    )
