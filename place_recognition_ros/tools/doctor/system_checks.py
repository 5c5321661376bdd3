"""Checks of the board: system, CUDA, memory, disk, clocks."""

import json
import os
import re
from typing import Dict, Optional, Tuple

from place_recognition_ros import folders
from place_recognition_ros.tools.doctor.machine import FAIL, OK, WARN, Line, Machine, read_board

_BUILD_BYTES = 1.5e9  # of memory, while TensorRT times kernels
_NODE_BYTES = 0.5e9  # the node with 10,000 keyframes, and its start
_CACHE_BYTES = 100e6  # an engine, its timing cache, and a copy while it is replaced
_MAP_BYTES = 2e9  # config/tx2.yaml: a full map
_SECONDS = 20.0

_JETPACKS: Dict[Tuple[int, ...], str] = {(32, 6, 1): "4.6"}
_JETPACKS.update({(32, 7, number): "4.6.{}".format(number) for number in range(1, 7)})

APT = "sudo apt-get update && sudo apt-get install -y "
IN_CONTAINER = "start the container again with: sudo docker run --runtime nvidia [other options]"
UPGRADE = (
    r"sudo sed -Ei 's/ r32(\.[0-9]+)? / r32.7 /' /etc/apt/sources.list.d/nvidia-l4t-apt-source.list"
    " && sudo apt-get update && sudo apt-get dist-upgrade && sudo reboot"
)
FLASH = "on a PC connected to the TX2 by USB: sdkmanager   (choose JetPack 4.6)"


def check_board(machine: Machine) -> Line:
    board = read_board(machine)
    if not board.is_jetson:
        return _describe_pc(machine)
    release = "R{}.{}.{}".format(*board.l4t) if board.l4t else "unknown: no /etc/nv_tegra_release"
    jetpack = _JETPACKS.get(board.l4t)
    found = f"{board.name}, L4T {release}" + (f" (JetPack {jetpack})" if jetpack else "")
    if not board.is_tx2:
        return Line(
            WARN,
            f"{found}: not a TX2, or it cannot be determined; the code is the same, the versions are not",
        )
    if not board.l4t:
        return Line(WARN, found, IN_CONTAINER if board.in_container else FLASH)
    if board.l4t < (32, 6):
        return Line(FAIL, f"{found}; JetPack 4.6 is needed", UPGRADE if board.l4t >= (32, 4) else FLASH)
    return Line(OK, found)


def _describe_pc(machine: Machine) -> Line:
    kind = machine.run(["uname", "-m"], _SECONDS).output.strip() or "unknown machine"
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    ran = machine.run(query, _SECONDS)
    if ran.status == 0:
        cards = "; ".join(ran.output.strip().splitlines())
        return Line(WARN, f"not a Jetson: {kind} with {cards}; use desktop.launch with backend tensorrt")
    desktop = "roslaunch place_recognition_ros desktop.launch"
    return Line(WARN, f"not a Jetson: {kind}, no NVIDIA GPU; the CPU runs the network", desktop)


def check_jetpack(machine: Machine) -> Optional[Line]:
    board = read_board(machine)
    if not board.is_jetson or board.in_container:
        return None
    form = "-f=${Status}|${Version}"
    ran = machine.run(["dpkg-query", "-W", form, "nvidia-jetpack"], _SECONDS)
    status, _, version = ran.output.strip().partition("|")
    if ran.status == 0 and status.endswith(" installed"):
        return Line(OK, f"nvidia-jetpack {version}")
    return Line(
        WARN, "package nvidia-jetpack is not installed; its parts are checked below", APT + "nvidia-jetpack"
    )


def check_cuda(machine: Machine) -> Line:
    board = read_board(machine)
    version = ""
    for compiler in ("nvcc", "/usr/local/cuda/bin/nvcc"):
        release = re.search(r"release (\d+\.\d+)", machine.run([compiler, "--version"], _SECONDS).output)
        if release:
            version, found = release.group(1), f"{release.group(1)}, {compiler}"
            break
    if not version:
        version = _installed_cuda(machine)
        found = f"{version}, no nvcc: sufficient to run, not to build PyCUDA"
    if not version:
        fix = IN_CONTAINER if board.in_container else APT + "nvidia-cuda-toolkit"
        if board.is_jetson and not board.in_container:
            fix = APT + ("cuda-toolkit-10-2" if board.has_jetpack_4 else "nvidia-jetpack")
        return Line(FAIL if board.is_jetson else WARN, "not found", fix)
    if board.has_jetpack_4 and version != "10.2":
        fix = APT + "cuda-toolkit-10-2 && sudo ln -sfn /usr/local/cuda-10.2 /usr/local/cuda"
        return Line(WARN, f"{found}; JetPack 4.6 has 10.2", fix)
    return Line(OK, found)


