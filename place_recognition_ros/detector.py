"""The algorithm: describe, store, search, check, and return the result of the query."""

import os
from contextlib import ExitStack, suppress
from functools import partial
from typing import List, Optional

import numpy as np

from place_recognition_ros import types
from place_recognition_ros.config import Config
from place_recognition_ros.describer import Describer, Description
from place_recognition_ros.descriptor import BuildSettings, Extractor, open_extractor
from place_recognition_ros.descriptor.feature_finder import FeatureFinder
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.errors import KeyframeError, StoreError
from place_recognition_ros.loops.decisions import Decisions
from place_recognition_ros.loops.evidence import Coefficients
from place_recognition_ros.loops.examination import Observation
from place_recognition_ros.loops.relations import Relations
from place_recognition_ros.loops.standpoint import Reported
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.index_uri import open_index
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.memory.progress import Progress
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.recorder import Recorder
from place_recognition_ros.relocalizer import Relocalizer
from place_recognition_ros.stopwatch import Stopwatch
from place_recognition_ros.trajectory import Trajectory
from place_recognition_ros.types import Candidate, Count, Keyframe, Kind, Loss, QueryResult
from place_recognition_ros.upkeep import Hooks, Upkeep
from place_recognition_ros.validation import checked_keyframe


class LoopDetector:
    """Recognises places. It belongs to the thread that opened it, as do its engine and its store.

    Args:
        config: the parameters.
        extractor: describes images.
        finder: finds their local features.
        store: the map; its keyframes are read into memory here.
        progress: see ``open``.
    """

    def __init__(
        self,
        config: Config,
        extractor: Extractor,
        finder: FeatureFinder,
        store: KeyframeStore,
        progress: Optional[Progress] = None,
    ) -> None:
        card, similarity = extractor.card, extractor.card.min_similarity
        leaving = Leaving.from_config(config, similarity)
        self._config = config
        self._index = open_index(config.index_uri, store, card.model_id, card.descriptor_size)
        self.map = KeyframeMap(store, card.descriptor_size, leaving, config.robot, self._index, progress)
        self._watch = Stopwatch()
        self.describer = Describer(config, extractor, finder, self._watch)
        """Describes images, without what the user's mask covers."""
        self._recorder = Recorder(config, self.map, self.describer, finder.kind, self._watch)
        self._model, shipped = card.model_id, Coefficients(**finder.decision)
        hooks = Hooks(self._begin_decisions, self.start_session)
        self.upkeep = Upkeep(config, self.map, self._recorder, shipped, finder.kind, hooks)
        """Changes the map on request."""
        self._decide = partial(Decisions, config, similarity, self.map, leaving, finder.kind)
        self._begin_decisions()
        self._reported = Reported(finder.kind, leaving)
        self._trajectory = Trajectory(int(config.session_gap_s * 1e9))
        self._tracking = self._trajectory.tracking
        self._relocalizer, self._queries = Relocalizer(self.map, leaving.min_age, self._watch), 0

    @classmethod
    def open(cls, config: Config, map_path: str = "", progress: Optional[Progress] = None) -> "LoopDetector":
        """Open the model and the map.

        Args:
            config: the parameters.
            map_path: the map's file; empty: ``config.map_path``, or a temporary map where that is empty too.
            progress: is called often while the map is read, with how many keyframes have been read, and of
                how many; an exception ends the opening.

        Raises:
            ModelError, EngineError, StoreError: what cannot be opened, and why.
        """
        with ExitStack() as opened:
            build = BuildSettings(config.engine_cache, config.engine_workspace_mb)
            extractor = open_extractor(config.model, config.backend, config.threads, build)
            opened.callback(extractor.close)
            finder = open_feature_finder(
                config.feature_model, config.local_features, config.backend, config.threads, build
            )
            opened.callback(finder.close)
            path = os.path.expanduser(map_path or config.map_path)
            card = extractor.card
            store = KeyframeStore(path, card.model_id, card.descriptor_size, finder.model_id)
            opened.callback(store.close)
            detector = cls(config, extractor, finder, store, progress)
            opened.pop_all()  # nothing failed: they stay open
        return detector

    def add(self, keyframe: Keyframe, pause: Optional[int] = None) -> QueryResult:
        """Add the next keyframe of the trajectory and find out whether the camera was here before.

        Args:
            keyframe: newer than the one before it. One in another world frame begins a new session.
            pause: nanoseconds without images before it; None: as many as the stamps tell.

        Returns:
            The query, the most similar keyframes of the map with the result of the checks, the tracking
            state, and whether the keyframe was stored. An image without enough features is neither searched
            for nor stored.

        Raises:
            ImageError: if the image has another type or shape.
            KeyframeError: if the stamp, a pose or the camera is not usable.
            EngineError: if the image cannot be described.
        """
        keyframe = self._checked(keyframe, pause)
        self.describer.learn(keyframe)
        description = self.describer.describe(keyframe)
        seen = len(description.view.features) >= self._config.min_features
        if self._trajectory.add(keyframe, seen):
            self._begin_session()
        if not self._tracking.is_steady:
            keyframe = keyframe._replace(pose=None)  # of a front end that does not track
        observation = self._observation(description, keyframe)
        if not seen:
            return self._result(observation, [], Count.FEW_FEATURES)
        travelled = self.map.observe(keyframe, description.descriptor)
        keyframe_id, outcome = 0, Count.TRACKING_LOST
        if self._tracking.is_steady:
            keyframe_id, outcome = self._recorder.record(keyframe, description)
        self._queries += 1
        query = observation.query._replace(id=keyframe_id)
        observation = observation._replace(query=query, travelled=travelled, number=self._queries)
        self._relocalizer.see(observation)
        with self._watch("search"):
            matches = self.map.search_left(description.descriptor, self._config.top_k)
        with self._watch("decide"):
            reported = self._reported.covers(description, keyframe.stamp, keyframe.pose)
            decision = self._decisions.add(observation, matches, self._kind, reported)
        result = self._result(observation, decision.candidates, outcome)
        result = result._replace(confirmed=decision.confirmed, retracted=decision.retracted)
        self._relations.learn(result.accepted, result.retracted, keyframe)
        result = result._replace(pose=self._relations.locate(result.accepted))
        if result.accepted:
            self._reported.begin(description, keyframe.pose)
        if any(each.kind == Kind.KIDNAP_RECOVERY for each in result.accepted):
            self._tracking.recovered(keyframe.stamp)
        elif any(each.kind == Kind.KIDNAP_RECOVERY for each in result.retracted):
            self._tracking.recovered(keyframe.stamp, retracted=True)
        return result._replace(tracking=self._state())

    def relocalize(self) -> QueryResult:
        """Find out where the camera is, with the newest views of one session together, in all sessions.

        Returns:
            The newest view as the query, None where there is none; and as candidates the places where it may
            be, best first. If none is accepted and several have the reason AMBIGUOUS, they fit equally.
        """
        views = self._relocalizer.views
        return self._look(views, self._config.top_k) if views else self._result(None, [], Count.QUERY)

    def query(self, image: np.ndarray, k: int, stamp: int = 0, frame_id: str = "") -> QueryResult:
        """Find out where a single image was taken; it is not stored.

        Args:
            image: (H, W, 3) uint8 BGR or (H, W) uint8 gray.
            k: how many candidates at most.
            stamp: of the image, nanoseconds; 0: not known.
            frame_id: its optical frame.

        Raises:
            ImageError: if the image has another type or shape.
            KeyframeError: if the stamp or ``k`` is not usable.
            EngineError: if the image cannot be described.
        """
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 0:
            raise KeyframeError(f"expected a number of candidates, 0 or more. Received: {k!r}")
        keyframe = checked_keyframe(Keyframe(image, stamp))
        height, width = image.shape[:2]
        keyframe = keyframe._replace(camera=types.Camera(width, height, frame_id))
        observation = self._observation(self.describer.describe(keyframe), keyframe)
        if len(observation.view.features) < self._config.min_features:
            return self._result(observation, [], Count.FEW_FEATURES)
        return self._look([observation], k)

    def set_tracking(self, ok: Optional[bool], stamp: int, source: Loss = Loss.FRONT_END) -> types.Tracking:
        """Take a report of the SLAM front end.

        While it does not track, and until it has tracked for 2 s, keyframes are searched for but not stored:
        they have no place in a world frame. After 0.8 s tracking counts as lost; what follows is a new
        session.

        Args:
            ok: whether it tracks; None: it has ended, and what it reported counts no more.
            stamp: nanoseconds.
            source: FRONT_END or FEATURES; each is a witness of its own.
        """
        if self._tracking.report(ok, stamp, source):
            self._begin_session()
        return self._state()

    def update(self, now: int, silent: Optional[int] = None) -> types.Tracking:
        """Take note of the time: :meth:`Trajectory.update`."""
        if self._trajectory.update(now, silent):
            self._begin_session()
        return self._state()

    def start_session(self, stamp: Optional[int] = None) -> types.Tracking:
        """Begin an unbroken trajectory with its own world frame.

        Args:
            stamp: when it begins, nanoseconds; None: with the newest image.
        """
        self._begin_session()
        self._tracking.begin_session(self._trajectory.latest if stamp is None else stamp)
        return self._state()

    def status(self) -> types.DetectorStatus:
        """A snapshot for diagnostics, which any thread may read."""
        return types.DetectorStatus(
            model_id=self._model,
            engine=self.describer.engine,
            fallback=self.describer.fallback,
            map_id=self.map.store.file.map_id,
            keyframes=len(self.map),
            waiting=len(self.map.waiting),
            damaged=self.map.store.damaged,
            moved_aside=self.map.store.file.moved_aside,
            tracking=self._state(),
            settled=self._trajectory.is_settled,
            durations=self._watch.snapshot(),
        )

    def close(self) -> None:
        """Release the engine and the map."""
        self.describer.close()
        self._index.close()
        self.map.store.close()

    def _state(self) -> types.Tracking:
        """The tracking state and the present session."""
        now = self._tracking
        return types.Tracking(now.state, now.since, self.map.sessions.present.id, now.cause, now.lost)

    def _begin_decisions(self) -> None:
        with suppress(StoreError):  # else what is not written yet would be forgotten
            self.map.store.save()
        self._relations = Relations(self.map.store)
        self._decisions = self._decide(self.upkeep.weights, self._relations.worlds)

    def _begin_session(self) -> None:
        self.map.start_session()
        self._trajectory.begin()
        self._decisions.begin_session()
        self._recorder.begin_session()
        self._reported.end()

    def _checked(self, keyframe: Keyframe, pause: Optional[int]) -> Keyframe:
        """A keyframe that can be used; another world frame than the session's begins a new session."""
        keyframe = checked_keyframe(keyframe)
        if keyframe.stamp <= self._trajectory.newest:
            raise KeyframeError(
                f"expected a stamp newer than that of the keyframe before, {self._trajectory.newest} ns. "
                f"Received: {keyframe.stamp}; start_session() allows an older one"
            )
        if self._trajectory.arrives(keyframe, pause):
            self._begin_session()
        return keyframe

    def _observation(self, description: Description, keyframe: Keyframe) -> Observation:
        camera, session = keyframe.camera, self.map.sessions.present
        frame_id = camera.frame_id if camera else ""
        descriptor = description.descriptor
        query = types.Query(0, keyframe.stamp, session.id, session.robot, frame_id, descriptor)
        return Observation(query, description.view, keyframe.pose)

    def _look(self, observations: List[Observation], k: int) -> QueryResult:
        """The result of a service request, which changes nothing."""
        most = max(k, self._config.top_k) if k else 0
        candidates = self._relocalizer.look(observations, most, self._decisions)[:k]
        result = self._result(observations[-1], candidates, Count.QUERY)
        return result._replace(pose=self._relations.locate(result.accepted))

    def _kind(self, match: Match) -> Kind:
        if match.entry.session == self.map.sessions.present.id:
            return Kind.LOOP_CLOSURE
        return Kind.KIDNAP_RECOVERY if self._tracking.recovery_pending else Kind.INTER_SESSION

    def _result(
        self, observation: Optional[Observation], candidates: List[Candidate], outcome: Count
    ) -> QueryResult:
        query, view = (None, None) if observation is None else observation[:2]
        map_id, durations = self.map.store.file.map_id, self._watch.lap()
        result = QueryResult(query, candidates, self._state(), outcome, map_id, self._model)
        return result._replace(view=view, durations=durations)
