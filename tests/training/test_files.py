"""Atomic writing of files."""

import errno
import os

import pytest

from training.files import write_atomically, write_together


def full_disk(*arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_files_and_their_folder_are_written(tmp_path):
    one, other = tmp_path / "new" / "one", tmp_path / "new" / "other"
    write_together({one: b"1", str(other): b"2"})
    assert (one.read_bytes(), other.read_bytes()) == (b"1", b"2")
    assert sorted(one.parent.iterdir()) == [one, other]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_keeps_the_old_file_and_names_it(tmp_path, monkeypatch, failing):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, failing, full_disk)
    with pytest.raises(OSError, match=r"file' to be written. Received: No space") as caught:
        write_atomically(path, b"new")
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_replaced_together(tmp_path, monkeypatch):
    """The disk is full at the second file: the first keeps its old content."""
    one, other = tmp_path / "one", tmp_path / "other"
    write_together({one: b"old 1", other: b"old 2"})
    synced = []

    def fills_up(descriptor):
        synced.append(descriptor)
        if len(synced) == 2:
            full_disk()

    monkeypatch.setattr(os, "fsync", fills_up)
    with pytest.raises(OSError, match="other"):
        write_together({one: b"new 1", other: b"new 2"})
    assert (one.read_bytes(), other.read_bytes()) == (b"old 1", b"old 2")
    assert sorted(tmp_path.iterdir()) == [one, other]


def test_a_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file/new"):
        write_atomically(tmp_path / "file" / "new", b"new")
