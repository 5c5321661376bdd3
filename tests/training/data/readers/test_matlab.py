"""MATLAB files: written by SciPy, built byte by byte, and damaged."""

import struct

import numpy as np
import pytest

from training.data.readers.matlab import read_variables

savemat = pytest.importorskip("scipy.io").savemat

CELLS = np.empty((3, 1), object)
CELLS[:, 0] = ["000/a.jpg", "naïve 東京.jpg", "x"]
VARIABLES = {
    "dbStruct": {"whichSet": "train", "names": CELLS, "xy": np.arange(6.0).reshape(2, 3), "n": 3.0},
    "small": np.array([[1, -2]], np.int16),
    "flags": np.array([[True, False]]),
    "empty": np.zeros((0, 0)),
}


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def path(request, tmp_path):
    savemat(tmp_path / "whole.mat", VARIABLES, do_compression=request.param)
    return tmp_path / "whole.mat"


def test_files_written_by_scipy(path):
    found = read_variables(path)
    assert found["dbStruct"]["whichSet"] == "train"
    assert found["dbStruct"]["names"] == CELLS[:, 0].tolist()
    assert found["dbStruct"]["xy"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["dbStruct"]["n"].tolist() == [[3]]
    assert (found["small"].tolist(), found["flags"].tolist()) == ([[1, -2]], [[1, 0]])
    assert found["empty"].shape == (0, 0)


def element(order, kind, data):
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)


@pytest.mark.parametrize("order, mark", [("<", b"IM"), (">", b"MI")])
def test_both_byte_orders(tmp_path, order, mark):
    version = struct.pack(f"{order}H", 0x0100)
    numbers = b"".join(
        (
            element(order, 6, struct.pack(f"{order}II", 6, 0)),
            element(order, 5, struct.pack(f"{order}ii", 1, 2)),
            element(order, 1, b"pair"),
            element(order, 4, struct.pack(f"{order}HH", 7, 300)),  # doubles, kept as uint16
        )
    )
    text = b"".join(
        (
            element(order, 6, struct.pack(f"{order}II", 4, 0)),
            element(order, 5, struct.pack(f"{order}ii", 1, 2)),
            struct.pack(f"{order}I", 1 << 16 | 1) + b"t\0\0\0",  # a small element
            element(order, 17, "é!".encode("utf-16-le" if order == "<" else "utf-16-be")),
        )
    )
    content = bytes(124) + version + mark + element(order, 14, numbers) + element(order, 14, text)
    (tmp_path / "file.mat").write_bytes(content)
    found = read_variables(tmp_path / "file.mat")
    assert found["pair"].tolist() == [[7, 300]]
    assert found["t"] == "é!"


def test_other_types_are_none(tmp_path):
    structures = np.zeros((2, 1), [("a", object)])
    savemat(tmp_path / "two.mat", {"two": structures})
    assert read_variables(tmp_path / "two.mat") == {"two": None}


def test_truncated_and_other_files_are_refused(path, tmp_path):
    whole = path.read_bytes()
    version_7_3 = whole[:124] + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"
    for content in (b"", b"MATLAB", whole[:200], whole[:-40], version_7_3, bytes(200)):
        (tmp_path / "torn.mat").write_bytes(content)
        with pytest.raises(ValueError, match=r"torn\.mat"):
            read_variables(tmp_path / "torn.mat")
    with pytest.raises(ValueError, match=r"none\.mat"):
        read_variables(tmp_path / "none.mat")


def test_deeply_nested_cells_are_refused(tmp_path):
    content = b""
    for _ in range(200):
        head = (
            element("<", 6, struct.pack("<II", 1, 0)),
            element("<", 5, struct.pack("<ii", 1, 1)),
            element("<", 1, b""),
        )
        content = element("<", 14, b"".join(head) + content)
    (tmp_path / "deep.mat").write_bytes(bytes(124) + b"\x00\x01IM" + content)
    with pytest.raises(ValueError, match=r"deep\.mat.*cells within cells"):
        read_variables(tmp_path / "deep.mat")


def test_a_damaged_byte_gives_another_value_or_an_error(path, tmp_path):
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for place in random.integers(120, len(whole), 400):
        damaged = bytearray(whole)
        damaged[place] ^= int(random.integers(1, 256))
        (tmp_path / "damaged.mat").write_bytes(damaged)
        try:
            read_variables(tmp_path / "damaged.mat")
        except ValueError as error:
            assert "damaged.mat" in str(error)
            refused += 1
    assert refused > 40
