"""The doctor on a pretend TX2, on broken ones, and on this machine."""

import os
import subprocess
import sys
import time
from collections import Counter

import pytest

from place_recognition_ros.tools import tx2_check
from place_recognition_ros.tools.tx2_checks import cache_folder
from place_recognition_ros.tools.tx2_machine import FAIL, OK, WARN, Machine, Ran, read_board, run_command

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
    "import faiss": "Loading faiss.\nfound 1.7.2\n",
    "import cv2": "found 4.6.0 True\n",
    "import os, rospy": "found noetic\n",
    "import cv_bridge": "found there\n",
    "import onnxruntime": "found 1.10.0\n",
}
NO_PROGRAM = Ran(127, "")
BASHRC = "echo 'export OPENBLAS_CORETYPE=ARMV8' >> ~/.bashrc && source ~/.bashrc"
CONTAINER = {"/.dockerenv": "", "/sys/module/tegra_fuse/parameters/tegra_chip_id": "24\n"}
NO_DEVICE = "LogicError: cuInit failed: no CUDA-capable device is detected"
TLS = "ImportError: /usr/lib/aarch64-linux-gnu/libgomp.so.1: cannot allocate memory in static TLS block"
CURAND = "ImportError: libcurand.so.10: cannot open shared object file: No such file or directory"
LIBRARY = "ImportError: libnvinfer.so.8: cannot open shared object file: No such file or directory"
APT = "sudo apt-get update && sudo apt-get install -y "
PIP = "/usr/bin/python3 -m pip install"


def missing(module):
    return Ran(1, f"Traceback (most recent call last):\nModuleNotFoundError: No module named '{module}'\n")


@pytest.fixture
def pretend(tmp_path):
    """``pretend(files, commands, free)``: a TX2 but for these; a file that is None is not there."""

    def pretend(files=None, commands=None, free=5e9):
        for path, text in dict(FILES, **(files or {})).items():
            if text is not None:
                place = tmp_path / path.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
        (tmp_path / "home").mkdir(exist_ok=True)
        answers = dict(COMMANDS, **(commands or {}))

        def run(command, timeout):
            assert timeout <= 120
            asked = command[-1] if command[0] == "/usr/bin/python3" else command[0]
            keys = [key for key in answers if key in asked]
            answer = answers[keys[-1]] if keys else NO_PROGRAM
            return Ran(0, answer) if isinstance(answer, str) else answer

        return Machine(str(tmp_path), run, lambda _: free, "/usr/bin/python3", {"HOME": "/home"})

    return pretend


def findings(machine):
    return dict(tx2_check.examine(machine))


def test_a_tx2_as_it_should_be(pretend, capsysbinary):
    machine = pretend()
    found = findings(machine)
    assert {name: line for name, line in found.items() if line.mark != OK or line.mend} == {}
    assert set(found) == {check.name for check in tx2_check.CHECKS}
    assert "Jetson TX2, L4T R32.7.1 (JetPack 4.6.1)" in found["board"].found
    assert "compute capability 6.2" in found["PyCUDA"].found


