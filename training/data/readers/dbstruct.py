"""The structure ``dbStruct`` in which NetVLAD's authors describe their picture sets.

Source: Arandjelović et al., NetVLAD, CVPR 2016; the code's datasets/dbBase.m says what each field means.
"""

from typing import NamedTuple

import numpy as np

SPLIT_OF_SET = {"train": "train", "val": "validation", "test": "test"}


class DbStruct(NamedTuple):
    """One part of a picture set."""

    split: str  # of training.data.manifest.SPLITS
    references: list  # names of the database's pictures, relative to its folder; R of them
    reference_xy: np.ndarray  # (R, 2) float64, UTM, metres
    queries: list  # Q names
    query_xy: np.ndarray  # (Q, 2) float64
    reference_months: list  # R texts such as "201305"; empty ones where the set does not say
    query_months: list
    positive_metres: float  # "nonTrivPosDistSqThr": nearer pictures train as positives
    guard_metres: float  # "posDistThr": further ones are negatives


def read_dbstruct(path):
    """Read one .mat file.

    Args:
        path: such as pitts250k_train.mat or tokyoTM_val.mat.

    Returns:
        a :class:`DbStruct`.

    Raises:
        ValueError: naming the file, if it is none, or a field is missing or of another shape.
    """
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=["dbStruct"])
    except Exception as error:  # whatever a file that is no or a hostile .mat makes the parser do
        raise ValueError(f"expected a MATLAB file up to version 7. Received: '{path}': {error}") from error
    fields = content.get("dbStruct")
    if fields is None or fields.size != 1 or not fields.dtype.names:
        raise ValueError(f"expected one structure 'dbStruct' in '{path}'. Received: {_shape(fields)}")
    return _parse(fields.reshape(-1)[0], path)


def _parse(fields, path):
    references, queries = _names(fields, "dbImageFns", path), _names(fields, "qImageFns", path)
    name = _field(fields, "whichSet", path)
    split = SPLIT_OF_SET.get(str(name.item()) if name.size == 1 else "")
    if split is None:
        raise ValueError(
            f"expected 'whichSet' out of {', '.join(SPLIT_OF_SET)} in '{path}'. Received: {name}"
        )
    return DbStruct(
        split,
        references,
        _numbers(fields, "utmDb", (2, len(references)), path).T,
        queries,
        _numbers(fields, "utmQ", (2, len(queries)), path).T,
        _months(fields, "dbTimeStamp", len(references), path),
        _months(fields, "qTimeStamp", len(queries), path),
        float(np.sqrt(_numbers(fields, "nonTrivPosDistSqThr", (1, 1), path).item())),
        _numbers(fields, "posDistThr", (1, 1), path).item(),
    )


def _field(fields, name, path):
    if name not in fields.dtype.names:
        raise ValueError(
            f"expected the field '{name}' of 'dbStruct' in '{path}'. "
            f"Received: {', '.join(fields.dtype.names)}"
        )
    return np.asarray(fields[name])


def _names(fields, name, path):
    """A cell array of file names, N×1 or 1×N, as a list of N texts."""
    cells = _field(fields, name, path)
    if cells.dtype.kind != "O":
        raise ValueError(f"expected '{name}' of cells in '{path}'. Received: {_shape(cells)}")
    names = [np.asarray(cell) for cell in cells.reshape(-1)]
    for cell in names:
        if cell.dtype.kind != "U" or cell.size != 1:
            raise ValueError(f"expected file names in '{name}' of '{path}'. Received: {_shape(cell)}")
    return [str(cell.item()) for cell in names]


def _numbers(fields, name, shape, path):
    values = _field(fields, name, path)
    if values.dtype.kind not in "iuf" or values.shape != shape or not np.isfinite(values).all():
        raise ValueError(
            f"expected '{name}' in '{path}' to be {shape[0]}×{shape[1]} numbers. Received: {_shape(values)}"
        )
    return values.astype(np.float64)


def _months(fields, name, count, path):
    """Numbers such as 201305, in a row or a column, as texts; empty ones where there is no such field."""
    if name not in fields.dtype.names:
        return [""] * count
    column = np.shape(fields[name]) == (count, 1)
    numbers = _numbers(fields, name, (count, 1) if column else (1, count), path)
    return [f"{month:.15g}" for month in numbers.reshape(-1).tolist()]


def _shape(values):
    if values is None:
        return "none"
    return f"{'×'.join(map(str, values.shape))} of {'structures' if values.dtype.names else values.dtype}"