def _installed_cuda(machine: Machine) -> str:
    """The version, such as 10.2, as recorded by the toolkit; empty: not installed."""
    text = machine.read("/usr/local/cuda/version.txt")  # up to CUDA 11.0
    if not text:
        text = (
            json.loads(machine.read("/usr/local/cuda/version.json") or "{}")
            .get("cuda", {})
            .get("version", "")
        )
    found = re.search(r"\d+\.\d+", text)
    return found.group() if found else ""


def _memory(machine: Machine, name: str) -> float:
    """Bytes, from /proc/meminfo."""
    found = re.search(r"^{}:\s+(\d+) kB".format(name), machine.read("/proc/meminfo"), re.MULTILINE)
    if not found:
        raise ValueError(f"expected {name} in /proc/meminfo")
    return int(found.group(1)) * 1024.0


def check_memory(machine: Machine) -> Line:
    fix = "sudo systemctl isolate multi-user.target   (no desktop until the next boot)"
    return _check_available(machine, _BUILD_BYTES, "building the engine", fix)


def check_node_memory(machine: Machine) -> Line:
    return _check_available(
        machine, _NODE_BYTES, "the node", "ps aux --sort=-rss | head   (which processes use it)"
    )


def _check_available(machine: Machine, needed: float, who: str, fix: str) -> Line:
    available, total = _memory(machine, "MemAvailable"), _memory(machine, "MemTotal")
    found = f"{available / 1e9:.1f} of {total / 1e9:.1f} GB available"
    if available >= needed:
        return Line(OK, found)
    return Line(WARN, f"{found}; {who} needs {needed / 1e9:.1f} GB", fix)


def check_swap(machine: Machine) -> Line:
    swap = _memory(machine, "SwapTotal")
    if swap:
        return Line(OK, f"{swap / 1e9:.1f} GB")
    if _memory(machine, "MemAvailable") >= 2 * _BUILD_BYTES:
        return Line(OK, "none; not needed")
    fix = "sudo systemctl enable --now nvzramconfig"
    if not read_board(machine).is_jetson:
        make = "sudo fallocate -l 4G /swapfile && sudo chmod 600 /swapfile"
        fix = f"{make} && sudo mkswap /swapfile && sudo swapon /swapfile"
    return Line(WARN, "none, and little memory is available", fix)


def check_disk(machine: Machine) -> Line:
    folder = folders.cache(machine.environ)
    there = machine.at(folder)
    while not os.path.exists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    if not os.path.isdir(there) or not os.access(there, os.W_OK):
        blocked = "/" + os.path.relpath(there, machine.root)
        return Line(FAIL, f"{folder} is not writable", f'sudo chown -R "$USER" {blocked}')
    free = machine.free_bytes(there)
    found = f"{free / 1e9:.1f} GB free for engines in {folder}"
    fix = "sudo apt-get clean && df -h ~"
    if free < _CACHE_BYTES:
        return Line(FAIL, found, fix)
    return Line(OK, found) if free >= _MAP_BYTES else Line(WARN, f"{found}; a full map takes 1.5 GB", fix)


def check_power(machine: Machine) -> Optional[Line]:
    board = read_board(machine)
    if not board.is_jetson:
        return None
    ran = machine.run(["nvpmodel", "-q"], _SECONDS)
    mode = re.search(r"NV Power Mode: (\S+)", ran.output)  # without root it fails after printing this
    if not mode:
        where = "on the Jetson, outside the container: " if board.in_container else ""
        return Line(WARN, "nvpmodel does not report the mode", where + "sudo nvpmodel -q")
    if mode.group(1).startswith("MAXN"):
        return Line(OK, mode.group(1))
    return Line(WARN, f"{mode.group(1)}: slower than MAXN, which draws more power", "sudo nvpmodel -m 0")


def check_clocks(machine: Machine) -> Optional[Line]:
    """Whether CPU and GPU are fixed at their highest clocks; `jetson_clocks --show` would need root."""
    if not read_board(machine).is_jetson:
        return None
    free = []
    pairs = [
        (path, "scaling_min_freq", "scaling_max_freq")
        for path in machine.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq")
    ]
    pairs += [
        (path, "min_freq", "max_freq") for path in machine.glob("/sys/class/devfreq/*") if _is_gpu(path)
    ]
    for folder, low, high in pairs:
        lowest, highest = machine.read(f"{folder}/{low}"), machine.read(f"{folder}/{high}")
        if lowest != highest:
            free.append(re.findall(r"cpu\d+", folder)[0] if "/cpu/" in folder else "GPU")
    if not pairs:
        return Line(WARN, "the clocks cannot be read", "sudo jetson_clocks --show")
    if free:
        return Line(
            WARN, f"vary with the load: {', '.join(free)}; fixed clocks respond faster", "sudo jetson_clocks"
        )
    return Line(OK, "all fixed at the highest")


def _is_gpu(path: str) -> bool:
    return re.search(r"(gp10b|gv11b|ga10b|gm20b|gpu)$", path) is not None
