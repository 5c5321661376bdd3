"""Speed of ``LoopDetector.add`` in comparison with another git revision.

Each version runs in a process of its own and fills a map of its own with the same images. Then blocks of adds
alternate between the two, so that other load on the machine affects both.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import ExitStack, suppress
from itertools import count, islice
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.prepared_map import VIEWS, revisits
from benchmarks.scenes import Place

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORKER = os.path.join(ROOT, "benchmarks", "add_worker.py")
NEEDED = ("place_recognition_ros", "models")  # of the other revision
KEYFRAMES = 1000
BLOCKS = 40  # of VIEWS adds each, measured for each version
WARM_UP = 2  # blocks before them, not measured
TARGET = 1.05  # ratio of the medians


class CompareError(Exception):
    """The comparison is not possible; the message is a sentence for the user."""


class Worker:
    """One version of the package in a process of its own.

    Args:
        folder: contains the package ``place_recognition_ros`` of that version.

    Raises:
        CompareError: if the process does not start with the package of that folder.
    """

    def __init__(self, folder: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a script of this package
            [sys.executable, WORKER],
            env={**os.environ, "PYTHONPATH": folder},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._stdin: Any = self._process.stdin
        self._stdout: Any = self._process.stdout
        self._folder = folder
        package = self.receive()
        if package != os.path.join(folder, "place_recognition_ros"):
            self.close()
            raise CompareError(f"expected the package in '{folder}'. Received: '{package}'")

    def send(self, images: np.ndarray) -> None:
        """Start to add a block of images, (N, H, W, 3) uint8 BGR."""
        block = io.BytesIO()
        np.save(block, images)
        with suppress(BrokenPipeError):  # receive() reports it
            self._stdin.write(len(block.getbuffer()).to_bytes(8, "little") + block.getvalue())
            self._stdin.flush()

    def receive(self) -> Any:
        """Durations of the adds of the block, in seconds.

        Raises:
            CompareError: if the process has ended.
        """
        line = self._stdout.readline()
        if not line:
            self.close()
            raise CompareError(
                f"expected the version in '{self._folder}' to add keyframes. "
                f"Received: its process ended with exit code {self._process.returncode}"
            )
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._stdin.close()
        self._process.wait()
        self._stdout.close()


def compare(reference: str, keyframes: int = KEYFRAMES) -> list[Figure]:
    """Median durations of both versions and their ratio.

    Args:
        reference: a git revision.
        keyframes: size of the maps before the measurement, rounded down to a multiple of ``VIEWS``.

    Raises:
        CompareError: if there is no such revision, or a version does not run.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        extract(reference, folder)
        workers = [Worker(each) for each in (ROOT, os.path.realpath(folder))]
        for worker in workers:
            running.callback(worker.close)
        places = max(1, keyframes // VIEWS)
        print(f"» Adding {places * VIEWS:,} keyframes to the maps of both versions …", file=sys.stderr)
        for place in range(places):
            for worker in workers:
                worker.send(_first_visit(place))
            for worker in workers:
                worker.receive()
        print(f"» Measuring {BLOCKS * VIEWS} adds of each version in turn …", file=sys.stderr)
        own, other = _measure(workers, places)
    return figures(reference, own, other)


def extract(reference: str, folder: str) -> None:
    """Write the run-time package and the models of a git revision to a folder.

    Raises:
        CompareError: if there is no such revision.
    """
    command = ["git", "-C", ROOT, "archive", "--format=tar", reference, *NEEDED]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise CompareError(f"expected a git revision. Received: '{reference}': {reason}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder)  # noqa: S202 - files of this repository


def figures(reference: str, own: list[float], other: list[float]) -> list[Figure]:
    """The table; ``own`` and ``other``: durations in seconds."""
    medians = float(np.median(own)), float(np.median(other))
    return [
        Figure("LoopDetector.add of this tree, median", 1e3 * medians[0], "ms"),
        Figure(f"LoopDetector.add of {reference}, median", 1e3 * medians[1], "ms"),
        Figure(f"ratio of the medians, this tree to {reference}", medians[0] / medians[1], "", TARGET),
    ]


def _measure(workers: list[Worker], places: int) -> list[list[float]]:
    """Durations of the adds of each version, in seconds, when the camera passes the places again."""
    durations: list[list[float]] = [[] for _ in workers]
    images = revisits(place % places for place in count())
    for number in range(WARM_UP + BLOCKS):
        block = np.stack(list(islice(images, VIEWS)))
        order = range(len(workers)) if number % 2 else reversed(range(len(workers)))
        for row in order:
            workers[row].send(block)
            taken = workers[row].receive()
            if number >= WARM_UP:
                durations[row] += taken
    return durations


def _first_visit(place: int) -> np.ndarray:
    """(VIEWS, H, W, 3) uint8 BGR, of a camera that passes a place for the first time."""
    scene = Place(place)
    return np.stack([scene.image(forward=0.02 * view) for view in range(VIEWS)])
