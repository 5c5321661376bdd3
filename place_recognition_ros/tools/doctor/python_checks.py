"""Checks of Python: each module is imported in its own process, because the import may crash."""

import re
import shlex
import signal
from typing import List, NamedTuple

from place_recognition_ros.tools.doctor.machine import FAIL, OK, WARN, Board, Line, Machine, Ran, read_board
from place_recognition_ros.tools.doctor.system_checks import APT, FLASH, IN_CONTAINER, UPGRADE

_KILLED = "Python was killed by"
_SECONDS = 90.0  # importing TensorRT from a cold eMMC is slow
_IMAGE = "git archive HEAD | sudo docker build -t place_recognition -f docker/tx2.Dockerfile -"
_CUDA = (
    "export PATH=/usr/local/cuda/bin:$PATH CPATH=/usr/local/cuda/include LIBRARY_PATH=/usr/local/cuda/lib64"
)
_TOOLS = "pip==21.3.1 setuptools==59.6.0 wheel==0.37.1"  # the last versions for Python 3.6

_TENSORRT_LIBRARIES = "--reinstall libnvinfer8 libnvinfer-plugin8 libnvonnxparsers8 libnvparsers8 libcudnn8"

_FIND_PYCUDA = """
import pycuda, pycuda.driver as cuda
print("imported")
cuda.init()
gpu = cuda.Device(0)
print("found %s, %s, compute capability %d.%d" % (pycuda.VERSION_TEXT, gpu.name(), *gpu.compute_capability()))
"""


class Imported(NamedTuple):
    """The result of an import."""

    found: str  # what the code printed after "found"
    error: str  # empty: success
    output: str

    @property
    def missing(self) -> str:
        """Name of the missing module; empty: another problem."""
        found = re.search(r"No module named '?([\w.]+)", self.error)
        return found.group(1) if found else ""


def _try(machine: Machine, code: str) -> Imported:
    ran = machine.run([machine.python, "-c", code], _SECONDS)
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    found = [line[len("found ") :] for line in lines if line.startswith("found ")]
    if ran.status == 0 and found:
        return Imported(found[-1], "", ran.output)
    return Imported("", _error(ran, lines), ran.output)


def _error(ran: Ran, lines: List[str]) -> str:
    if ran.status is None:
        return f"still running after {_SECONDS:.0f} s"
    if ran.status < 0:
        return f"{_KILLED} {signal.Signals(-ran.status).name}"
    return lines[-1] if lines else f"Python ended with exit status {ran.status}"


def _pip(machine: Machine, board: Board, package: str) -> str:
    pip = f"{shlex.quote(machine.python)} -m pip install"
    if board.has_jetpack_4:
        return f"{pip} {_TOOLS} && {pip} -c requirements/tx2.txt {package}"
    return f"{pip} -c requirements/runtime.txt {package}"


def _known_fix(board: Board, error: str) -> str:
    """The fix for a problem that any compiled module may have; empty: none known."""
    block = re.search(r"(\S+): cannot allocate memory in static TLS block", error)
    if block:
        return f"export LD_PRELOAD={block.group(1)}"
    if "SIGILL" in error and board.is_jetson:
        return "echo 'export OPENBLAS_CORETYPE=ARMV8' >> ~/.bashrc && source ~/.bashrc"
    library = re.search(r"(lib(?:cu|nv)\w+)\.so\S*: cannot open shared object", error)
    if library and board.in_container:
        return IN_CONTAINER
    if library and board.is_jetson:
        if library.group(1).startswith(("libnv", "libcudnn")):
            return APT + _TENSORRT_LIBRARIES
        folder = "/usr/local/cuda/targets/aarch64-linux/lib"
        return f"echo {folder} | sudo tee /etc/ld.so.conf.d/cuda.conf && sudo ldconfig"
    return ""


def check_python(machine: Machine) -> Line:
    code = "import sys; print('found', '.'.join(map(str, sys.version_info[:3])))"
    imported = _try(machine, code)
    if imported.error:
        return Line(FAIL, f"{machine.python}: {imported.error}", APT + "python3")
    version = tuple(int(part) for part in imported.found.split("."))
    found, fix = f"{imported.found}, {machine.python}", "export PLACE_RECOGNITION_PYTHON=/usr/bin/python3"
    if version < (3, 6):
        return Line(FAIL, f"{found}; 3.6 or newer is needed", fix)
    if read_board(machine).has_jetpack_4 and version[:2] != (3, 6):
        return Line(FAIL, f"{found}; JetPack 4.6 provides TensorRT for Python 3.6 only", fix)
    return Line(OK, found)


def check_tensorrt(machine: Machine) -> Line:
    board = read_board(machine)
    imported = _try(machine, "import tensorrt; print('found', tensorrt.__version__)")
    if imported.missing == "tensorrt" and not board.is_jetson:
        rtx = _try(machine, "import tensorrt_rtx; print('found', tensorrt_rtx.__version__)")
        if not rtx.error:
            return Line(OK, f"TensorRT for RTX {rtx.found}")
    if imported.error:
        return _explain_tensorrt(machine, board, imported)
    if int(imported.found.split(".")[0]) >= 8:
        return Line(OK, imported.found)
    upgrade = UPGRADE if board.l4t >= (32, 4) else FLASH
    fix = upgrade if board.is_jetson else _pip(machine, board, "-U tensorrt")
    return Line(FAIL, f"{imported.found}; 8.0 or newer is needed", fix)


