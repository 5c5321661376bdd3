"""The check of a machine: on a fake TX2, on faulty ones, and on this machine."""

import sys
import time

import pytest

from place_recognition_ros.tools.doctor import __main__ as doctor
from place_recognition_ros.tools.doctor.machine import (
    FAIL,
    OK,
    WARN,
    Ran,
    read_board,
    run_command,
)
from tests.tools.machines import (  # noqa: F401
    CPU,
    FILES,
    GPU,
    L4T,
    NO_PROGRAM,
    PC,
    make_fake_machine,
    missing,
)

BASHRC = "echo 'export OPENBLAS_CORETYPE=ARMV8' >> ~/.bashrc && source ~/.bashrc"
CONTAINER = {"/.dockerenv": "", "/sys/module/tegra_fuse/parameters/tegra_chip_id": "24\n"}
NO_DEVICE = "LogicError: cuInit failed: no CUDA-capable device is detected"
TLS = "ImportError: /usr/lib/aarch64-linux-gnu/libgomp.so.1: cannot allocate memory in static TLS block"
CURAND = "ImportError: libcurand.so.10: cannot open shared object file: No such file or directory"
LIBRARY = "ImportError: libnvinfer.so.8: cannot open shared object file: No such file or directory"
APT = "sudo apt-get update && sudo apt-get install -y "
PIP = "/usr/bin/python3 -m pip install"


def findings(machine):
    return dict(doctor.examine(machine))


def test_a_tx2_in_order(fake_machine, capsysbinary):
    machine = fake_machine()
    found = findings(machine)
    assert {name: line for name, line in found.items() if line.mark != OK or line.fix} == {}
    assert set(found) == {check.name for check in doctor.TENSORRT_CHECKS}
    assert "Jetson TX2, L4T R32.7.1 (JetPack 4.6.1)" in found["board"].found
    assert "compute capability 6.2" in found["PyCUDA"].found


