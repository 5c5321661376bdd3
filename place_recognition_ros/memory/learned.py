"""What was learned of a map beside its keyframes. It is written together with the next keyframe."""

from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from place_recognition_ros.memory import schema
from place_recognition_ros.memory.worlds import Tie
from place_recognition_ros.poses import Pose

Read = Callable[..., Iterator[Tuple[Any, ...]]]
"""Runs a query with its values, and raises StoreError where the file cannot be read."""


class Learned:
    """Texts by name; links: which keyframe shows the place of which earlier one; ties between sessions.

    Args:
        read: reads the map's file.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._waiting: Dict[Tuple[str, Any], Tuple[str, Tuple[Any, ...]]] = {}  # statements by what they set

    def note(self, name: str) -> str:
        """A text as it is in the file; empty: none."""
        return next((str(text) for (text,) in self._read("SELECT value FROM meta WHERE key = ?", name)), "")

    def set_note(self, name: str, text: str) -> None:
        """Keep a text."""
        self._waiting["note", name] = "INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, text)

    def discard_note(self, name: str) -> None:
        """Do not write a text that has not been written yet."""
        self._waiting.pop(("note", name), None)

    def links(self) -> Dict[int, int]:
        """The links in the file, without damaged ones: id of a keyframe → id of the earlier one."""
        rows = self._read('SELECT id, "match", crc FROM links')
        return {row[0]: row[1] for *row, crc in rows if schema.is_whole(row, crc)}

    def link(self, keyframe_id: int, match_id: int) -> None:
        """Keep that a keyframe shows the place of an earlier one."""
        row = (keyframe_id, match_id)
        values = (*row, schema.crc_of(row))
        self._waiting["link", keyframe_id] = "INSERT OR REPLACE INTO links VALUES (?, ?, ?)", values

    def unlink(self, keyframe_id: int) -> None:
        """Forget the link of a keyframe."""
        self._waiting["link", keyframe_id] = "DELETE FROM links WHERE id = ?", (keyframe_id,)

    def ties(self) -> List[Tie]:
        """The ties between sessions in the file, without damaged ones."""
        rows = self._read(
            'SELECT session, older, query_stamp, "match", transform, crc FROM ties ORDER BY rowid'
        )
        return [to_tie(row) for *row, crc in rows if schema.is_whole(row, crc)]

    def tie(self, tie: Tie) -> None:
        """Keep a tie between two sessions."""
        row = _from_tie(tie)
        values = (*row, schema.crc_of(row))
        self.set_note(schema.NEWEST_SESSION, str(tie.session))  # it may never store a keyframe
        self._waiting["tie", tie[:4]] = "INSERT OR REPLACE INTO ties VALUES (?, ?, ?, ?, ?, ?)", values

    def untie(self, tie: Tie) -> None:
        """Forget what a match showed of two sessions."""
        statement = 'DELETE FROM ties WHERE session = ? AND older = ? AND query_stamp = ? AND "match" = ?'
        self._waiting["tie", tie[:4]] = statement, tie[:4]

    def __len__(self) -> int:
        """How many changes have not been written."""
        return len(self._waiting)

    def write(self, execute: Callable[..., Any]) -> None:
        """Write what has been kept since; ``execute`` runs a statement in a transaction of the caller."""
        for statement, values in self._waiting.values():
            execute(statement, values)

    def written(self) -> None:
        """The transaction has succeeded."""
        self._waiting.clear()


def _from_tie(tie: Tie) -> Tuple[Any, ...]:
    """The columns of a tie."""
    transform = None
    if tie.metric:
        numbers = (tie.transform.position, tie.transform.orientation, tie.point, tie.covariance.ravel())
        transform = np.concatenate(numbers).astype("<f8").tobytes()
    return (*tie[:4], transform)


def to_tie(row: Sequence[Any]) -> Tie:
    """The tie of a row, ``TIE_COLUMNS``."""
    *identity, transform = row
    tie = Tie(*identity)
    if transform is None:
        return tie
    numbers = np.frombuffer(transform, "<f8")
    pose, point, covariance = Pose(numbers[:3], numbers[3:7]), numbers[7:10], numbers[10:].reshape(6, 6)
    return tie._replace(metric=True, transform=pose, point=point, covariance=covariance)
