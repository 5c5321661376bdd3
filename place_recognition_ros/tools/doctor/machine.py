"""How the checks access a machine: its files, its commands, which board it is."""

import glob
import os
import re
import shutil
import signal
import subprocess
import sys
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

OK, WARN, FAIL = "OK", "WARN", "ERROR"

_CHIPS = {
    "tegra186": "Jetson TX2",
    "tegra194": "Jetson Xavier",
    "tegra210": "Jetson Nano or TX1",
    "tegra234": "Jetson Orin",
}
_CHIP_IDS = {
    "24": "tegra186",
    "25": "tegra194",
    "33": "tegra210",
    "35": "tegra234",
}  # as the kernel's tegra_fuse reports them


class Line(NamedTuple):
    """What a check found."""

    mark: str  # OK; WARN: works, could be better; FAIL: the node will not run
    found: str
    fix: str = ""  # the command that fixes it


class Ran(NamedTuple):
    """The result of a command."""

    status: Optional[int]  # exit status; −n: killed by signal n; 127: no such command; None: it hung
    output: str  # stdout and stderr


class Machine(NamedTuple):
    """A machine as the checks see it; tests use a fake one."""

    root: str
    run: Callable[[Sequence[str], float], Ran]  # command, timeout in seconds
    free_bytes: Callable[[str], int]  # free on the disk of a folder
    python: str  # the interpreter that will run the node
    environ: Mapping[str, str]

    def at(self, path: str) -> str:
        """An absolute path of that machine, as a path on this one."""
        return os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str) -> str:
        """The text of a file; empty if it does not exist."""
        try:
            with open(self.at(path), encoding="utf-8", errors="replace") as file:
                return file.read().strip("\0\n ")
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def glob(self, pattern: str) -> List[str]:
        """Paths of that machine, sorted."""
        start = len(self.at("/"))
        return ["/" + path[start:] for path in sorted(glob.glob(self.at(pattern)))]


class Board(NamedTuple):
    """What kind of computer it is."""

    name: str
    l4t: Tuple[int, ...]  # Linux for Tegra: (32, 7, 1); empty: unknown
    in_container: bool  # on a Jetson: the host provides CUDA and TensorRT there

    @property
    def is_tx2(self) -> bool:
        return self.name == _CHIPS["tegra186"]

    @property
    def is_jetson(self) -> bool:
        return bool(self.l4t) or self.name in _CHIPS.values()

    @property
    def has_jetpack_4(self) -> bool:
        """Whether it is a TX2, or another Jetson with the same packages."""
        return self.is_tx2 or self.l4t[:1] == (32,)


def this_machine() -> Machine:
    def free_bytes(folder: str) -> int:
        return shutil.disk_usage(folder).free

    return Machine("/", run_command, free_bytes, sys.executable or "python3", os.environ)


def read_board(machine: Machine) -> Board:
    """Which board a machine is, according to the kernel and NVIDIA's packages."""
    tree = machine.read("/proc/device-tree/compatible")
    chips = [chip for chip in _CHIPS if chip in tree]
    # A container sees no device tree.
    chips += [_CHIP_IDS.get(machine.read("/sys/module/tegra_fuse/parameters/tegra_chip_id"), "")]
    release = re.search(r"R(\d+) .*REVISION: (\d+)\.(\d+)", machine.read("/etc/nv_tegra_release"))
    l4t: Tuple[int, ...] = tuple(int(number) for number in release.groups()) if release else ()
    name = _CHIPS.get(chips[0], "a Jetson" if l4t else "a PC")
    board = Board(name, l4t, False)
    return board._replace(in_container=board.is_jetson and os.path.exists(machine.at("/.dockerenv")))


def run_command(command: Sequence[str], timeout: float) -> Ran:
    """Run a command in its own session; if it hangs, it is killed with all its child processes."""
    environment: Dict[str, str] = dict(os.environ, LC_ALL="C", PYTHONIOENCODING="utf-8")
    try:
        process = subprocess.Popen(  # noqa: S603  the commands are constants of the checks
            list(command),
            cwd="/",  # the current folder may shadow a module
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError:
        return Ran(127, "")
    with process:
        try:
            output = process.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Ran(None, "")
    return Ran(process.returncode, output.decode("utf-8", "replace"))
