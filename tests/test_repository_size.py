"""The size of the repository: a robot clones it over a slow link."""

import shutil
import subprocess

import pytest

MAX_BYTES = 12_000_000


def test_the_tracked_files_are_below_12_megabytes(root):
    if shutil.which("git") is None:
        pytest.skip("no git")
    listed = subprocess.run(
        ["git", "-C", root, "ls-tree", "-r", "-l", "HEAD"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        universal_newlines=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    sizes = [int(line.split()[3]) for line in listed.stdout.splitlines()]
    assert sum(sizes) < MAX_BYTES
