"""The server: what it does with a message, and what it does in between.

It belongs to one thread. A message is stored and answered at once; comparing keyframes is done afterwards, a
little at a time, so that no robot waits for it. All that was decided is in the map's file: a server that is
killed goes on where it was.
"""

import logging
import time
from collections import deque
from typing import Deque, Dict, List, NamedTuple, Optional

from place_recognition_ros.errors import FleetError, StoreError
from place_recognition_ros.fleet.graph import Pair
from place_recognition_ros.fleet.ledger import ACCEPTED, REJECTED, Proposal, robot_id
from place_recognition_ros.fleet.matching import Matching
from place_recognition_ros.fleet.memory import STRETCH, FleetMemory
from place_recognition_ros.fleet.messages import MAX_VIEWS, Loop, Reply, pack_reply, unpack_batch
from place_recognition_ros.fleet.plan import Plan, key_of
from place_recognition_ros.fleet.survey import served, survey
from place_recognition_ros.fleet.verify import Verdict, Verifier, match_of, observation_of
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.index_uri import open_index
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.types import Candidate

IDLE = 10.0  # seconds without a keyframe after which the last ones of a session are compared, too
BESIDE = 2  # keyframes on either side of one that may confirm it
MOST_HEARD = 256  # names of robots in diagnostics; anybody may invent some
PLAN_PERIOD = 0.5  # seconds between two choices of features

_LOG = logging.getLogger(__name__)


class Status(NamedTuple):
    """What diagnostics report of the server; nothing in it changes."""

    keyframes: int = 0
    described: int = 0  # keyframes whose local features are here
    loops: int = 0
    waiting: int = 0  # pairs of keyframes that are not examined yet
    robots: Dict[str, float] = {}  # noqa: RUF012  name → seconds since its newest message
    refused: int = 0  # messages
    refusal: str = ""  # the newest one


