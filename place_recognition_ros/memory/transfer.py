"""Keyframes of one map file are copied into another: save, load and merge.

Only whole rows are copied. The work is done in slices (:mod:`place_recognition_ros.memory.job`) by the thread
that owns the map, so what is here works with the connection of its store.
"""

import sqlite3
from bisect import bisect_right
from contextlib import suppress
from itertools import groupby, islice
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np

from place_recognition_ros.errors import StoreError
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.compatibility import checked_schema
from place_recognition_ros.memory.job import Work
from place_recognition_ros.memory.map_paths import checked_source
from place_recognition_ros.memory.map_reader import BATCH, MapReader, MapRows, Row
from place_recognition_ros.memory.sessions import Sessions
from place_recognition_ros.memory.store import KeyframeStore, Session, StoredKeyframe, camera_id
from place_recognition_ros.memory.unfinished import Execute, discard_unfinished, set_unfinished

MOST_IDS = 2**40  # a larger id in a map is damage, and would use up the ids of the map that it is loaded into

Take = Callable[[Session, List[StoredKeyframe]], Iterable[object]]
"""Takes a session that has become part of the map into memory, one keyframe at each step; its descriptors are
(D,) float16."""


def load_map(
    store: KeyframeStore, sessions: Sessions, path: str, begin_session: Callable[[], object]
) -> Work:
    """Add the sessions of another map; those that the map has already, by their UUID, are skipped.

    Args:
        store: the map.
        sessions: its sessions, in memory.
        path: of the other map, absolute, ``~`` is expanded.
        begin_session: is called before anything is loaded: the present session remains the newest.

    Raises:
        StoreBusy: if a node has it open.
        MapMismatch: if it is of other models or of an older schema.
        StoreError: if it cannot be read, or is the map itself; later also if the map cannot be written.
    """
    source = MapReader(checked_source(path, store.file.path))
    try:
        load = _Load(store, source, sessions.reserve(source.count("sessions")))
    except BaseException:
        source.close()
        raise
    begin_session()
    return load.work(sessions.load)


def merge_map(store: KeyframeStore, source: MapReader) -> Work:
    """The same without reading them into memory.

    Args:
        store: the map.
        source: the other map; is closed at the end.

    Raises:
        MapMismatch, StoreError: as above.
    """
    first = store.newest_session() + 1
    return _Load(store, source, range(first, first + source.count("sessions"))).work(_forget)


def _forget(session: Session, keyframes: Iterable[StoredKeyframe]) -> Iterable[StoredKeyframe]:
    return keyframes