# What is wrong; the mark; words of the line; a part of the command that mends it.
NOETIC = {"/opt/ros/noetic/setup.bash": ""}
HIDDEN = {"/usr/lib/python3.6/dist-packages/tensorrt/__init__.py": ""}
JETPACK, LD_PRELOAD = APT + "nvidia-jetpack", "export LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1"
R32_5 = L4T.replace("7.1", "5.1")
NO_TENSORRT, NO_ROSPY = {"import tensorrt;": missing("tensorrt")}, {"import os, rospy": missing("rospy")}
BROKEN = [
    ("board", {"/etc/nv_tegra_release": R32_5}, {}, FAIL, "JetPack 4.6 is needed", "r32.7"),
    ("board", {"/etc/nv_tegra_release": L4T.replace("32", "28")}, {}, FAIL, "R28.7.1", "sdkmanager"),
    ("board", {"/etc/nv_tegra_release": None}, {}, WARN, "no /etc/nv_tegra_release", "sdkmanager"),
    ("board", {"/proc/device-tree/compatible": "nvidia,tegra194"}, {}, WARN, "Jetson Xavier", ""),
    ("board", {"/proc/device-tree/compatible": None}, {}, WARN, "a Jetson, L4T R32.7.1", ""),
    ("JetPack", {}, {"dpkg-query": Ran(1, "no packages found")}, WARN, "no package", JETPACK),
    ("JetPack", {}, {"dpkg-query": "deinstall ok config-files|4.6"}, WARN, "no package", JETPACK),
    ("CUDA", {}, {"nvcc": NO_PROGRAM}, FAIL, "not found", APT + "cuda-toolkit-10-2"),
    ("CUDA", {}, {"nvcc": "release 11.4, V11.4.1"}, WARN, "11.4", "ln -sfn /usr/local/cuda-10.2"),
    ("Python", {}, {"import sys": "found 3.8.10"}, FAIL, "3.6 only", "PYTHON=/usr/bin/python3"),
    ("Python", {}, {"import sys": "found 2.7.17"}, FAIL, "oldest", "PYTHON=/usr/bin/python3"),
    ("Python", {}, {"import sys": NO_PROGRAM}, FAIL, "exit status 127", APT + "python3"),
    ("TensorRT", {}, NO_TENSORRT, FAIL, "No module", "python3-libnvinfer"),
    ("TensorRT", {}, {"import tensorrt;": "found 7.1.3"}, FAIL, "7.1.3; 8.0", "r32.7"),
    ("TensorRT", {}, {"import tensorrt;": Ran(-11, "")}, FAIL, "dies of SIGSEGV", "python3-libnvinfer"),
    ("TensorRT", {}, {"import tensorrt;": Ran(1, LIBRARY)}, FAIL, "libnvinfer", "--reinstall libnvinfer8"),
    ("PyCUDA", {}, {"import pycuda": Ran(1, CURAND)}, FAIL, "libcurand", "sudo ldconfig"),
    ("TensorRT", HIDDEN, NO_TENSORRT, FAIL, "does not see it", "--system-site-packages"),
    ("PyCUDA", {}, {"import pycuda": missing("pycuda")}, FAIL, "No module", "CPATH=/usr/local/cuda"),
    ("PyCUDA", {}, {"import pycuda": Ran(1, "imported\n" + NO_DEVICE)}, FAIL, NO_DEVICE, "usermod -aG video"),
    ("PyCUDA", {}, {"import pycuda": Ran(None, "")}, FAIL, "no end after", "--no-build-isolation"),
    ("numpy", {}, {"import numpy": Ran(-4, "")}, FAIL, "dies of SIGILL", BASHRC),
    ("numpy", {}, {"import numpy": Ran(1, "Error: default_rng")}, FAIL, "default_rng", "txt numpy"),
    ("faiss", {}, {"import faiss": missing("faiss")}, FAIL, "No module", "-tx2.txt faiss-cpu"),
    ("faiss", {}, {"import faiss": Ran(-11, "")}, FAIL, "SIGSEGV", "--force-reinstall faiss-cpu"),
    ("OpenCV", {}, {"import cv2": Ran(1, TLS)}, FAIL, "TLS", LD_PRELOAD),
    ("OpenCV", {}, {"import cv2": "found 4.1.1 False"}, WARN, "no MAGSAC", "opencv-python-headless"),
    ("rospy", {}, NO_ROSPY, FAIL, "No module", "docker build"),
    ("rospy", {}, {"import os, rospy": missing("netifaces")}, FAIL, "netifaces", APT + "python3-netifaces"),
    ("rospy", {}, {"import os, rospy": missing("yaml")}, FAIL, "yaml", APT + "python3-yaml"),
    ("rospy", NOETIC, NO_ROSPY, FAIL, "No module", "source /opt/ros/noetic/setup.bash"),
    ("cv_bridge", {}, {"import cv_bridge": missing("cv_bridge")}, OK, "does not need it", ""),
    ("onnxruntime", {}, {"import onnxruntime": missing("onnxruntime")}, WARN, "No module", "txt onnxruntime"),
    ("memory", {"/proc/meminfo": "MemTotal: 8e6 kB"}, {}, WARN, "could not be checked: ValueError", ""),
    ("power mode", {}, {"nvpmodel": "NV Power Mode: MAXP_CORE_ARM\n3"}, WARN, "MAXP", "sudo nvpmodel -m 0"),
    ("power mode", {}, {"nvpmodel": NO_PROGRAM}, WARN, "does not tell", "sudo nvpmodel -q"),
    ("clocks", {CPU.format(3, "min"): "345600"}, {}, WARN, "load: cpu3;", "sudo jetson_clocks"),
    ("clocks", {GPU.format("min"): "114750000"}, {}, WARN, "load: GPU;", "sudo jetson_clocks"),
]


