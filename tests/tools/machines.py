"""A fake machine for the tests of the doctor: a TX2 in order, with the changes that a test makes."""

import os

import pytest

from place_recognition_ros.package_models import model_folders
from place_recognition_ros.tools.doctor.machine import Machine, Ran
from tests.tools.test_model_checks import COMPLETE

L4T = "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t186ref, EABI: aarch64, DATE: Sat Feb 19 2022\n"
CPU = "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_{}_freq"
GPU = "/sys/class/devfreq/17000000.gp10b/{}_freq"
FILES = {
    "/etc/nv_tegra_release": L4T,
    "/proc/device-tree/compatible": "nvidia,quill\0nvidia,tegra186\0",
    "/proc/meminfo": "MemTotal: 8045160 kB\nMemAvailable: 5100000 kB\nSwapTotal: 4022576 kB\n",
    CPU.format(0, "min"): "2035200\n",
    CPU.format(0, "max"): "2035200\n",
    CPU.format(3, "min"): "2035200\n",
    CPU.format(3, "max"): "2035200\n",
    GPU.format("min"): "1300500000\n",
    GPU.format("max"): "1300500000\n",
    **{os.path.join(model_folders()[1], name): text for name, text in COMPLETE.items()},
}
COMMANDS = {
    "uname": "aarch64\n",
    "dpkg-query": "install ok installed|4.6.1-b110",
    "nvcc": "Cuda compilation tools, release 10.2, V10.2.300",
    "nvpmodel": "NV Power Mode: MAXN\n0\n",
    "import sys": "found 3.6.9\n",
    "import tensorrt;": "found 8.2.1.8\n",
    "import pycuda": "imported\nfound 2022.1, NVIDIA Tegra X2, compute capability 6.2\n",
    "import numpy": "found 1.19.5\n",
    "import scipy": "found 1.5.4\n",
    "import faiss": "Loading faiss.\nfound 1.7.2\n",
    "import cv2": "found 4.6.0 True\n",
    "import os, rospy": "found noetic\n",
    "from cv_bridge": "found ok\n",
    "from tf2_ros": "found ok\n",
    "import onnxruntime": "found 1.10.0\n",
}
NO_PROGRAM = Ran(127, "")
PC = {path: None for path in FILES if path.startswith(("/etc/", "/proc/device-tree", "/sys/"))}


def missing(module):
    return Ran(1, f"Traceback (most recent call last):\nModuleNotFoundError: No module named '{module}'\n")


@pytest.fixture(name="fake_machine")
def make_fake_machine(tmp_path):
    """``fake_machine(files, commands, free)``: a TX2 with these changes; None: no such file."""

    def fake_machine(files=None, commands=None, free=5e9):
        for path, text in dict(FILES, **(files or {})).items():
            if text is not None:
                place = tmp_path / path.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
        (tmp_path / "home").mkdir(exist_ok=True)
        outputs = dict(COMMANDS, **(commands or {}))

        def run(command, timeout):
            assert timeout <= 120
            text = command[-1] if command[0] == "/usr/bin/python3" else command[0]
            keys = [key for key in outputs if key in text]
            output = outputs[keys[-1]] if keys else NO_PROGRAM
            return Ran(0, output) if isinstance(output, str) else output

        return Machine(str(tmp_path), run, lambda _: free, "/usr/bin/python3", {"HOME": "/home"})

    return fake_machine
