"""Files that are whole or not there.

Apart from :mod:`training.saving`, because rendering cannot share a process with TensorFlow: the LLVM
inside it and the one of Mesa's software renderer crash each other.
"""

import os
from pathlib import Path


def write_atomically(path, content):
    """Write a file so that its name never stands for half of it.

    Args:
        path: the file's name; what it held before is replaced at the end.
        content: bytes.

    Raises:
        OSError: naming the file, if it cannot be written; what it held before is still there.
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
    except OSError as error:
        raise OSError(error.errno, f"expected '{path}' to be written. Received: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