# Name of the check, files, commands, mark, words of the line, a part of the command that fixes it.
NOETIC = {"/opt/ros/noetic/setup.bash": ""}
HIDDEN = {"/usr/lib/python3.6/dist-packages/tensorrt/__init__.py": ""}
JETPACK, LD_PRELOAD = APT + "nvidia-jetpack", "export LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1"
R32_5 = L4T.replace("7.1", "5.1")
NO_TENSORRT, NO_ROSPY = {"import tensorrt;": missing("tensorrt")}, {"import os, rospy": missing("rospy")}
FAULTS = [
    ("board", {"/etc/nv_tegra_release": R32_5}, {}, FAIL, "JetPack 4.6 is needed", "r32.7"),
    ("board", {"/etc/nv_tegra_release": L4T.replace("32", "28")}, {}, FAIL, "R28.7.1", "sdkmanager"),
    ("board", {"/etc/nv_tegra_release": None}, {}, WARN, "no /etc/nv_tegra_release", "sdkmanager"),
    ("board", {"/proc/device-tree/compatible": "nvidia,tegra194"}, {}, WARN, "Jetson Xavier", ""),
    ("board", {"/proc/device-tree/compatible": None}, {}, WARN, "a Jetson, L4T R32.7.1", ""),
    ("JetPack", {}, {"dpkg-query": Ran(1, "no packages found")}, WARN, "is not installed", JETPACK),
    ("JetPack", {}, {"dpkg-query": "deinstall ok config-files|4.6"}, WARN, "is not installed", JETPACK),
    ("CUDA", {}, {"nvcc": NO_PROGRAM}, FAIL, "not found", APT + "cuda-toolkit-10-2"),
    ("CUDA", {}, {"nvcc": "release 11.4, V11.4.1"}, WARN, "11.4", "ln -sfn /usr/local/cuda-10.2"),
    ("Python", {}, {"import sys": "found 3.8.10"}, FAIL, "3.6 only", "PYTHON=/usr/bin/python3"),
    ("Python", {}, {"import sys": "found 2.7.17"}, FAIL, "or newer", "PYTHON=/usr/bin/python3"),
    ("Python", {}, {"import sys": NO_PROGRAM}, FAIL, "exit status 127", APT + "python3"),
    ("TensorRT", {}, NO_TENSORRT, FAIL, "No module", "python3-libnvinfer"),
    ("TensorRT", {}, {"import tensorrt;": "found 7.1.3"}, FAIL, "7.1.3; 8.0", "r32.7"),
    ("TensorRT", {}, {"import tensorrt;": Ran(-11, "")}, FAIL, "killed by SIGSEGV", "python3-libnvinfer"),
    ("TensorRT", {}, {"import tensorrt;": Ran(1, LIBRARY)}, FAIL, "libnvinfer", "--reinstall libnvinfer8"),
    ("PyCUDA", {}, {"import pycuda": Ran(1, CURAND)}, FAIL, "libcurand", "sudo ldconfig"),
    ("TensorRT", HIDDEN, NO_TENSORRT, FAIL, "not visible", "--system-site-packages"),
    ("PyCUDA", {}, {"import pycuda": missing("pycuda")}, FAIL, "No module", "CPATH=/usr/local/cuda"),
    ("PyCUDA", {}, {"import pycuda": Ran(1, "imported\n" + NO_DEVICE)}, FAIL, NO_DEVICE, "usermod -aG video"),
    ("PyCUDA", {}, {"import pycuda": Ran(None, "")}, FAIL, "still running", "--no-build-isolation"),
    ("numpy", {}, {"import numpy": Ran(-4, "")}, FAIL, "killed by SIGILL", BASHRC),
    ("numpy", {}, {"import numpy": Ran(1, "Error: default_rng")}, FAIL, "default_rng", "txt numpy"),
    ("SciPy", {}, {"import scipy": missing("scipy")}, FAIL, "No module", "tx2.txt scipy"),
    ("faiss", {}, {"import faiss": missing("faiss")}, FAIL, "No module", "tx2.txt faiss-cpu"),
    ("faiss", {}, {"import faiss": Ran(-11, "")}, FAIL, "SIGSEGV", "--force-reinstall faiss-cpu"),
    ("OpenCV", {}, {"import cv2": Ran(1, TLS)}, FAIL, "TLS", LD_PRELOAD),
    ("OpenCV", {}, {"import cv2": "found 4.1.1 False"}, WARN, "no USAC", "opencv-python-headless"),
    ("rospy", {}, NO_ROSPY, FAIL, "No module", "docker build"),
    ("rospy", {}, {"import os, rospy": missing("netifaces")}, FAIL, "netifaces", APT + "python3-netifaces"),
    ("rospy", {}, {"import os, rospy": missing("yaml")}, FAIL, "yaml", APT + "python3-yaml"),
    ("rospy", NOETIC, NO_ROSPY, FAIL, "No module", "source /opt/ros/noetic/setup.bash"),
    ("cv_bridge", {}, {"from cv_bridge": missing("cv_bridge")}, FAIL, "No module", "docs/tx2.md"),
    ("tf2_ros", {}, {"from tf2_ros": missing("tf2_ros")}, WARN, "No module", "docs/tx2.md"),
    ("onnxruntime", {}, {"import onnxruntime": missing("onnxruntime")}, WARN, "No module", "txt onnxruntime"),
    ("memory", {"/proc/meminfo": "MemTotal: 8e6 kB"}, {}, WARN, "could not be checked: ValueError", ""),
    ("power mode", {}, {"nvpmodel": "NV Power Mode: MAXP_CORE_ARM\n3"}, WARN, "MAXP", "sudo nvpmodel -m 0"),
    ("power mode", {}, {"nvpmodel": NO_PROGRAM}, WARN, "does not report", "sudo nvpmodel -q"),
    ("clocks", {CPU.format(3, "min"): "345600"}, {}, WARN, "load: cpu3;", "sudo jetson_clocks"),
    ("clocks", {GPU.format("min"): "114750000"}, {}, WARN, "load: GPU;", "sudo jetson_clocks"),
]


@pytest.mark.parametrize("name, files, commands, mark, words, fix", FAULTS)
def test_a_fault_is_reported_with_its_fix(fake_machine, name, files, commands, mark, words, fix):
    found = findings(fake_machine(files, commands))
    assert found[name].mark == mark
    assert words in found[name].found
    assert fix in found[name].fix
    assert bool(fix) == bool(found[name].fix)
    others = [line for other, line in found.items() if other != name and line.mark == FAIL]
    assert not others


@pytest.mark.parametrize(
    "available, swap, memory, swap_mark", [(1400000, 4000000, WARN, OK), (1600000, 0, OK, WARN)]
)
def test_little_memory(fake_machine, available, swap, memory, swap_mark):
    text = f"MemTotal: 8045160 kB\nMemAvailable: {available} kB\nSwapTotal: {swap} kB\n"
    found = findings(fake_machine({"/proc/meminfo": text}))
    assert (found["memory"].mark, found["swap"].mark) == (memory, swap_mark)
    assert found["memory"].fix.startswith("sudo systemctl isolate") == (memory == WARN)
    assert ("nvzramconfig" in found["swap"].fix) == (swap_mark == WARN)


