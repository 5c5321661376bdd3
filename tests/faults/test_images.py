"""Raw images whose fields contradict each other, or that no camera sends."""

import itertools

import numpy as np
import pytest

from place_recognition_ros.errors import ImageError
from place_recognition_ros.images import DEPTH_ENCODINGS, ENCODINGS, unpadded_rows
from tests.faults.forms import fault, forms
from tests.faults.own_process import in_own_process, peak_bytes, resident_bytes

HUGE = 2**32 - 1  # the largest value of a uint32 field
UNKNOWN = ["", "rgb", "RGB8", "bgr8 ", "64FC4", "8UC2", "nv16", "jpeg", "\0", "a" * 10**6]
ROWS_OF_DATA = {"nv12": 1.5, "nv21": 1.5, "nv24": 3}  # times ``step`` bytes, per row of pixels


def random_message(rng):
    """(fields of a valid image, its rows without padding); of nv24, rows of chroma are twice as long."""
    encoding = str(rng.choice(sorted(ENCODINGS)))
    layout = ENCODINGS[encoding]
    height, width = (int(side) for side in 2 * rng.integers(1, 20, 2))
    shape = (int(height * ROWS_OF_DATA.get(encoding, 1)), width * layout.channels * layout.bits // 8)
    rows, padding = rng.integers(0, 256, shape).astype(np.uint8), int(rng.integers(0, 40))
    twice = 2 if encoding == "nv24" else 1
    planes = [(rows[:height], padding), (rows[height:].reshape(-1, twice * shape[1]), twice * padding)]
    data = b"".join(row.tobytes() + b"\xa5" * more for plane, more in planes for row in plane)
    return (encoding, height, width, shape[1] + padding, data), rows


def mutated(fields, rng):
    """The fields with one of them changed."""
    encoding, height, width, step, data = fields
    change = int(rng.integers(1, 9)) * int(rng.choice([-1, 1]))
    extreme = int(rng.choice([0, 1, 2**31, HUGE]))
    kind = rng.integers(9)
    if kind < 3:
        height, width, step = np.where(np.arange(3) == kind, extreme, (height, width, step)).tolist()
    elif kind < 6:
        height, width, step = (np.eye(3, dtype=int)[kind - 3] * change + (height, width, step)).tolist()
    elif kind == 6:
        data = data[:change] if change < 0 else data + bytes(change)
    elif kind == 7:
        data = data[: int(rng.integers(0, len(data)))]
    else:
        encoding = str(rng.choice(sorted(ENCODINGS)))
    return encoding, height, width, step, data


def expected_rows(encoding, height, width, step, data):
    """The rows by the definition of the layout, byte by byte; None: the fields contradict each other."""
    layout = ENCODINGS[encoding]
    if height < 1 or width < 1 or height % layout.cell[0] or width % layout.cell[1]:
        return None
    row = width * layout.channels * layout.bits // 8
    if step < row or len(data) != int(step * height * ROWS_OF_DATA.get(encoding, 1)):
        return None
    starts = [(step * number, row) for number in range(height)]
    if encoding in ("nv12", "nv21"):
        starts += [(step * number, row) for number in range(height, height * 3 // 2)]
    if encoding == "nv24":
        starts += [(step * height + 2 * step * number, 2 * row) for number in range(height)]
    return b"".join(data[start : start + length] for start, length in starts)


@fault(14, "Image step, height, width, data size disagree")
@forms(500, 20000)
def test_padding_is_removed_exactly_and_contradicting_fields_are_refused(amount, rng, tried):
    refused = read = 0
    for number in range(amount):
        fields, rows = random_message(rng)
        np.testing.assert_array_equal(unpadded_rows(*fields), rows)
        changed = mutated(fields, rng)
        expected = expected_rows(*changed)
        if expected is None:
            with pytest.raises(ImageError, match=r"expected .*Received: "):
                unpadded_rows(*changed)
            refused += 1
        else:  # the encoding has another name, or only the padding differs
            assert unpadded_rows(*changed).tobytes() == expected, (number, changed[:4])
            read += 1
    assert refused > amount / 2
    assert read > 0
    tried(
        "one field changed, of 30 encodings with and without padding",
        f"{amount} images",
        f"{refused} refused, the pixels of {amount + read} equal the reference, 0 exceptions of another kind",
    )


def sizes():
    """(height, width): nothing, the limits of the fields, and just above the limit of pixels."""
    some = [0, 1, 2**16, 2**31, HUGE]
    return [size for size in itertools.product(some, some) if size[0] * size[1] > 33 * 10**6 or not all(size)]


def is_refused(*fields):
    try:
        unpadded_rows(*fields)
    except ImageError:
        return True
    return False


def refuse_all(count):
    """How many images of ``count`` impossible sizes were refused, and by how much memory grew."""
    data = bytes(10**6)
    before, refused = resident_bytes(), 0
    for table in (ENCODINGS, DEPTH_ENCODINGS):
        for encoding, (height, width) in itertools.product([*table, *UNKNOWN], sizes()[:count]):
            refused += sum(is_refused(encoding, height, width, s, data, table) for s in (0, 1, width, HUGE))
    refused += sum(is_refused(encoding, 100, 100, 10000, data) for encoding in UNKNOWN)
    return refused, peak_bytes() - before


@fault(15, "Unknown encoding, endianness, 0 or 2³²−1 size")
@forms(12, 22)
def test_impossible_sizes_and_encodings_are_refused_before_anything_is_allocated(amount, tried):
    refused, grown = in_own_process(refuse_all, amount)
    combinations = (len(ENCODINGS) + len(DEPTH_ENCODINGS) + 2 * len(UNKNOWN)) * amount
    assert len(sizes()) >= amount
    assert refused == 4 * combinations + len(UNKNOWN)
    assert grown <= 10e6
    tried(
        f"each encoding and {len(UNKNOWN)} unknown ones × {amount} sizes × 4 steps",
        f"{refused} images",
        f"all refused, memory +{grown / 1e6:.1f} MB",
    )


@fault(15, "Unknown encoding, endianness, 0 or 2³²−1 size")
@pytest.mark.parametrize("encoding", UNKNOWN, ids=range(len(UNKNOWN)))
def test_an_unknown_encoding_is_named_in_a_short_message(encoding):
    with pytest.raises(ImageError) as caught:
        unpadded_rows(encoding, 2, 2, 24, bytes(48))
    assert str(caught.value).endswith(f"Received: {encoding[:40]!r}")
