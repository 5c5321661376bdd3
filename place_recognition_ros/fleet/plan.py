"""Which local features the server asks for: those of the pairs that join the pose graph most, within a
budget.

The budget is in bytes for each keyframe that a robot has sent, so that the bandwidth of a robot is bounded
whatever it sees. A pair counts by what its loop would add to the pose graph (:mod:`graph`), by how often
pairs of its similarity were accepted so far, and by how many features have to be sent for it.
"""

from typing import Dict, List, Mapping, NamedTuple, Set

import numpy as np

from place_recognition_ros.fleet import codec
from place_recognition_ros.fleet.graph import Pair, resistances
from place_recognition_ros.fleet.ledger import ACCEPTED, OPEN, Proposal
from place_recognition_ros.fleet.memory import STRETCH, FleetMemory

MIN_RESISTANCE = 1.0  # with less, two stretches are joined better than odometry joins neighbours
CONSIDERED = 300  # pairs at once, the most promising
MOST_OPEN = 5000  # pairs that wait; then the less similar half is forgotten until the next start
MOST_TRIED = 3  # pairs of two stretches
AT_ONCE = 8  # pairs that are chosen until the next look
BINS = 20  # of similarity
TYPICAL = 360 * codec.FEATURE_BYTES  # bytes of the features of a keyframe


def _is_same(a: Proposal, b: Proposal) -> bool:
    return {a.query, a.match} == {b.query, b.match}


class _Tally(NamedTuple):
    """How often pairs of some similarity were examined."""

    examined: int = 2  # before anything is known
    accepted: int = 1


def key_of(memory: FleetMemory, proposal: Proposal) -> Pair:
    """The two stretches of a pair, in their order."""
    first, second = sorted(memory.stretch_of(each) for each in (proposal.query, proposal.match))
    return first, second