class _Load:
    """Adds the sessions of a map to another one.

    A session counts when all of its keyframes are there, also after a kill. Their order is kept. A link to a
    session that is not loaded is dropped.

    Args:
        store: the map; other keyframes may be added between two steps of the work, with larger ids.
        source: the other map; is closed at the end.
        numbers: for its sessions.
    """

    def __init__(self, store: KeyframeStore, source: MapReader, numbers: Sequence[int]) -> None:
        self._store, self._source, self._numbers = store, source, iter(numbers)
        self._execute = store.file.execute
        self._base = 0  # the ids are larger by that
        meta = MapRows(store.file.read).meta
        checked_schema(source.meta, source.path, meta["model"], meta["features"])
        self._present = {each.uuid: each.id for each in store.sessions().values()}
        self._cameras = source.cameras()
        self._numbers_of_cameras: Dict[int, Optional[int]] = {}  # id in the source → id in the map
        self._numbers_of_sessions: Dict[int, int] = {}  # the same
        self._new: Set[int] = set()  # sessions of the source that are loaded
        self._starts: List[int] = []  # first id, in the source, of each run of keyframes of one session,
        self._loaded: List[bool] = []  # and whether the run is loaded
        self._count = self._sessions = self._skipped = self._damaged = 0

    def work(self, take: Take) -> Work:
        with self._source:
            try:
                yield from self._sessions_of_source(take)
            except BaseException:
                with suppress(sqlite3.Error):  # what remains is discarded when the map is opened
                    discard_unfinished(self._execute)
                raise
        text = f"{self._count} keyframes of {self._sessions} sessions loaded from '{self._source.path}'"
        if self._skipped:
            text += f"; {self._skipped} sessions are in the map already"
        return text + left_out(self._damaged)

    def _sessions_of_source(self, take: Take) -> Iterator[int]:
        last = self._source.last_id()
        if last > MOST_IDS:
            raise StoreError(f"expected ids up to {MOST_IDS} in '{self._source.path}'. Received: {last}")
        discard_unfinished(self._execute)
        with self._store.file.transaction("load keyframes"):
            self._base = _reserve(self._store, last)
        known = self._source.sessions()
        for number, rows in groupby(self._whole(last), key=lambda row: row[1]):
            session = known.get(number) or Session(number, f"{self._source.meta.get('map')}/{number}")
            self._loaded.append(session.uuid not in self._present)
            if self._loaded[-1]:
                session = session._replace(id=self._number())
                self._new.add(number)
                yield from self._load(session, rows, self._base + last, take)
            else:
                self._skipped += 1
                yield from (self._count for _ in rows)
            self._numbers_of_sessions[number] = self._present.get(session.uuid, session.id)
        with self._store.file.transaction("load keyframes"):
            self._tie()
            set_unfinished(self._execute, range(0))

    def _tie(self) -> None:
        """Carry over how the worlds of the sessions lie."""
        numbers = self._numbers_of_sessions
        for session, older, stamp, match, transform in self._source.ties():
            new = not {session, older}.isdisjoint(self._new)  # else the map knows more of them
            if new and session in numbers and older in numbers:
                tie = (numbers[session], numbers[older], stamp, self._base + match, transform)
                insert(self._execute, "ties", schema.TIE_COLUMNS, tie)

    def _load(self, session: Session, rows: Iterator[Row], last: int, take: Take) -> Iterator[int]:
        keyframes: List[StoredKeyframe] = []
        batch = list(islice(rows, BATCH))
        while batch:
            with self._store.file.transaction("load keyframes"):
                keyframes += [self._write(row, session.id) for row in batch]
            yield self._count
            batch = list(islice(rows, BATCH))
        with self._store.file.transaction("load a session"):
            insert(self._execute, "sessions", schema.SESSION_COLUMNS, session)
            set_unfinished(self._execute, range(keyframes[-1].id + 1, last + 1))
        self._sessions += 1
        for _ in take(session, keyframes):
            self._count += 1
            yield self._count

    def _whole(self, last: int) -> Iterator[Row]:
        session = None
        for _, row in self._source.keyframes(last):
            if row is None:
                self._damaged += 1
                continue
            if row[1] != session:
                session = row[1]
                self._starts.append(row[0])
            yield row

    def _number(self) -> int:
        for number in self._numbers:
            return number
        raise StoreError(
            f"expected a row for each session in '{self._source.path}'. Received: keyframes of others"
        )

    def _write(self, row: Row, session: int) -> StoredKeyframe:
        old, _, stamp, pose, pose_frame, camera, mounting, vector = row
        if camera not in self._numbers_of_cameras:
            found = self._cameras.get(camera)
            known = None if found is None else camera_id(self._execute, schema.unpack_camera(found[1:]))
            self._numbers_of_cameras[camera] = known
        number, match = self._base + old, self._source.link(old)
        camera = self._numbers_of_cameras[camera]
        new = (number, session, stamp, pose, pose_frame, camera, mounting, vector)
        new_match = self._base + match if self._is_loaded(match) else 0
        write_keyframe(self._execute, new, self._source.view(old), new_match)
        descriptor = np.frombuffer(vector, "<f4").astype(np.float16)
        return StoredKeyframe(number, session, stamp, schema.unpack_pose(pose), descriptor)

    def _is_loaded(self, keyframe_id: int) -> bool:
        """Whether a keyframe of the source, or the one before it where it was removed, is loaded."""
        run = bisect_right(self._starts, keyframe_id) - 1
        return 0 <= run < len(self._loaded) and self._loaded[run]


def write_keyframe(execute: Execute, keyframe: Row, view: Optional[Row], match: int) -> None:
    """Write the rows of a keyframe.

    Args:
        execute: runs a statement in a transaction of the caller.
        keyframe: ``KEYFRAME_COLUMNS``.
        view: ``VIEW_COLUMNS``, of any id; None: there is none.
        match: id of an earlier keyframe that shows the same place; 0: none is known.
    """
    insert(execute, "keyframes", schema.KEYFRAME_COLUMNS, keyframe)
    if view is not None:
        insert(execute, "views", schema.VIEW_COLUMNS, (keyframe[0], *view[1:]))
    if match:
        insert(execute, "links", ("id", '"match"'), (keyframe[0], match))


def insert(execute: Execute, table: str, columns: Tuple[str, ...], row: Sequence[Any]) -> None:
    """Write a row with its CRC, in the place of one with the same id."""
    marks = ", ".join("?" * (len(columns) + 1))
    statement = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}, crc) VALUES ({marks})"  # noqa: S608
    execute(statement, (*row, schema.crc_of(row)))


def set_last_id(execute: Execute, last: int) -> None:
    """Make the next keyframe have an id larger than this one."""
    execute("DELETE FROM sqlite_sequence WHERE name = 'keyframes'")
    execute("INSERT INTO sqlite_sequence VALUES ('keyframes', ?)", (last,))


def left_out(damaged: int) -> str:
    """The end of a message: how many keyframes were left out because of damage."""
    return f"; {damaged} damaged keyframes left out" if damaged else ""


def _reserve(store: KeyframeStore, count: int) -> int:
    """Reserve ids for keyframes that do not count yet, in a transaction; returns the id before the first."""
    before, execute = MapRows(store.file.read).last_id(), store.file.execute
    set_last_id(execute, before + count)
    set_unfinished(execute, range(before + 1, before + count + 1))
    return before
