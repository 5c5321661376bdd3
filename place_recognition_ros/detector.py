"""The algorithm: describe, store, search, check the sequence, verify the geometry, answer."""

import os
from collections import Counter, deque
from contextlib import ExitStack
from typing import Counter as CounterType
from typing import Deque, List, NamedTuple, Optional

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor import BuildSettings, Extractor, open_extractor
from place_recognition_ros.errors import StoreError
from place_recognition_ros.images import shrink
from place_recognition_ros.keyframes.map import KeyframeMap, Neighbour
from place_recognition_ros.keyframes.store import KeyframeStore
from place_recognition_ros.loops.geometry import FeatureFinder, verify
from place_recognition_ros.loops.kidnap import KidnapMonitor
from place_recognition_ros.loops.sequence import sequence_radius, sequence_similarity
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.types import Candidate, Keyframe, Kind, Reason, Status

ELSEWHERE = 0.7  # of the match's similarity: what is less similar than this shows another place
THUMBNAIL_PX = 320
THUMBNAIL_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 70, cv2.IMWRITE_JPEG_OPTIMIZE, 1]  # 7 to 10 kB


class Query(NamedTuple):
    """A described picture, as it is asked of the map."""

    id: int  # 0: not stored
    stamp: int  # nanoseconds
    descriptor: np.ndarray  # (D,) float32, unit norm
    features: np.ndarray  # (N,) FEATURE
    past: np.ndarray  # (n, D) float32: this descriptor, then those of the keyframes before it
    accepted: List[Candidate]  # of the keyframes just before it


