"""A ROS master and the node for one run; both are stopped at its end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Optional, Sequence

START_TIMEOUT = 40.0  # seconds until the node subscribes
STOP_TIMEOUT = 8.0  # seconds; roslaunch itself gives a node that long


class NodeError(Exception):
    """The node did not start, or ended; the message is a sentence for the user."""


class RosSession:
    """``roslaunch`` with a private master on a free port of localhost.

    Args:
        launch: arguments of roslaunch: package, launch file, more.

    Raises:
        NodeError: if there is no roslaunch.
    """

    def __init__(self, launch: Sequence[str]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="place_recognition_demo_"))
        self.log = self._folder / "node.log"
        port = free_port()
        os.environ.update(
            ROS_MASTER_URI=f"http://127.0.0.1:{port}", ROS_IP="127.0.0.1", ROS_LOG_DIR=str(self._folder),
            PYTHONUNBUFFERED="1",
        )  # fmt: skip
        os.environ.pop("ROS_HOSTNAME", None)
        with self.log.open("wb") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603
                    ["roslaunch", "-p", str(port), *launch],  # noqa: S607
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # only the player receives Ctrl-C; it stops the rest in order
                )
            except FileNotFoundError as error:
                shutil.rmtree(self._folder, ignore_errors=True)
                raise NodeError(
                    "expected roslaunch in PATH. Received: none; start the demo with ./run demo"
                ) from error
        self._keep_log = False

    def __enter__(self) -> "RosSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> None:
        """Check that the node is running.

        Raises:
            NodeError: if it has ended.
        """
        if self._process.poll() is not None:
            raise self.failure("expected the node to run. Received: it ended")

    def failure(self, what: str) -> NodeError:
        """An error that quotes the last error in the node's log; the log file is kept."""
        self._keep_log = True
        reason = last_error(self.log.read_text(encoding="utf-8", errors="replace"))
        return NodeError(f"{what}{f': {reason}' if reason else ''}. Its log: {self.log}")

    def wait_for_master(self) -> None:
        """Wait until the master is online.

        Raises:
            NodeError: after ``START_TIMEOUT``.
        """
        import rosgraph

        deadline = time.monotonic() + START_TIMEOUT
        while not rosgraph.is_master_online():
            self.check()
            if time.monotonic() > deadline:
                raise self.failure(f"expected a ROS master within {START_TIMEOUT:.0f} s. Received: none")
            time.sleep(0.05)

    def close(self) -> None:
        """Stop roslaunch, the node and the master; kill them if they do not end."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                break
            os.killpg(self._process.pid, number) if number == signal.SIGKILL else self._process.send_signal(
                number
            )
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                continue
        if not self._keep_log:
            shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    """A free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_error(log: str) -> Optional[str]:
    """The last line of a log that reports an error, without colours; None if there is none."""
    lines = [line.replace("\x1b[31m", "").replace("\x1b[0m", "").strip() for line in log.splitlines()]
    bad = [
        line
        for line in lines
        if "Error" in line or "[ERROR]" in line or "[FATAL]" in line or " has died" in line
    ]
    specific = [line for line in bad if " has died" not in line] or bad  # roslaunch gives no cause
    return specific[-1].split(", cmd ")[0] if specific else None
