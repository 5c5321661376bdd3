"""How many threads NumPy's products use, in a process of its own."""

import os
import subprocess
import sys

import pytest

COMMAND = "import place_recognition_ros, numpy, os; print(os.environ['OPENBLAS_NUM_THREADS'])"


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_one_thread_unless_the_environment_says_otherwise(given, expected):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if given is not None:
        environment["OPENBLAS_NUM_THREADS"] = given
    found = subprocess.run(
        [sys.executable, "-c", COMMAND], env=environment, stdout=subprocess.PIPE, check=True
    )
    assert found.stdout.decode().strip() == expected