@pytest.mark.parametrize("free, mark", [(5e9, OK), (1e9, WARN), (5e7, FAIL)])
def test_little_disk(fake_machine, free, mark):
    line = findings(fake_machine(free=free))["disk"]
    assert (line.mark, bool(line.fix)) == (mark, mark != OK)


def test_a_cache_folder_that_is_not_writable(fake_machine):
    line = findings(fake_machine({"/home/.cache": "a file, not a folder"}))["disk"]
    assert (line.mark, line.fix) == (FAIL, 'sudo chown -R "$USER" /home/.cache')


def test_in_a_container_the_host_provides_cuda_and_tensorrt(fake_machine):
    files = dict(CONTAINER, **{"/etc/nv_tegra_release": None, "/proc/device-tree/compatible": None})
    lacking = {
        "nvcc": NO_PROGRAM,
        "import tensorrt;": missing("tensorrt"),
        "import pycuda": Ran(1, "imported\n" + NO_DEVICE),
        "nvpmodel": NO_PROGRAM,
    }
    found = findings(fake_machine(files, lacking))
    assert read_board(fake_machine(files)).is_tx2
    for name in ("board", "CUDA", "TensorRT", "PyCUDA"):
        assert "--runtime nvidia" in found[name].fix
    assert "JetPack" not in found
    assert "outside the container" in found["power mode"].fix


def test_cuda_without_its_compiler_is_sufficient_to_run(fake_machine):
    for note in (
        {"version.txt": "CUDA Version 10.2.300"},
        {"version.json": '{"cuda": {"version": "10.2.300"}}'},
    ):
        files = {"/usr/local/cuda/" + name: text for name, text in note.items()}
        line = findings(fake_machine(files, {"nvcc": NO_PROGRAM}))["CUDA"]
        assert (line.mark, line.found[:4]) == (OK, "10.2")


def test_a_pc_with_a_gpu(fake_machine):
    rtx = {"import tensorrt;": missing("tensorrt"), "import tensorrt_rtx": "found 1.7.1"}
    gpu = {"nvidia-smi": "NVIDIA GeForce RTX 3060, 550.54\n", "uname": "x86_64\n"}
    found = findings(fake_machine(PC, dict(rtx, **gpu)))
    assert found["board"].mark == WARN
    assert "not a Jetson: x86_64 with NVIDIA GeForce RTX 3060" in found["board"].found
    assert found["TensorRT"].found == "TensorRT for RTX 1.7.1"
    assert not {"JetPack", "power mode", "clocks"} & set(found)
    assert FAIL not in {line.mark for line in found.values()}


@pytest.mark.parametrize(
    "commands, name, fix",
    [
        (NO_TENSORRT, "TensorRT", PIP + " -c requirements/runtime.txt tensorrt"),
        ({"import pycuda": Ran(1, "imported\n" + NO_DEVICE)}, "PyCUDA", "nvidia-smi"),
        ({"import pycuda": missing("pycuda")}, "PyCUDA", PIP + " -c requirements/runtime.txt pycuda"),
        (NO_ROSPY, "rospy", "./run setup"),
    ],
)
def test_what_a_pc_lacks(fake_machine, commands, name, fix):
    line = findings(fake_machine(PC, commands))[name]
    assert line.mark == FAIL
    assert line.fix.endswith(fix)


def test_a_check_that_raises_is_reported(fake_machine):
    def run(command, timeout):
        raise PermissionError("denied")

    found = findings(fake_machine()._replace(run=run))
    assert found["TensorRT"].mark == FAIL
    assert found["TensorRT"].found.startswith("could not be checked: PermissionError('denied'")
    assert found["power mode"].mark == WARN


def test_a_command_that_hangs_is_killed_with_its_children():
    began = time.monotonic()
    assert run_command(["bash", "-c", "sleep 60 & sleep 60"], 0.2) == Ran(None, "")
    assert time.monotonic() - began < 20


def test_a_command_that_crashes_or_does_not_exist():
    assert run_command([sys.executable, "-c", "import os; os.kill(os.getpid(), 4)"], 20).status == -4
    assert run_command(["/no/such/program"], 20) == Ran(127, "")