class Plan:
    """The pairs that were proposed.

    Args:
        memory: the map; its proposals are read here.
        bytes_per_keyframe: of local features, that a robot may be asked for.
    """

    def __init__(self, memory: FleetMemory, bytes_per_keyframe: int) -> None:
        self._memory, self._rate = memory, bytes_per_keyframe
        self._open: Dict[Pair, Proposal] = {}
        self._served: Dict[Pair, Proposal] = {}  # whose features are here
        self._tried: Dict[Pair, List[Proposal]] = {}
        self._joined: Set[Pair] = set()
        self._tallies: Dict[int, _Tally] = {}
        self.wanted: Set[int] = set()
        """Ids of the keyframes whose features are asked for; not to be changed."""
        for proposal in memory.ledger.proposals():
            if proposal.query in memory.map.timeline and proposal.match in memory.map.timeline:
                self._restore(proposal)

    def __len__(self) -> int:
        """How many pairs wait to be examined."""
        return len(self._open)

    def _restore(self, proposal: Proposal) -> None:
        key = key_of(self._memory, proposal)
        if proposal.outcome != OPEN:
            self.settle(proposal)
        elif key not in self._joined:
            self.add_another(key, proposal)

    def add(self, proposal: Proposal) -> bool:
        """Add a pair; returns whether it is examined sooner or later.

        It is not if its stretches are joined, were compared already, or have a more similar pair.
        """
        key = key_of(self._memory, proposal)
        if key in self._joined or key in self._tried:
            return False
        return self.add_another(key, proposal)

    def add_another(self, key: Pair, proposal: Proposal) -> bool:
        """Add a pair of two stretches that were compared already."""
        before = self._open.get(key)
        if before is not None and before.similarity >= proposal.similarity:
            return False
        self._open[key] = proposal
        return True

    def add_served(self, proposal: Proposal) -> bool:
        """Add a pair whose features are here; returns whether it is examined."""
        key = key_of(self._memory, proposal)
        before, tried = self._served.get(key), self.tried(key)
        if key in self._joined or len(tried) >= MOST_TRIED or any(_is_same(each, proposal) for each in tried):
            return False
        if before is not None and before.similarity >= proposal.similarity:
            return False
        self._served[key] = proposal
        return True

    def settle(self, proposal: Proposal) -> None:
        """A pair was examined."""
        key, place = key_of(self._memory, proposal), self._bin(proposal)
        for waiting in (self._open, self._served):
            if key in waiting and (proposal.outcome == ACCEPTED or _is_same(waiting[key], proposal)):
                del waiting[key]
        self._tried.setdefault(key, []).append(proposal)
        before = self._tallies.get(place, _Tally())
        accepted = proposal.outcome == ACCEPTED
        self._tallies[place] = _Tally(before.examined + 1, before.accepted + accepted)
        if accepted:
            self._joined.add(key)

    def tried(self, key: Pair) -> List[Proposal]:
        """The pairs of two stretches that were examined."""
        return self._tried.get(key, [])

    def arrived(self, keyframe_id: int) -> None:
        """The features of a keyframe came, or it has none."""
        self.wanted.discard(keyframe_id)

    def ready(self) -> List[Proposal]:
        """The pairs whose features are both here."""
        described = self._memory.described
        found = [each for each in self._open.values() if each.query in described and each.match in described]
        return [*self._served.values(), *found]

    def hopeless(self, keyframe_id: int) -> List[Proposal]:
        """The open pairs of a keyframe."""
        return [each for each in self._open.values() if keyframe_id in (each.query, each.match)]

    def choose(self) -> None:
        """Ask for the features of the pairs that are worth most."""
        self._forget_unlikely()
        left = self._allowances()
        planned = self._joined | {key for key, each in self._open.items() if not self._missing(each)}
        waiting = [item for item in self._open.items() if self._is_affordable(item[1], left)]
        waiting.sort(key=lambda item: -self._chance(item[1]))
        del waiting[CONSIDERED:]
        lengths = {
            session: (len(self._memory.keyframes(session)) + STRETCH - 1) // STRETCH
            for session in self._memory.ledger.sessions
            if self._memory.keyframes(session)
        }
        for _ in range(AT_ONCE):
            waiting = [item for item in waiting if self._is_affordable(item[1], left)]
            if not waiting:
                return
            resistance = resistances(lengths, planned, [key for key, _ in waiting])
            worth = [
                self._chance(each) * np.log1p(ohm) / len(self._missing(each))
                if ohm >= MIN_RESISTANCE
                else 0.0
                for (_, each), ohm in zip(waiting, resistance)
            ]
            best = int(np.argmax(worth))
            if not worth[best]:
                return
            key, proposal = waiting[best]
            planned.add(key)
            for each in self._missing(proposal):
                left[self._memory.member_of(each).id] -= TYPICAL
                self.wanted.add(each)

    def _forget_unlikely(self) -> None:
        if len(self._open) > MOST_OPEN:
            likely = sorted(self._open.items(), key=lambda item: -item[1].similarity)
            self._open = dict(likely[: MOST_OPEN // 2])

    def _missing(self, proposal: Proposal) -> List[int]:
        have = self._memory.described
        return [each for each in proposal[:2] if each not in have and each not in self.wanted]

    def _is_affordable(self, proposal: Proposal, left: Mapping[int, int]) -> bool:
        """Whether features are missing, and the robots have not yet sent as much as they may."""
        missing = self._missing(proposal)
        return bool(missing) and all(left[self._memory.member_of(each).id] >= TYPICAL for each in missing)

    def _allowances(self) -> Dict[int, int]:
        """Member → bytes that it may still send, without what it was asked for already."""
        left = {member.id: -member.spent for member in self._memory.ledger.members.values()}
        for session in self._memory.ledger.sessions.values():
            left[session.member] += self._rate * len(self._memory.keyframes(session.id))
        for keyframe_id in self.wanted:
            left[self._memory.member_of(keyframe_id).id] -= TYPICAL
        return left

    def _bin(self, proposal: Proposal) -> int:
        return int(np.clip(proposal.similarity * BINS, 0, BINS - 1))

    def _chance(self, proposal: Proposal) -> float:
        """The share of the pairs of such a similarity that were accepted."""
        tally = self._tallies.get(self._bin(proposal), _Tally())
        return tally.accepted / tally.examined
