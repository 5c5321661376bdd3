"""What the server keeps beside the keyframes, in the same file: who has sent what, what was proposed and
found.

A keyframe's id in the server's map is the number of its session, and its id in the robot's map: ``session <<
32 | id``. So the keyframes of a session follow each other whichever robots send in between, and the same
keyframe cannot be stored twice. Every method that writes is called in a transaction of the caller.
"""

import json
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet.frame import Fields
from place_recognition_ros.fleet.messages import MAX_CANDIDATES, MAX_ID, Loop, from_loop, to_loop
from place_recognition_ros.memory import schema
from place_recognition_ros.memory.connection import MapFile

BITS = 32
OPEN, ACCEPTED, REJECTED = 0, 1, 2
_SCALE = 10**6  # a similarity is written as an integer

TABLES = (
    """CREATE TABLE IF NOT EXISTS fleet_members (
    id INTEGER PRIMARY KEY,
    robot TEXT NOT NULL,
    map TEXT NOT NULL,           -- UUID of the robot's map
    position INTEGER NOT NULL,   -- id of its newest keyframe that is stored or need not be
    spent INTEGER NOT NULL,      -- bytes of its local features that were sent
    delivered INTEGER NOT NULL,  -- number of the newest loop that it has received
    crc INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS fleet_sessions (
    id INTEGER PRIMARY KEY,      -- of the table sessions
    member INTEGER NOT NULL,
    number INTEGER NOT NULL,     -- of the session in the robot's map
    examined INTEGER NOT NULL,   -- id, in the robot's map, of the newest one that was compared with others
    crc INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS fleet_proposals (
    query INTEGER NOT NULL,
    "match" INTEGER NOT NULL,
    similarity INTEGER NOT NULL, -- millionths
    outcome INTEGER NOT NULL,    -- 0: not examined, 1: accepted, 2: rejected
    crc INTEGER NOT NULL,
    PRIMARY KEY (query, "match")
    )""",
    """CREATE TABLE IF NOT EXISTS fleet_loops (
    id INTEGER PRIMARY KEY,      -- rises with each loop
    query_member INTEGER NOT NULL,
    match_member INTEGER NOT NULL,
    content TEXT NOT NULL,       -- JSON, see messages.from_loop
    crc INTEGER NOT NULL
    )""",
)


class Member(NamedTuple):
    """A robot with one of its maps."""

    id: int
    robot: str
    map_id: str
    position: int = 0
    spent: int = 0
    delivered: int = 0


class FleetSession(NamedTuple):
    """A session of a member."""

    id: int  # in the server's map
    member: int
    number: int  # in the robot's map
    examined: int = 0  # id, in the robot's map, of the newest keyframe that was compared with others


class Proposal(NamedTuple):
    """Two keyframes of different robots that may show one place."""

    query: int
    match: int
    similarity: float  # cosine
    outcome: int = OPEN


def server_id(session: int, keyframe_id: int) -> int:
    """The id of a robot's keyframe in the server's map."""
    return session << BITS | keyframe_id


def robot_id(keyframe_id: int) -> int:
    """The id of the keyframe in the robot's map."""
    return keyframe_id & MAX_ID


def session_of(keyframe_id: int) -> int:
    """The session of a keyframe of the server's map."""
    return keyframe_id >> BITS


class Ledger:
    """Reads these tables at the start and writes them.

    Args:
        file: of the server's map.

    Raises:
        StoreError: if the file cannot be read or written.
    """

    def __init__(self, file: MapFile) -> None:
        self._file = file
        with file.transaction("create the tables of a fleet"):
            for statement in TABLES:
                file.execute(statement)
        members = self._whole("fleet_members", "id, robot, map, position, spent, delivered")
        self.members: Dict[int, Member] = {row[0]: Member(*row) for row in members}
        """By their ids; not to be changed."""
        rows = self._whole("fleet_sessions", "id, member, number, examined")
        self.sessions: Dict[int, FleetSession] = {
            row[0]: FleetSession(*row) for row in rows if row[1] in self.members
        }
        """By their ids in the server's map; not to be changed."""

    def proposals(self) -> Iterator[Proposal]:
        """All proposals."""
        for query, match, similarity, outcome in self._whole(
            "fleet_proposals", 'query, "match", similarity, outcome'
        ):
            yield Proposal(query, match, similarity / _SCALE, outcome)

    def member(self, robot: str, map_id: str) -> Optional[Member]:
        """A robot with a map; None: it has not sent anything yet."""
        found = [each for each in self.members.values() if (each.robot, each.map_id) == (robot, map_id)]
        return found[0] if found else None

    def set_member(self, member: Member) -> None:
        """Write a member; id 0: a new one."""
        if not member.id:
            member = member._replace(id=max(self.members, default=0) + 1)
        self._write("fleet_members", member)
        self.members[member.id] = member

    def set_session(self, session: FleetSession) -> None:
        """Write a session."""
        self._write("fleet_sessions", session)
        self.sessions[session.id] = session

    def set_proposal(self, proposal: Proposal) -> None:
        """Write a proposal, or its outcome."""
        self._write("fleet_proposals", proposal._replace(similarity=round(proposal.similarity * _SCALE)))

    def add_loop(self, loop: Loop, query_member: int, match_member: int) -> None:
        """Write a loop; it gets the next number."""
        ((number,),) = self._file.read("SELECT COALESCE(MAX(id), 0) + 1 FROM fleet_loops")
        content = json.dumps(from_loop(loop._replace(number=number)))
        self._write("fleet_loops", (number, query_member, match_member, content))

    def loops_after(self, member: int, number: int) -> List[Loop]:
        """The oldest loops of a member with larger numbers, at most as many as a message may have."""
        query = (
            "SELECT id, query_member, match_member, content, crc FROM fleet_loops "
            "WHERE id > ? AND (query_member = ? OR match_member = ?) ORDER BY id LIMIT ?"
        )
        rows = self._file.read(query, number, member, member, MAX_CANDIDATES)
        return [_to_loop(row[3]) for *row, crc in rows if schema.is_whole(row, crc)]

    def loops(self) -> int:
        """How many loops there are."""
        ((count,),) = self._file.read("SELECT COUNT(*) FROM fleet_loops")
        return int(count)

    def _write(self, table: str, row: Tuple[Any, ...]) -> None:
        marks = ", ".join("?" * (len(row) + 1))
        self._file.execute(
            f"INSERT OR REPLACE INTO {table} VALUES ({marks})",  # noqa: S608
            (*row, schema.crc_of(row)),
        )

    def _whole(self, table: str, columns: str) -> List[Tuple[Any, ...]]:
        rows = self._file.read(f"SELECT {columns}, crc FROM {table}")  # noqa: S608
        return [tuple(row) for *row, crc in rows if schema.is_whole(row, crc)]


def _to_loop(content: str) -> Loop:
    try:
        return to_loop(Fields(json.loads(content)))
    except ValueError as error:
        raise FleetError(f"expected a loop in the map. Received: {error}") from error
