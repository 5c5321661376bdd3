"""The doctor as a command: what it prints, its exit status, and what the process that listens reports."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from place_recognition_ros.tools.doctor import __main__ as doctor
from place_recognition_ros.tools.doctor.live import check_live
from place_recognition_ros.tools.doctor.machine import FAIL, WARN, Line, Ran
from tests.tools.machines import NO_PROGRAM, PC, make_fake_machine, missing  # noqa: F401

NO_ROSPY = {"import os, rospy": missing("rospy")}


@pytest.mark.parametrize("python, status", [("found 3.6.9", 0), ("found 2.7.17", 1)])
def test_the_exit_status(fake_machine, capsysbinary, python, status):
    assert doctor.main(["--tensorrt"], fake_machine(commands={"import sys": python})) == status
    printed = capsysbinary.readouterr().out.decode()
    assert f"{status} to fix, 0 to improve" in printed
    assert Counter(line[:5] for line in printed.splitlines() if line)[FAIL] == status


NO_MASTER = {"ROS_MASTER_URI": "http://127.0.0.1:1"}
NOTHING_FOR_A_GPU = {"uname": "x86_64\n", "import tensorrt;": missing("tensorrt"), "nvidia-smi": NO_PROGRAM}


def test_without_a_gpu_and_ros_the_tools_work(fake_machine, capsysbinary):
    commands = {**NOTHING_FOR_A_GPU, **NO_ROSPY}
    machine = fake_machine(PC, commands)._replace(environ=NO_MASTER)
    assert doctor.main([], machine) == 0
    first, *_, last = capsysbinary.readouterr().out.decode().splitlines()
    assert first.startswith("WARN  ROS master     no ROS master at http://127.0.0.1:1")
    assert last.startswith("0 to fix, 2 to improve")


@pytest.mark.parametrize("name", ["numpy", "onnxruntime"])
def test_what_is_needed_without_a_gpu_comes_first(fake_machine, capsysbinary, name):
    commands = {**NOTHING_FOR_A_GPU, f"import {name}": missing(name)}
    machine = fake_machine(PC, commands)._replace(environ=NO_MASTER)
    assert doctor.main([], machine) == 1
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[0].split()[:2] == ["ERROR", name]
    assert lines[1].split()[0] == "→"
    assert "TensorRT" not in "".join(lines)


LIVE = '["WARN", "log", "text", ""]\nnot JSON\n["ERROR", "images", "nothing is published", "image:=/x"]\n'


@pytest.mark.parametrize("ran, expected", [(LIVE, []), (Ran(1, LIVE + "ImportError: x"), ["ImportError: x"])])
def test_what_the_process_that_listens_has_found(fake_machine, ran, expected):
    found = list(check_live(fake_machine(commands={"place_recognition_ros.ros.doctor": ran}), 5.0))
    assert found[:2] == [
        ("log", Line(WARN, "text")),
        ("images", Line(FAIL, "nothing is published", "image:=/x")),
    ]
    assert [line.found.split("checked: ")[1] for _, line in found[2:]] == expected


def test_on_this_machine_in_a_terminal_without_unicode(root):
    command = [os.path.join(root, "run"), "tx2-check"]
    environment = dict(os.environ, LC_ALL="C", PLACE_RECOGNITION_PYTHON=sys.executable)
    ran = subprocess.run(
        command, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    printed = ran.stdout.decode()
    assert "Traceback" not in printed
    assert ("not a Jetson" in printed) == (not os.path.exists("/etc/nv_tegra_release"))
    assert ran.returncode == (1 if FAIL in printed else 0)
    assert "OK    numpy" in printed
