"""The structure ``dbStruct`` in which the authors of NetVLAD describe their image sets.

Source: Arandjelović et al., NetVLAD, CVPR 2016; the fields are documented in datasets/dbBase.m of its code.
"""

import math
from typing import NamedTuple

import numpy as np

from training.data.readers.matlab import read_variables

SPLIT_OF_SET = {"train": "train", "val": "validation", "test": "test"}


class DbStruct(NamedTuple):
    """One part of an image set."""

    split: str  # of training.data.manifest.SPLITS
    references: list  # R names of database images, relative to their folder
    reference_xy: np.ndarray  # (R, 2) float64, UTM, metres
    queries: list  # Q names
    query_xy: np.ndarray  # (Q, 2) float64
    reference_months: list  # R texts such as "201305"; empty if not given
    query_months: list
    positive_metres: float  # from "nonTrivPosDistSqThr": nearer images are positives
    guard_metres: float  # "posDistThr": farther images are negatives


def read_dbstruct(path):
    """Read one .mat file.

    Args:
        path: for example pitts250k_train.mat or tokyoTM_val.mat.

    Returns:
        a :class:`DbStruct`.

    Raises:
        ValueError: naming the file, if it cannot be read, or a field is missing or has another shape.
    """
    fields = read_variables(path).get("dbStruct")
    if not isinstance(fields, dict):
        raise ValueError(f"expected one structure 'dbStruct' in '{path}'. Received: {_kind(fields)}")
    references, queries = _names(fields, "dbImageFns", path), _names(fields, "qImageFns", path)
    which = _field(fields, "whichSet", path)
    if not isinstance(which, str) or which not in SPLIT_OF_SET:
        sets = ", ".join(SPLIT_OF_SET)
        raise ValueError(f"expected 'whichSet' out of {sets} in '{path}'. Received: {which}")
    return DbStruct(
        SPLIT_OF_SET[which],
        references,
        _numbers(fields, "utmDb", (2, len(references)), path).T,
        queries,
        _numbers(fields, "utmQ", (2, len(queries)), path).T,
        _months(fields, "dbTimeStamp", len(references), path),
        _months(fields, "qTimeStamp", len(queries), path),
        math.sqrt(abs(_numbers(fields, "nonTrivPosDistSqThr", (1, 1), path).item())),
        _numbers(fields, "posDistThr", (1, 1), path).item(),
    )


def _field(fields, name, path):
    if name not in fields:
        raise ValueError(
            f"expected the field '{name}' of 'dbStruct' in '{path}'. Received: {', '.join(fields)}"
        )
    return fields[name]


def _names(fields, name, path):
    """A cell array of file names."""
    names = _field(fields, name, path)
    if not isinstance(names, list):
        raise ValueError(f"expected '{name}' of cells in '{path}'. Received: {_kind(names)}")
    for cell in names:
        if not isinstance(cell, str) or not cell or not cell.isprintable():
            raise ValueError(f"expected file names in '{name}' of '{path}'. Received: {_kind(cell)}")
    return names


def _numbers(fields, name, shape, path):
    values = _field(fields, name, path)
    if not isinstance(values, np.ndarray) or values.shape != shape or not np.isfinite(values).all():
        raise ValueError(
            f"expected '{name}' in '{path}' to be {shape[0]}×{shape[1]} numbers. Received: {_kind(values)}"
        )
    return values


def _months(fields, name, count, path):
    """Numbers such as 201305, in a row or a column, as texts; empty texts if the field is missing."""
    if name not in fields:
        return [""] * count
    column = np.shape(fields[name]) == (count, 1)
    numbers = _numbers(fields, name, (count, 1) if column else (1, count), path)
    return [f"{month:.15g}" for month in numbers.reshape(-1).tolist()]


def _kind(value):
    if isinstance(value, np.ndarray):
        return f"{'×'.join(map(str, value.shape))} numbers"
    if isinstance(value, str):
        return f"the text {value!r}"
    return {"dict": "a structure", "list": "cells"}.get(type(value).__name__, "none")
