"""Files that are whole or not there.

Apart from :mod:`training.saving`, because rendering cannot share a process with TensorFlow: the LLVM
inside it and the one of Mesa's software renderer crash each other.
"""

import contextlib
import os
from pathlib import Path


def write_atomically(path, content):
    """Write a file so that its name never stands for half of it.

    Args:
        path: the file's name; what it held before is replaced at the end.
        content: bytes, or an iterable of them, piece by piece.

    Raises:
        OSError: naming the file, if it cannot be written; what it held before is still there.
    """
    write_together({path: content})


def write_together(contents):
    """Write files that belong together: all of them are whole on the disk before the first gets its name.

    Args:
        contents: dict from a file's name to bytes, or an iterable of them; what they held before is replaced
            at the end.

    Raises:
        OSError: naming the file that cannot be written; what the files held before is still there.
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
