"""Tests again with the JAX backend, in a separate process."""

import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import pytest

IN_JAX = pytest.mark.skipif(keras.backend.backend() == "jax", reason="runs with JAX already")
NEEDS_JAX = pytest.mark.skipif(find_spec("jax") is None, reason="needs jax, requirements/training.txt")


def run_with_jax(chosen, *files):
    """Run the tests of ``files`` that an expression chooses; returns the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *files],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
