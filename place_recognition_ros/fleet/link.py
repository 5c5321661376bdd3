"""The robot's side: sends what the server does not have, and takes what it found.

The robot's map is the memory of what has to be sent, and the server's map knows how far it got; so the link
has no state that could be lost. While it cannot reach the server, the robot works as it does alone.
"""

import random
from typing import Callable, List, NamedTuple, Optional, Set

import numpy as np

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet.messages import (
    MAX_KEYFRAMES,
    Batch,
    Loop,
    Models,
    Reply,
    pack_batch,
    unpack_reply,
)
from place_recognition_ros.fleet.source import Source, Stored
from place_recognition_ros.memory.schema import pack_camera
from place_recognition_ros.types import FeatureKind

LONGEST_PAUSE = 10.0  # seconds between two tries to reach the server
BUSY_PAUSE = 0.05  # seconds between two messages while there is more to send


class Status(NamedTuple):
    """What diagnostics report of a link."""

    connected: bool
    error: str  # of the newest exchange; empty: it succeeded
    position: int  # id of the newest keyframe that the server has
    keyframes: int  # sent since the start
    views: int  # local features sent since the start
    loops: int  # received since the start
    sent: int  # bytes, since the start
    received: int  # bytes, since the start


class Link:
    """Sends the keyframes of one robot to the server.

    Args:
        robot: its name; no other robot of the fleet has it.
        source: its map.
        kind: of its local features.
        exchange: sends bytes to the server and returns what it replies; FleetError if that failed.
        take: gets each loop once; exceptions end the exchange, and the loop comes again.
        period: seconds between two messages.
    """

    def __init__(
        self,
        robot: str,
        source: Source,
        kind: FeatureKind,
        exchange: Callable[[bytes], bytes],
        take: Callable[[Loop], object],
        period: float = 2.0,
    ) -> None:
        if not robot:
            raise FleetError("expected the name of the robot, which no other one has. Received: ''")
        self._robot, self._source, self._kind, self._exchange = robot, source, kind, exchange
        self._take, self._period = take, period
        self._map = ""
        self._known: Set[str] = set()  # UUIDs of sessions that the server has from another map
        self._skipped = 0  # id of the newest keyframe of those sessions, and of those of other robots
        self._server = ""  # its map
        self._position: Optional[int] = None  # None: only the server knows it
        self._received = -1  # number of the newest loop; -1: only the server knows it
        self._wanted: List[int] = []
        self._rest = False  # whether there are more keyframes than one message can have
        self._failures = 0
        self.status = Status(False, "not connected yet", 0, 0, 0, 0, 0, 0)
        """What was done so far; an immutable value."""

    def step(self) -> float:
        """Exchange one message with the server; returns the seconds until the next one.

        Raises:
            PlaceRecognitionError: of the source; the server may be reachable.
        """
        batch = self._batch()
        try:
            sent = pack_batch(batch, self._kind)
            received = self._exchange(sent)
            reply = unpack_reply(received)
        except FleetError as error:
            self.status = self.status._replace(connected=False, error=str(error))
            self._failures += 1
            self._position = None  # the next message is a short one, which asks how far the server got
            pause = min(LONGEST_PAUSE, self._period * 1.5**self._failures)
            return pause * random.uniform(0.5, 1.0)  # noqa: S311  robots do not come back all at once
        first = self._position is None
        self._failures = 0
        self._count(batch, len(sent), len(received))
        self._follow(batch, reply)
        for loop in reply.loops:
            if loop.number > self._received:
                self._take(loop)
                self._received = loop.number
                self.status = self.status._replace(loops=self.status.loops + 1)
        behind = batch.ids and reply.position < batch.ids[-1]
        more = first or behind or self._rest or reply.known or self._wanted or reply.loops
        return BUSY_PAUSE if more else self._period

    def _count(self, batch: Batch, sent: int, received: int) -> None:
        before = self.status
        self.status = before._replace(
            connected=True,
            error="",
            keyframes=before.keyframes + len(batch.ids),
            views=before.views + len(batch.views),
            sent=before.sent + sent,
            received=before.received + received,
        )

    def _follow(self, batch: Batch, reply: Reply) -> None:
        if reply.server != self._server:
            self._server, self._received, self._skipped, self._known = reply.server, -1, 0, set()
        self._position = reply.position
        if reply.known:  # the next message leaves this session out
            self._known.add(batch.session_uuid)
        self._wanted = [each for each in reply.wanted if each not in batch.views]
        self.status = self.status._replace(position=reply.position)

    def _batch(self) -> Batch:
        identity = self._source.identity()
        if identity.map_id != self._map:
            self._map, self._position, self._received, self._wanted = identity.map_id, None, -1, []
            self._skipped, self._known = 0, set()
        digest = Models(identity.model_id, 0, identity.feature_model, self._kind).digest
        batch = Batch(self._robot, identity.map_id, digest, self._server, self._received)
        if self._position is None:
            return batch
        batch = batch._replace(after=self._position)
        keyframes = self._next(self._position)
        if keyframes:
            first = keyframes[0]
            batch = batch._replace(
                session=first.session,
                session_uuid=first.session_uuid,
                camera=first.camera,
                ids=[each.id for each in keyframes],
                stamps=[each.stamp for each in keyframes],
                descriptors=np.stack([each.descriptor for each in keyframes]),
            )
        return batch._replace(views={each: self._source.features(each) for each in self._wanted})

    def _next(self, position: int) -> List[Stored]:
        """The next keyframes that can be sent together: of one session and one camera."""
        found: List[Stored] = []
        self._rest = True
        while self._rest and not found:
            rows = self._source.after(max(position, self._skipped), MAX_KEYFRAMES)
            self._rest = len(rows) == MAX_KEYFRAMES
            for row in rows:
                own = row.robot == self._robot and row.session_uuid not in self._known
                if not own and not found:
                    self._skipped = row.id
                elif not own or (found and not _goes_with(row, found[0])):
                    self._rest = True
                    break
                else:
                    found.append(row)
        return found


def _goes_with(a: Stored, b: Stored) -> bool:
    cameras = [None if each.camera is None else pack_camera(each.camera) for each in (a, b)]
    return a.session_uuid == b.session_uuid and cameras[0] == cameras[1]
