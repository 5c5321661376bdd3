"""Runs a function of a test in a new process, where a crash is survived and memory can be measured."""

import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
import tests.faults
module, name, arguments = sys.argv[2:]
print(json.dumps(getattr(importlib.import_module(module), name)(*json.loads(arguments))))
"""


def in_own_process(function, *arguments):
    """The result of ``function(*arguments)``, of a module's function; both are passed as JSON.

    Raises:
        AssertionError: if the process dies or fails.
    """
    command = [sys.executable, "-c", PROGRAM, ROOT, function.__module__, function.__name__]
    process = subprocess.run(
        [*command, json.dumps(arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
    )
    output = process.stderr.decode(errors="replace")[-3000:]
    assert process.returncode == 0, f"expected exit code 0. Received: {process.returncode}\n{output}"
    return json.loads(process.stdout.decode().splitlines()[-1])


def resident_bytes():
    """The memory that this process has in RAM; the peak is counted from now on."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _status("VmRSS:")


def peak_bytes():
    """The most memory that this process had in RAM since :func:`resident_bytes`."""
    return _status("VmHWM:")


def _status(name):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name))
