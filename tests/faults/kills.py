"""Runs an operation in a process of its own, and kills it with SIGKILL at some moment."""

import os
import signal
import time


def killed(operation, *arguments, after=0.0, begun=False):
    """What an operation acknowledged before it was killed.

    Args:
        operation: ``operation(*arguments, acknowledge)`` runs in a fork of this process; it calls
            ``acknowledge(text)`` after each step that must survive. It has to run longer than ``after``.
        after: seconds from the fork to the kill,
        begun: or, if this is set, from the first acknowledged text.

    Returns:
        The acknowledged texts, in their order.
    """
    child, reader = begin(operation, *arguments)
    first = [reader.readline().rstrip("\n")] if begun else []
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return first + end(child, reader)


def begin(operation, *arguments):
    """Start an operation; returns the id of its process, and a file that gets what it acknowledges."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            operation(*arguments, lambda text: os.write(writer, f"{text}\n".encode()))
        except BaseException as error:  # not into the test's own process
            os.write(writer, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(0)
    os.close(writer)
    return child, os.fdopen(reader)


def end(child, reader):
    """Wait for the end of an operation; returns what it acknowledged."""
    with reader:
        lines = reader.read().splitlines(keepends=True)
    os.waitpid(child, 0)
    return [line.rstrip("\n") for line in lines if line.endswith("\n")]