def _explain_tensorrt(machine: Machine, board: Board, imported: Imported) -> Line:
    """Why TensorRT cannot be imported, and the fix."""
    fix = _known_fix(board, imported.error)
    if fix:
        return Line(FAIL, imported.error, fix)
    if board.in_container:
        return Line(FAIL, imported.error, IN_CONTAINER)
    if imported.missing and machine.glob("/usr/lib/python3*/dist-packages/tensorrt/__init__.py"):
        fix = "/usr/bin/python3 -m venv --system-site-packages --clear .venv"
        return Line(FAIL, f"installed, but not visible to {machine.python}: .venv must be created again", fix)
    if board.is_jetson:
        return Line(FAIL, imported.error, APT + "--reinstall python3-libnvinfer")
    return Line(FAIL, imported.error, _pip(machine, board, "tensorrt"))


def check_pycuda(machine: Machine) -> Line:
    board = read_board(machine)
    imported = _try(machine, _FIND_PYCUDA)
    if not imported.error:
        return Line(OK, imported.found)
    if "imported" in imported.output.split():
        fix = 'sudo usermod -aG video "$USER" && sudo reboot' if board.is_jetson else "nvidia-smi"
        fix = IN_CONTAINER if board.in_container else fix
        return Line(FAIL, f"installed, but finds no GPU: {imported.error}", fix)
    pip = f"{shlex.quote(machine.python)} -m pip install"
    build = f"{_CUDA} && {_pip(machine, board, 'pycuda')}"
    if board.has_jetpack_4:  # otherwise pip builds a NumPy from source, which takes a quarter of an hour
        tools = f"{pip} {_TOOLS} numpy==1.19.5"
        build = f"{_CUDA} && {tools} && {pip} --no-build-isolation -c requirements/tx2.txt pycuda"
    return Line(FAIL, imported.error, _known_fix(board, imported.error) or build)


def _check(machine: Machine, code: str, package: str) -> Line:
    """Check a module that pip installs."""
    board = read_board(machine)
    imported = _try(machine, code)
    if not imported.error:
        return Line(OK, imported.found)
    if imported.error.startswith(_KILLED):
        package = "--force-reinstall " + package
    return Line(FAIL, imported.error, _known_fix(board, imported.error) or _pip(machine, board, package))


def check_numpy(machine: Machine) -> Line:
    code = "import numpy; numpy.random.default_rng; print('found', numpy.__version__)"
    return _check(machine, code, "numpy")


def check_scipy(machine: Machine) -> Line:
    code = (
        "import scipy, scipy.spatial.transform as t; t.Rotation.magnitude; print('found', scipy.__version__)"
    )
    return _check(machine, code, "scipy")


def check_faiss(machine: Machine) -> Line:
    code = "import faiss; faiss.IndexScalarQuantizer; print('found', faiss.__version__)"
    return _check(machine, code, "faiss-cpu")


def check_opencv(machine: Machine) -> Line:
    code = "import cv2; print('found', cv2.__version__, hasattr(cv2, 'UsacParams'))"
    line = _check(machine, code, "opencv-python-headless")
    if line.mark == FAIL:
        return line
    version, has_usac = line.found.split()
    if has_usac == "True":
        return Line(OK, version)
    fix = _pip(machine, read_board(machine), "opencv-python-headless")
    return Line(WARN, f"{version} has no USAC; plain RANSAC is used for the geometry", fix)


def check_onnxruntime(machine: Machine) -> Line:
    """It runs the networks where TensorRT does not."""
    return _check(machine, "import onnxruntime; print('found', onnxruntime.__version__)", "onnxruntime")


def check_reference(machine: Machine) -> Line:
    """ONNX Runtime beside TensorRT."""
    line = check_onnxruntime(machine)
    if line.mark == OK:
        return line
    return line._replace(mark=WARN, found=f"{line.found}; needed only to verify a new engine")


def check_rospy(machine: Machine) -> Line:
    board = read_board(machine)
    code = "import os, rospy, netifaces; print('found', os.environ.get('ROS_DISTRO', 'the system'))"
    imported = _try(machine, code)
    if not imported.error:
        return Line(OK, imported.found)
    fix = _known_fix(board, imported.error)
    if imported.missing == "rospy":
        scripts = machine.glob("/opt/ros/*/setup.bash")
        fix = f"source {scripts[-1]}" if scripts else (_IMAGE if board.is_jetson else "./run setup")
    elif imported.missing:
        fix = APT + "python3-" + imported.missing.split(".")[0]
    return Line(FAIL, imported.error, fix or _IMAGE)


def check_cv_bridge(machine: Machine) -> Line:
    board = read_board(machine)
    code = "from cv_bridge.boost.cv_bridge_boost import getCvType; print('found', getCvType('bgr8') and 'ok')"
    imported = _try(machine, code)
    if not imported.error:
        return Line(OK, imported.found)
    if board.is_jetson:
        return Line(FAIL, imported.error, _IMAGE if board.in_container else "see cv_bridge in docs/tx2.md")
    return Line(FAIL, imported.error, _known_fix(board, imported.error) or "./run setup")


def check_tf2(machine: Machine) -> Line:
    """Without it the node runs, and does not know where the camera is on the robot."""
    board = read_board(machine)
    imported = _try(machine, "from tf2_ros import Buffer; print('found', Buffer(debug=False) and 'ok')")
    if not imported.error:
        return Line(OK, imported.found)
    if board.is_jetson:
        return Line(WARN, imported.error, _IMAGE if board.in_container else "see tf2_ros in docs/tx2.md")
    return Line(WARN, imported.error, _known_fix(board, imported.error) or "./run setup")
