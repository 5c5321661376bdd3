"""JPEG and PNG files that are damaged, or made to cost time or memory."""

import itertools
import time
from contextlib import suppress

import numpy as np
import pytest

from place_recognition_ros import compressed
from place_recognition_ros.compressed import decode_compressed
from place_recognition_ros.errors import ImageError
from tests.faults import image_files
from tests.faults.forms import fault, forms
from tests.faults.own_process import in_own_process, peak_bytes, resident_bytes

STARTS = (b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n")


def damaged(file, rng):
    """A file with a few bytes changed, cut off, cut out, twice, or in another order; or nothing of it."""
    kind = rng.integers(6)
    place, length = int(rng.integers(len(file))), int(rng.integers(1, 100))
    if kind == 0:
        return file[:place] + bytes(int(rng.integers(2)) * length)
    if kind == 1:
        return file[:place] + file[place + length :]
    if kind == 2:
        return file[: place + length] + file[place:]
    if kind == 3 and place % 4 == 0:
        return STARTS[length % 4] + rng.bytes(500) + b"IEND\xff\xd9"
    changed = bytearray(file)
    for _ in range(int(rng.integers(1, 5))):
        changed[rng.integers(len(file))] = rng.integers(256)
    return bytes(changed)


def decode_damaged(amount):
    """How many of the damaged files are refused, and how many decoded to the size in their header."""
    rng, refused, decoded = np.random.default_rng(0), 0, 0
    kinds = itertools.cycle(image_files.files().values())
    for file, _ in zip(kinds, range(amount)):
        data = damaged(file, rng)
        try:
            image = decode_compressed(data)
        except ImageError:
            refused += 1
            continue
        assert image.dtype in (np.uint8, np.uint16)
        assert image.shape == tuple(image_files.declared_size(data, file)) + (3,)
        decoded += 1
    return refused, decoded


@fault(16, "JPEG/PNG garbage, empty, truncated")
@forms(1000, 20000)
def test_damaged_files_are_refused_or_have_their_declared_size(amount, tried):
    refused, decoded = in_own_process(decode_damaged, amount)
    assert refused + decoded == amount
    assert refused > amount / 4
    result = f"{refused} refused, {decoded} decoded to the declared size, 0 deaths"
    tried(
        "bytes changed, cut off, cut out, doubled; random bytes; of 5 kinds of files",
        f"{amount} files",
        result,
    )


@fault(16, "JPEG/PNG garbage, empty, truncated")
@forms(11, 1)
def test_a_truncated_file_is_refused_at_every_length(amount, tried):
    count = 0
    for file in image_files.files().values():
        for length in range(0, len(file) - 8, amount):
            count += 1
            with pytest.raises(ImageError):
                decode_compressed(file[:length])
    tried("5 kinds of files, cut off at every length", f"{count} files", "all refused")


def read_bombs(paths):
    """What became of files: refused, decoded; by how much memory grew; and the longest time, ms."""
    decode, received, refused, slowest = compressed._decode, [], 0, 0.0
    compressed._decode = lambda file: received.append(len(file)) or decode(file)
    decode_compressed(image_files.files()["png"])
    before = resident_bytes()
    for path in paths:
        with open(path, "rb") as stored:
            file = stored.read()
        start = time.perf_counter()
        with suppress(ImageError):
            refused += 1
            decode_compressed(file)
            refused -= 1
        slowest = max(slowest, time.perf_counter() - start)
    decoded = len(received) - 1
    assert refused + decoded == len(paths)
    assert max(received[1:], default=0) < 1000, "the decoder gets the small images alone"
    return refused, decoded, peak_bytes() - before, 1e3 * slowest


@fault(17, "Image bomb (an 855 kB PNG became 1.7 GB and 6.9 s)")
@forms(6, 1)
def test_a_bomb_is_refused_before_it_is_decoded(amount, tmp_path, tried):
    """Bytes that are not pixels never reach the decoder."""
    large = (image_files.too_large(), image_files.of_few_bytes(), image_files.of_many_scans())
    refusable, small = itertools.chain(*large), image_files.with_hidden_content()
    kinds = [list(itertools.islice(files, 0, None, amount)) for files in (refusable, small)]
    paths = []
    for file in itertools.chain(*kinds):
        paths.append(str(tmp_path / str(len(paths))))
        with open(paths[-1], "wb") as stored:
            stored.write(file)
    refused, decoded, grown, slowest = in_own_process(read_bombs, paths)
    assert [refused, decoded] == [len(files) for files in kinds]
    assert grown <= 64e6
    what = "more than 33 Mpx, 33 Mpx of few bytes, 20,000 scans; texts and animations beside a small image"
    result = (
        f"{refused} refused, {decoded} decoded without them; memory +{grown / 1e6:.0f} MB, {slowest:.0f} ms"
    )
    tried(what, f"{len(paths)} bombs", result)
