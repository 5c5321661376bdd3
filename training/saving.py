"""Files that are whole or not there; networks on disk."""

import os
from pathlib import Path


def write_atomically(path, content):
    """Write a file so that its name never stands for half of it.

    Args:
        path: the file's name; what it held before is replaced at the end.
        content: bytes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