@pytest.mark.parametrize("name, files, commands, mark, words, mend", BROKEN)
def test_what_is_wrong_is_said_with_its_command(pretend, name, files, commands, mark, words, mend):
    found = findings(pretend(files, commands))
    assert found[name].mark == mark
    assert words in found[name].found
    assert mend in found[name].mend
    assert bool(mend) == bool(found[name].mend)
    others = [line for other, line in found.items() if other != name and line.mark == FAIL]
    assert not others


@pytest.mark.parametrize(
    "available, swap, memory, swap_mark", [(1400000, 4000000, WARN, OK), (1600000, 0, OK, WARN)]
)
def test_little_memory(pretend, available, swap, memory, swap_mark):
    text = f"MemTotal: 8045160 kB\nMemAvailable: {available} kB\nSwapTotal: {swap} kB\n"
    found = findings(pretend({"/proc/meminfo": text}))
    assert (found["memory"].mark, found["swap"].mark) == (memory, swap_mark)
    assert found["memory"].mend.startswith("sudo systemctl isolate") == (memory == WARN)
    assert ("nvzramconfig" in found["swap"].mend) == (swap_mark == WARN)


@pytest.mark.parametrize("free, mark", [(5e9, OK), (1e9, WARN), (5e7, FAIL)])
def test_little_disk(pretend, free, mark):
    line = findings(pretend(free=free))["disk"]
    assert (line.mark, bool(line.mend)) == (mark, mark != OK)


def test_a_cache_folder_that_cannot_be_written(pretend):
    line = findings(pretend({"/home/.cache": "a file where a folder should be"}))["disk"]
    assert (line.mark, line.mend) == (FAIL, 'sudo chown -R "$USER" /home/.cache')


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "HOME"])
def test_the_cache_folder_is_that_of_the_engines(name, tmp_path, monkeypatch):
    from place_recognition_ros.descriptor.tensorrt.cache import default_folder

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(name, str(tmp_path))
    assert cache_folder(os.environ) == default_folder()


def test_in_a_container_the_host_lends_cuda_and_tensorrt(pretend):
    files = dict(CONTAINER, **{"/etc/nv_tegra_release": None, "/proc/device-tree/compatible": None})
    lacking = {
        "nvcc": NO_PROGRAM,
        "import tensorrt;": missing("tensorrt"),
        "import pycuda": Ran(1, "imported\n" + NO_DEVICE),
        "nvpmodel": NO_PROGRAM,
    }
    found = findings(pretend(files, lacking))
    assert read_board(pretend(files)).is_tx2
    for name in ("board", "CUDA", "TensorRT", "PyCUDA"):
        assert "--runtime nvidia" in found[name].mend
    assert "JetPack" not in found
    assert "outside of the container" in found["power mode"].mend


