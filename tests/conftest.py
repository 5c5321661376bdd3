"""What all tests share. The tests of the run-time core run under Python 3.6 and newer."""

import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The catkin workspace goes before the source tree, wherever it stands: only it has the messages too.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != ROOT] + [ROOT]


@pytest.fixture(scope="session")
def root():
    """Path of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data():
    """Path of the real pictures and weights, which are not part of the repository."""
    path = os.path.join(os.path.dirname(ROOT), "shared", "data")
    if not os.path.isdir(path):
        pytest.skip(f"the pictures are not here: {path}")
    return path
