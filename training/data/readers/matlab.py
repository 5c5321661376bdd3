"""Reads texts, numbers, cells and structures of MATLAB files, versions 5 to 7.

Source: MathWorks, "MAT-File Format", chapter on level 5. scipy.io.loadmat is not used, because a single
damaged byte may crash its parser and the process.
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15  # types of elements
_CELL, _STRUCTURE, _TEXT, _NUMERIC = 1, 2, 4, range(6, 16)  # classes of matrices
_DEEPEST = 8  # matrices within matrices
_LARGEST = 2**30  # bytes after decompression


def read_variables(path):
    """Read all variables of a file.

    Args:
        path: of a .mat file.

    Returns:
        dict from name to value: text → str; numbers → float64 array of their shape; cells → flat list;
        one structure → dict from field to value; anything else → None.

    Raises:
        ValueError: naming the file, if it is not a MATLAB file, is damaged, or of version 4 or 7.3.
    """
    try:
        content = Path(path).read_bytes()
        order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
        if order is None or content[124:126] not in (b"\x00\x01", b"\x01\x00"):
            raise ValueError("no header of these versions")
        return dict(_variables(memoryview(content)[128:], order))
    except (OSError, ValueError, IndexError, OverflowError, struct.error, zlib.error) as error:
        raise ValueError(
            f"expected a MATLAB file of version 5 to 7. Received: '{path}': {error or type(error).__name__}"
        ) from error


def _variables(content, order):
    while len(content):
        kind, data, content = _element(content, order)
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(data, _LARGEST)
            if not unpacker.eof:
                raise ValueError("a variable is cut off or too large")
            kind, data, _ = _element(memoryview(data), order)
        if kind == _MATRIX:
            yield _matrix(data, order, _DEEPEST)


def _element(content, order):
    """Type and data of the first element, and the remaining content."""
    kind, size = struct.unpack_from(f"{order}II", content)
    begin, end = 8, 8 + size
    if kind >> 16:  # small element: size and type share four bytes, then up to four bytes of data
        kind, size = kind & 0xFFFF, kind >> 16
        begin, end = 4, 4 + size
        following = 8
    else:
        following = end if kind == _COMPRESSED else 8 * math.ceil(end / 8)
    if end > len(content) or (begin == 4 and size > 4):
        raise ValueError(f"an element of {size} bytes is cut off")
    return kind, content[begin:end], content[following:]


def _matrix(data, order, deepest):
    """Name and value of a matrix."""
    if not len(data):  # an empty matrix
        return "", np.zeros((0, 0))
    if not deepest:
        raise ValueError("too many cells within cells")
    _, flags, data = _element(data, order)
    _, sizes, data = _element(data, order)
    _, name, data = _element(data, order)
    (kind,) = struct.unpack_from(f"{order}I", flags)
    shape = np.frombuffer(sizes, f"{order}i4").tolist()
    if min(shape, default=-1) < 0:
        raise ValueError(f"a matrix of shape {shape}")
    return bytes(name).decode("latin-1"), _value(kind & 0xFF, shape, data, order, deepest)


def _value(kind, shape, data, order, deepest):
    count = math.prod(shape)
    if kind == _CELL:
        return _matrices(data, count, order, deepest)
    if kind == _STRUCTURE and count == 1:
        _, length, data = _element(data, order)
        _, names, data = _element(data, order)
        (length,) = struct.unpack(f"{order}i", length)
        names = [bytes(names[i : i + max(length, 1)]) for i in range(0, len(names), max(length, 1))]
        names = [name.split(b"\0")[0].decode("latin-1") for name in names]
        return dict(zip(names, _matrices(data, len(names), order, deepest)))
    if kind == _TEXT or kind in _NUMERIC:
        type_of_data, data, _ = _element(data, order)
        if kind == _TEXT and type_of_data in _TEXTS:
            encoding = _TEXTS[type_of_data]
            return bytes(data).decode(
                encoding + {"<": "-le", ">": "-be"}[order] * encoding.startswith(("utf-16", "utf-32"))
            )
        numbers = np.frombuffer(data, order + _NUMBERS.get(type_of_data, "V"))
        return numbers.astype(np.float64).reshape(shape, order="F")
    return None


def _matrices(data, count, order, deepest):
    values = []
    for _ in range(count):
        kind, content, data = _element(data, order)
        if kind != _MATRIX:
            raise ValueError(f"a cell of type {kind}")
        values.append(_matrix(content, order, deepest - 1)[1])
    return values