def test_cuda_without_its_compiler_is_enough_to_run(pretend):
    for note in (
        {"version.txt": "CUDA Version 10.2.300"},
        {"version.json": '{"cuda": {"version": "10.2.300"}}'},
    ):
        files = {"/usr/local/cuda/" + name: text for name, text in note.items()}
        line = findings(pretend(files, {"nvcc": NO_PROGRAM}))["CUDA"]
        assert (line.mark, line.found[:4]) == (OK, "10.2")


PC = {path: None for path in FILES if path != "/proc/meminfo"}


def test_a_pc_with_a_gpu(pretend):
    rtx = {"import tensorrt;": missing("tensorrt"), "import tensorrt_rtx": "found 1.7.1"}
    gpu = {"nvidia-smi": "NVIDIA GeForce RTX 3060, 550.54\n", "uname": "x86_64\n"}
    found = findings(pretend(PC, dict(rtx, **gpu)))
    assert found["board"].mark == WARN
    assert "no Jetson: x86_64 with NVIDIA GeForce RTX 3060" in found["board"].found
    assert found["TensorRT"].found == "TensorRT for RTX 1.7.1"
    assert not {"JetPack", "power mode", "clocks"} & set(found)
    assert FAIL not in {line.mark for line in found.values()}


@pytest.mark.parametrize(
    "commands, name, mend",
    [
        (NO_TENSORRT, "TensorRT", PIP + " -c requirements/runtime.txt tensorrt"),
        ({"import pycuda": Ran(1, "imported\n" + NO_DEVICE)}, "PyCUDA", "nvidia-smi"),
        ({"import pycuda": missing("pycuda")}, "PyCUDA", PIP + " -c requirements/runtime.txt pycuda"),
        (NO_ROSPY, "rospy", "./run setup"),
    ],
)
def test_what_a_pc_lacks(pretend, commands, name, mend):
    line = findings(pretend(PC, commands))[name]
    assert line.mark == FAIL
    assert line.mend.endswith(mend)


def test_a_check_that_fails_is_a_line(pretend):
    def run(command, timeout):
        raise PermissionError("not for you")

    found = findings(pretend()._replace(run=run))
    assert found["TensorRT"].mark == FAIL
    assert found["TensorRT"].found.startswith("could not be checked: PermissionError('not for you'")
    assert found["power mode"].mark == WARN


def test_a_command_that_hangs_ends_with_all_that_it_started():
    began = time.monotonic()
    assert run_command(["bash", "-c", "sleep 60 & sleep 60"], 0.2) == Ran(None, "")
    assert time.monotonic() - began < 20


def test_a_command_that_crashes_or_is_not_there():
    assert run_command([sys.executable, "-c", "import os; os.kill(os.getpid(), 4)"], 20).status == -4
    assert run_command(["/no/such/program"], 20) == Ran(127, "")


@pytest.mark.parametrize("python, status", [("found 3.6.9", 0), ("found 2.7.17", 1)])
def test_the_exit_status(pretend, monkeypatch, capsysbinary, python, status):
    monkeypatch.setattr(sys, "argv", ["tx2_check"])
    assert tx2_check.main(pretend(commands={"import sys": python})) == status
    said = capsysbinary.readouterr().out.decode()
    assert f"{status} to be mended, 0 could be better" in said
    assert Counter(line[0] for line in said.splitlines() if line)[FAIL] == status


def test_on_this_machine_without_a_terminal_that_knows_the_marks(root):
    command = [os.path.join(root, "run"), "tx2-check"]
    environment = dict(os.environ, LC_ALL="C", PLACE_RECOGNITION_PYTHON=sys.executable)
    ran = subprocess.run(
        command, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    said = ran.stdout.decode()
    assert "Traceback" not in said
    assert ("no Jetson" in said) == (not os.path.exists("/etc/nv_tegra_release"))
    assert ran.returncode == (1 if FAIL in said else 0)
    assert "✓ numpy" in said
