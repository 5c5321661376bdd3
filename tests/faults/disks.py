"""A disk under SQLite that records what is written, loses power, or fails: a VFS of apsw."""

import os
import random
import sqlite3

import apsw

SECTOR = 512  # bytes that are written completely or not at all


class Disk(apsw.VFS):
    """Passes everything on to the real file system, records it in ``log``, and fails at one operation.

    ``log`` has (path, what, offset, content) of each write, truncate, sync and delete, and (text,) of a note.
    """

    def __init__(self, name="recording"):
        self.name = name
        self.log = []
        self.fails_at = None  # number of the write, truncate or sync that fails, counted from 0
        self.operations = 0
        super().__init__(name, base="")

    def xOpen(self, name, flags):  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, name, sync):  # noqa: N802
        self.note(name, "delete", 0, b"")
        super().xDelete(name, sync)

    def note(self, *entry):
        """Record something; an operation on a file may fail instead."""
        if len(entry) > 1:
            self.operations += 1
            if self.operations - 1 == self.fails_at:
                raise apsw.IOError("disk I/O error")
        self.log.append(entry)

    def connect(self, path, timeout=0.0, isolation_level=None, uri=False, factory=None):
        """In the place of ``sqlite3.connect``."""
        return Connection(path, self.name)


class _File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)

    def xWrite(self, content, offset):  # noqa: N802
        self._disk.note(self._path, "write", offset, bytes(content))
        super().xWrite(content, offset)

    def xTruncate(self, size):  # noqa: N802
        self._disk.note(self._path, "truncate", size, b"")
        super().xTruncate(size)

    def xSync(self, flags):  # noqa: N802
        self._disk.note(self._path, "sync", 0, b"")
        super().xSync(flags)


def after_power_loss(log, numbers: random.Random):
    """The files after the power fails at the end of a log: path → content.

    What was synchronised is there; of what was written since, any part in any order.
    """
    files, waiting = {}, {}
    for path, what, offset, content in (entry for entry in log if len(entry) > 1):
        if what == "delete":
            files.pop(path, None)
            waiting.pop(path, None)
        elif what == "sync":
            for each in waiting.pop(path, []):
                _apply(files.setdefault(path, bytearray()), each)
        else:
            waiting.setdefault(path, []).append((what, offset, content))
    for path, operations in waiting.items():
        content = files.setdefault(path, bytearray())
        kept = [
            part
            for each in operations
            for part in _sectors(each)
            if numbers.random() < numbers.choice((0.1, 0.5, 0.9))
        ]
        if numbers.random() < 0.5:
            numbers.shuffle(kept)
        for each in kept:
            _apply(content, each)
    return files


def _sectors(operation):
    what, offset, content = operation
    if what == "truncate":
        return [operation]
    ends = [*range(SECTOR - offset % SECTOR, len(content), SECTOR), len(content)]
    return [("write", offset + start, content[start:end]) for start, end in zip([0, *ends], ends)]


def _apply(file, operation):
    what, offset, content = operation
    if what == "truncate":
        del file[offset:]
        return
    file.extend(bytes(max(0, offset - len(file))))
    file[offset : offset + len(content)] = content


def write_files(files, folder):
    """Write the files of ``after_power_loss`` into a folder, by their names."""
    for path, content in files.items():
        with open(os.path.join(folder, os.path.basename(path)), "wb") as file:
            file.write(content)


class Connection:
    """An apsw connection with the parts of the interface of sqlite3 that the store uses."""

    def __init__(self, path, vfs):
        self._connection = apsw.Connection(path, vfs=vfs)
        self.text_factory = None

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    def execute(self, statement, values=()):
        try:
            return Rows(self._connection, self._connection.execute(statement, values))
        except apsw.Error as error:
            raise _translated(error) from error

    def executemany(self, statement, rows):
        for row in rows:
            self.execute(statement, row)

    def close(self):
        try:
            self._connection.close(True)
        except apsw.Error as error:
            raise _translated(error) from error


class Rows:
    """A cursor."""

    def __init__(self, connection, rows):
        self._rows = rows
        self.lastrowid = connection.last_insert_rowid()

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self._rows)
        except apsw.Error as error:
            raise _translated(error) from error

    def fetchone(self):
        return next(self, None)

    def fetchall(self):
        return list(self)


def _translated(error):
    damage = isinstance(error, (apsw.CorruptError, apsw.NotADBError))
    return (sqlite3.DatabaseError if damage else sqlite3.OperationalError)(str(error))
