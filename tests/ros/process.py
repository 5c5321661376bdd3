"""Child processes, and waiting for what they do."""

import signal
import socket
import subprocess
import time


def wait_until(condition, timeout, what):
    """Call ``condition()`` every 10 ms until it is true; returns its value.

    Args:
        condition: a function without arguments.
        timeout: seconds.
        what: what is waited for, for the error message; text, or a function that returns it.

    Raises:
        AssertionError: if it is not true within ``timeout``.
    """
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"expected within {timeout} s: {what() if callable(what) else what}")


class Process:
    """A child process with its output in a file."""

    def __init__(self, command, log, env):
        self.log_path = str(log)
        with open(self.log_path, "wb") as file:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    @property
    def log(self):
        """Its output so far."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    @property
    def rss(self):
        """Resident memory, in bytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmRSS:"))
        return 1024 * int(line.split()[1])

    def send_signal(self, number):
        """Send a signal to the process."""
        self._process.send_signal(number)

    def wait(self, timeout):
        """Wait for its end, at most ``timeout`` seconds; returns its exit code."""
        wait_until(
            lambda: not self.running, timeout, lambda: f"the end of a process. Its output:\n{self.log}"
        )
        return self._process.returncode

    def stop(self, number=signal.SIGINT, timeout=10):
        """Stop it as roslaunch does; returns its exit code."""
        if self.running:
            self.send_signal(number)
        return self.wait(timeout)

    def kill(self):
        """Kill it (SIGKILL)."""
        self._process.kill()
        self._process.wait()


def free_port():
    """A free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
