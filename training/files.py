"""Paths of the project, and atomic writing of files.

This module imports neither Keras nor TensorFlow: rendering uses it, and cannot share a process with
TensorFlow, because the LLVM in TensorFlow and the one in Mesa's software renderer crash each other.
"""

import contextlib
import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DATA = PROJECT.parent / "shared" / "data"  # image sets and ImageNet weights; not part of the repository
DEFAULT_MODEL = PROJECT / "models" / "default.onnx"


def write_atomically(path, content):
    """Write a file atomically: readers see the old content or the new one, never a part.

    Args:
        path: name of the file; an existing file is replaced at the end.
        content: bytes, or an iterable of bytes that are written one after the other.

    Raises:
        OSError: naming the file, if it cannot be written; the old content is kept.
    """
    write_together({path: content})


def write_together(contents):
    """Write files that belong together: all are complete on disk before the first one is renamed.

    Args:
        contents: file name → bytes, or an iterable of bytes; existing files are replaced at the end.

    Raises:
        OSError: naming the file that cannot be written; the old contents are kept.
    """
    temporary = {}
    try:
        for path, content in contents.items():
            path = Path(path)
            temporary[path] = path.with_name(f".{path.name}.{os.getpid()}")
            with _naming(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(temporary[path], "wb") as file:
                    file.writelines([content] if isinstance(content, bytes) else content)
                    file.flush()
                    os.fsync(file.fileno())
        for path, written in temporary.items():
            with _naming(path):
                os.replace(written, path)
    finally:
        for written in temporary.values():
            with contextlib.suppress(OSError):
                written.unlink()


@contextlib.contextmanager
def _naming(path):
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"expected '{path}' to be written. Received: {error.strerror}") from error