class FleetServer:
    """The fleet's memory.

    Args:
        store: the server's map; is closed with the server.
        matching: how keyframes are compared.
        feature_bytes: of local features for each keyframe that a robot may be asked for.
    """

    def __init__(self, store: KeyframeStore, matching: Matching, feature_bytes: int) -> None:
        config, models = matching.config, matching.models
        self._models, self._most = models, config.max_keyframes
        self._similarity = max(matching.card_similarity, config.min_similarity)
        leaving = Leaving.from_config(config, matching.card_similarity)
        self._index = open_index(config.index_uri, store, models.model_id, models.descriptor_size)
        self.memory = FleetMemory(store, models.descriptor_size, leaving, self._index)
        """The keyframes of all robots."""
        self._plan = Plan(self.memory, feature_bytes)
        self._verifier = Verifier(
            config, matching.card_similarity, self.memory, leaving, models.feature_kind, matching.weights
        )
        self._heard: Dict[str, float] = {}  # robot → when its newest message came, time.monotonic
        self._grown: Dict[int, float] = {}  # session → when its newest keyframe came
        self._arrived: Deque[int] = deque()  # keyframes whose features have come
        self._planned = 0.0
        self._refused, self._refusal = 0, ""

    def exchange(self, sent: bytes) -> bytes:
        """Store what a robot sent, and return what it needs to know.

        Raises:
            FleetError: if the message cannot be used; nothing is stored.
            StoreError: if it could not be stored.
        """
        try:
            batch = unpack_batch(sent, self._models)
        except FleetError as error:
            self._refused, self._refusal = self._refused + 1, str(error)
            raise
        taken = self.memory.take(batch)
        now, member = time.monotonic(), taken.member
        self._heard[batch.robot] = now
        if len(self._heard) > MOST_HEARD:
            del self._heard[min(self._heard, key=self._heard.__getitem__)]
        own = [each for each in self.memory.ledger.sessions.values() if each.member == member.id]
        if taken.stored:
            self._grown.update({each.id: now for each in own if each.number == batch.session})
        for number in [*self._plan.wanted]:
            wanted = robot_id(number)
            if wanted in batch.views and self.memory.member_of(number).id == member.id:
                self._plan.arrived(number)
                if len(batch.views[wanted]):
                    self._arrived.append(number)
                else:
                    self._drop(number)
        asked = [robot_id(each) for each in self._plan.wanted if self.memory.member_of(each).id == member.id]
        loops = self.memory.ledger.loops_after(member.id, member.delivered)
        return pack_reply(
            Reply(self.memory.name, member.position, taken.known, sorted(asked)[:MAX_VIEWS], loops)
        )

    def work(self) -> bool:
        """Do the next piece of what can wait; returns whether there is more.

        Raises:
            StoreError: if its result could not be stored; it is tried again.
        """
        if len(self.memory.map) > self._most:
            return self.memory.thin() > 0
        ready = self._plan.ready()
        if ready:
            self._examine(ready[0])
            return True
        if self._arrived:
            self._pair(self._arrived[0])
            self._arrived.popleft()
            return True
        if self._survey():
            return True
        now = time.monotonic()
        if now - self._planned >= PLAN_PERIOD:
            self._planned = now
            self._plan.choose()
        return False

    def status(self) -> Status:
        """A snapshot for diagnostics."""
        now = time.monotonic()
        return Status(
            len(self.memory.map),
            len(self.memory.described),
            self.memory.ledger.loops(),
            len(self._plan),
            {robot: now - heard for robot, heard in self._heard.items()},
            self._refused,
            self._refusal,
        )

    def close(self) -> None:
        """Close the map."""
        self._index.close()
        self.memory.map.store.close()

    def _survey(self) -> bool:
        """Look for pairs of the next stretch; returns whether there was one."""
        memory, now = self.memory, time.monotonic()
        for session in [*memory.ledger.sessions.values()]:
            keyframes = memory.to_examine(session)[:STRETCH]
            idle = now - self._grown.get(session.id, 0.0) > IDLE
            if not keyframes or (len(keyframes) < STRETCH and not idle):
                continue
            found = [each for each in survey(memory, keyframes, self._similarity) if self._plan.add(each)]
            with memory.map.store.file.transaction("store what may be joined"):
                for each in found:
                    memory.ledger.set_proposal(each)
                memory.ledger.set_session(session._replace(examined=robot_id(keyframes[-1])))
            return True
        return False

    def _pair(self, keyframe_id: int) -> None:
        """Features that have come serve all pairs with keyframes whose features are there."""
        if keyframe_id not in self.memory.map.timeline:
            return
        pairs = served(self.memory, keyframe_id, self._similarity)
        found = [each for each in pairs if self._plan.add_served(each)]
        with self.memory.map.store.file.transaction("store what may be joined"):
            for each in found:
                self.memory.ledger.set_proposal(each)

    def _examine(self, proposal: Proposal) -> None:
        """Decide about a pair, and keep the result."""
        key = key_of(self.memory, proposal)
        verdict = self._verdict(proposal, key)
        accepted = verdict is not None and verdict.candidate.accepted
        settled = proposal._replace(outcome=ACCEPTED if accepted else REJECTED)
        another = self._another(proposal, verdict)
        with self.memory.map.store.file.transaction("store what was found"):
            self.memory.ledger.set_proposal(settled)
            if another is not None:
                self.memory.ledger.set_proposal(another)
            if verdict is not None and accepted:
                self._add_loop(verdict.candidate)
        self._plan.settle(settled)
        if another is not None:
            self._plan.add_another(key, another)

    def _verdict(self, proposal: Proposal, key: Pair) -> Optional[Verdict]:
        """What the features say; None: nothing, be it that they are not those of an image."""
        try:
            return self._verifier.verify(proposal, self._plan.tried(key))
        except StoreError:
            raise
        except Exception:
            _LOG.exception("Keyframes %d and %d could not be compared", proposal.query, proposal.match)
            return None

    def _another(self, proposal: Proposal, verdict: Optional[Verdict]) -> Optional[Proposal]:
        """A second view for a pair that is likely and not certain: the keyframe beside the query."""
        if verdict is None or not verdict.promising:
            return None
        memory, key = self.memory, key_of(self.memory, proposal)
        tried = {proposal.query, *(each.query for each in self._plan.tried(key))}
        beside = [
            Proposal(each, proposal.match, match_of(memory, each, proposal.match).similarity)
            for each in memory.map.timeline.neighbours(proposal.query, BESIDE)
            if each not in tried and memory.stretch_of(each) == memory.stretch_of(proposal.query)
        ]
        best = max(beside, key=lambda each: each.similarity, default=None)
        return best if best is not None and best.similarity >= self._similarity else None

    def _add_loop(self, found: Candidate) -> None:
        """Keep a loop, with the ids of the robots' maps."""
        ends = [self.memory.member_of(each) for each in (found.query_id, found.match_id)]
        sessions = self.memory.ledger.sessions
        candidate = found._replace(
            query_id=robot_id(found.query_id),
            match_id=robot_id(found.match_id),
            query_session=sessions[found.query_session].number,
            match_session=sessions[found.match_session].number,
            query_robot=ends[0].robot,
            match_robot=ends[1].robot,
        )
        frame = observation_of(self.memory, found.query_id).query.frame_id
        loop = Loop(0, candidate, ends[0].map_id, ends[1].map_id, frame)
        self.memory.ledger.add_loop(loop, ends[0].id, ends[1].id)

    def _drop(self, keyframe_id: int) -> None:
        """A robot has no features of a keyframe: pairs with it cannot be examined."""
        dropped: List[Proposal] = [
            each._replace(outcome=REJECTED) for each in self._plan.hopeless(keyframe_id)
        ]
        with self.memory.map.store.file.transaction("store what cannot be joined"):
            for each in dropped:
                self.memory.ledger.set_proposal(each)
        for each in dropped:
            self._plan.settle(each)
