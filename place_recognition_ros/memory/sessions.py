"""The sessions of a map, and numbers for new ones."""

import uuid
from typing import Iterable, Iterator, Optional

import numpy as np

from place_recognition_ros.memory.index import Index
from place_recognition_ros.memory.odometer import Odometer
from place_recognition_ros.memory.store import KeyframeStore, Session, StoredKeyframe
from place_recognition_ros.memory.timeline import Entry, Timeline


class Sessions:
    """The sessions that have keyframes, and the present one.

    Args:
        store: the map; its sessions are read here.
        robot: the name of this robot.
        timeline, index: get the keyframes of a session that is loaded.
    """

    def __init__(self, store: KeyframeStore, robot: str, timeline: Timeline, index: Index) -> None:
        self._timeline, self._index = timeline, index
        self._known = store.sessions()
        self._last = store.newest_session()  # the largest number that was given to a session
        self.present = Session(0, "", robot)
        """The present session; it may have no keyframe yet."""
        self.begin()

    def __contains__(self, number: int) -> bool:
        return number in self._known

    def get(self, number: int) -> Optional[Session]:
        """A session with keyframes; None: its row is damaged or missing."""
        return self._known.get(number)

    def begin(self) -> None:
        """Begin a session of this robot."""
        (number,) = self.reserve(1)
        self.present = Session(number, str(uuid.uuid4()), self.present.robot)

    def stored(self, session: Session) -> None:
        """A keyframe of the present session was stored, which is known as this now."""
        self._known[session.id] = self.present = session

    def reserve(self, count: int) -> range:
        """Numbers for sessions that are loaded."""
        first, self._last = self._last + 1, self._last + count
        return range(first, first + count)

    def load(self, session: Session, keyframes: Iterable[StoredKeyframe]) -> Iterator[int]:
        """Take in a session that was loaded into the store; its keyframes can be searched one by one.

        Args:
            session: an earlier one.
            keyframes: of the session, in their order; their ids are not in use.
        """
        self._known[session.id] = session
        odometer = Odometer()
        for keyframe_id, number, stamp, pose, descriptor in keyframes:
            entry = Entry(keyframe_id, number, stamp, pose, odometer.move(number, pose))
            self._timeline.insert(entry, descriptor)
            self._index.add(keyframe_id, descriptor.astype(np.float32))
            yield keyframe_id