class LoopDetector:
    """Recognises places. It belongs to the thread that opened it, as do its engine and its store.

    Args:
        config: the parameters.
        extractor: describes pictures.
        store: the map; its keyframes are read into memory here.
    """

    def __init__(self, config: Config, extractor: Extractor, store: KeyframeStore) -> None:
        self.config = config
        self.card = extractor.card
        self.engine_name, self.fallback = extractor.engine_name, extractor.fallback
        self.counts: CounterType[str] = Counter()
        self.watch = Stopwatch()
        self.kidnap = KidnapMonitor()
        self.newest: Optional[Query] = None
        self._extractor = extractor
        self._finder = FeatureFinder(config.local_features, config.feature_image_px)
        self._min_similarity = (
            self.card.min_similarity if config.min_similarity == -1 else config.min_similarity
        )
        self._min_age = max(1, int(config.min_loop_interval_s * 1e9))  # no keyframe is its own match
        self._past: Deque[np.ndarray] = deque(maxlen=config.sequence_length)
        self._accepted: Deque[Optional[Candidate]] = deque(maxlen=config.sequence_length)
        self.map = KeyframeMap(store, self.card.descriptor_size, self._min_age)

    @classmethod
    def open(cls, config: Config, map_path: str = "") -> "LoopDetector":
        """Open the model and the map.

        Args:
            config: the parameters.
            map_path: the map's file; empty: ``config.map_path``, or a temporary map where that is empty too.

        Raises:
            ModelError, EngineError, StoreError: what cannot be opened, and why.
        """
        with ExitStack() as opened:
            build = BuildSettings(config.engine_cache, config.engine_workspace_mb)
            extractor = open_extractor(config.model, config.backend, config.threads, build)
            opened.callback(extractor.close)
            path = os.path.expanduser(map_path or config.map_path)
            store = KeyframeStore(path, extractor.card.model_id, extractor.card.descriptor_size)
            opened.callback(store.close)
            detector = cls(config, extractor, store)
            opened.pop_all()  # nothing failed: they stay open
        return detector

    def add(self, keyframe: Keyframe) -> List[Candidate]:
        """Take in the next keyframe of the trajectory and look whether the camera was here before.

        Args:
            keyframe: newer than the one before it.

        Returns:
            The most similar keyframes of the map, best first, with what the checks say of each; those
            that are ``accepted`` are loop closures, kidnap recoveries or matches between sessions.
            None for a picture that shows too little to be a place.

        Raises:
            ImageError: if the picture is none.
            EngineError: if it cannot be described.
        """
        query = self._describe(keyframe)
        if query is None:
            return []
        self.newest = query = query._replace(id=self._remember(keyframe, query))
        candidates = self._answer(query, self.config.top_k)
        self._accepted.append(next((each for each in candidates if each.accepted), None))
        if self.kidnap.awaited and any(c.accepted and c.kind == Kind.KIDNAP_RECOVERY for c in candidates):
            self.kidnap.recovered(keyframe.stamp)
        return candidates

    def relocalize(self) -> List[Candidate]:
        """Ask with the newest keyframes where the camera is; none if there are no keyframes yet."""
        return (
            [] if self.newest is None else self._answer(self.newest, self.config.top_k, Kind.RELOCALIZATION)
        )

    def query(self, image: np.ndarray, k: int) -> List[Candidate]:
        """Ask where a single picture was taken; it is not stored.

        Args:
            image: (H, W, 3) uint8 BGR or (H, W) uint8 gray.
            k: how many candidates at the most.
        """
        stamp = 0 if self.newest is None else self.newest.stamp
        query = self._describe(Keyframe(image, stamp), alone=True)
        return [] if query is None else self._answer(query, k, Kind.RELOCALIZATION)

    def set_tracking(self, ok: bool, stamp: int) -> bool:
        """Hear from the SLAM front end whether it tracks; answers whether that is news.

        While it is lost keyframes are asked of the map, but not stored: they have no place in a world
        frame. What follows is a new session.
        """
        changed = self.kidnap.tracking(ok, stamp)
        if changed and not ok:
            self.start_session()
        return changed

    def start_session(self) -> None:
        """Begin an unbroken trajectory with a world frame of its own."""
        self.map.start_session()
        self._past.clear()
        self._accepted.clear()
        self.newest = None

    def close(self) -> None:
        """Release the engine and the map."""
        self._extractor.close()
        self.map.close()

    def _describe(self, keyframe: Keyframe, alone: bool = False) -> Optional[Query]:
        with self.watch("describe"):
            descriptor = self._extractor.describe(keyframe.image)
        with self.watch("local features"):
            features = self._finder.find(keyframe.image)
        if len(features) < self.config.min_features:
            self.counts["blind"] += 1
            return None
        if alone:
            return Query(0, keyframe.stamp, descriptor, features, descriptor[np.newaxis], [])
        self._past.appendleft(descriptor)
        accepted = [each for each in self._accepted if each is not None]
        return Query(0, keyframe.stamp, descriptor, features, np.array(self._past), accepted)

    def _remember(self, keyframe: Keyframe, query: Query) -> int:
        """The keyframe's id in the map; 0 where it is not stored."""
        self.map.move(keyframe.pose)
        if not self.kidnap.tracking_ok or len(self.map) >= self.config.max_keyframes:
            self.counts["not stored"] += 1
            return 0
        try:
            with self.watch("store"):
                number = self.map.add(
                    keyframe.stamp, keyframe.pose, query.descriptor, query.features, thumbnail(keyframe.image)
                )
        except StoreError:  # a full disk must not silence the answers
            self.counts["store failed"] += 1
            return 0
        self.counts["stored"] += 1
        return number

    def _answer(self, query: Query, k: int, kind: Optional[Kind] = None) -> List[Candidate]:
        """Candidates for a query; ``kind`` where it is the same for all of them."""
        with self.watch("search"):
            neighbours = self.map.search(query.descriptor, k, query.stamp)
        with self.watch("checks"):
            candidates = [self._candidate(query, each, neighbours, kind) for each in neighbours]
            tried: List[Neighbour] = []
            for row, neighbour in enumerate(neighbours):
                candidates[row] = self._check_similarity(candidates[row])
                known = any(self._same_place(neighbour, other) for other in tried)
                if known or candidates[row].reason or len(tried) == self.config.max_verifications:
                    continue  # the most similar keyframe speaks for its place
                tried.append(neighbour)
                candidates[row] = self._check_place(query, neighbour, candidates[row])
                if candidates[row].accepted:
                    break
        return candidates

    def _candidate(
        self, query: Query, match: Neighbour, neighbours: List[Neighbour], kind: Optional[Kind]
    ) -> Candidate:
        others = [other.similarity for other in neighbours if not self._same_place(match, other)]
        return Candidate(
            kind=self._kind(match) if kind is None else kind,
            status=Status.RETRIEVED,
            reason=Reason.NONE,
            query_id=query.id,
            match_id=match.entry.id,
            query_stamp=query.stamp,
            match_stamp=match.entry.stamp,
            query_session=self.map.session,
            match_session=match.entry.session,
            similarity=match.similarity,
            margin=match.similarity - max(others, default=-1.0),
        )

    def _kind(self, match: Neighbour) -> Kind:
        if match.entry.session == self.map.session:
            return Kind.LOOP_CLOSURE
        return Kind.KIDNAP_RECOVERY if self.kidnap.awaited else Kind.INTER_SESSION

    def _check_similarity(self, candidate: Candidate) -> Candidate:
        if candidate.similarity < self._min_similarity:
            return candidate.rejected(Reason.LOW_SIMILARITY)
        if candidate.margin < self.config.min_margin:
            return candidate.rejected(Reason.AMBIGUOUS)
        return candidate

    def _check_place(self, query: Query, match: Neighbour, candidate: Candidate) -> Candidate:
        """Let a match pass the remaining checks, or say at which it failed; the cheap ones come first."""
        if candidate.kind == Kind.LOOP_CLOSURE and not self._has_left(query, match):
            return candidate.rejected(Reason.TOO_RECENT)
        neighbours, row = self.map.around(match.position, sequence_radius(len(query.past)))
        if sequence_similarity(query.past, neighbours, row) < self._min_similarity:
            return candidate.rejected(Reason.NOT_CONSISTENT)
        candidate = candidate._replace(status=Status.CONSISTENT)
        if not self.config.geometric_check:
            return candidate
        found = verify(
            query.features,
            self.map.features(match.entry.id),
            self.config.min_inliers,
            self.config.min_inlier_ratio,
            0.0 if self._is_believed(query, match) else self.config.min_coverage,
        )
        candidate = candidate._replace(matches=found.matches, inliers=found.inliers, status=Status.VERIFIED)
        return candidate if found.reason == Reason.NONE else candidate.rejected(found.reason)

    def _has_left(self, query: Query, match: Neighbour) -> bool:
        """Whether the camera was elsewhere since the match; a robot that waits closes no loop."""
        if self.map.travelled - match.entry.travelled < self.config.min_loop_distance_m:
            return False
        least = self.map.least_similarity_since(match.position, query.descriptor)
        return least < ELSEWHERE * match.similarity

    def _same_place(self, a: Neighbour, b: Neighbour) -> bool:
        near = abs(a.entry.stamp - b.entry.stamp) < self._min_age
        return near and a.entry.session == b.entry.session

    def _is_believed(self, query: Query, match: Neighbour) -> bool:
        """Whether a keyframe just before the query was recognised beside the match: no look-alike then."""
        reach = sequence_radius(self.config.sequence_length)
        return any(
            last.match_session == match.entry.session and abs(last.match_id - match.entry.id) <= reach
            for last in query.accepted
        )


def thumbnail(image: np.ndarray) -> bytes:
    """A small JPEG of a picture, its aspect ratio kept: enough to describe it again with another model."""
    return cv2.imencode(".jpg", shrink(image, THUMBNAIL_PX), THUMBNAIL_JPEG)[1].tobytes()
