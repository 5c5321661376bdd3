"""The decision about a keyframe of a map, made again from what the map stores.

The keyframes of its session go through the code of the node, in their order, into a map that holds only what
was there before. What a map does not store cannot be replayed: images that were not stored, and what the node
had learned in earlier sessions about look-alikes.
"""

from copy import deepcopy
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.describer import Description
from place_recognition_ros.descriptor.model_card import (
    LOCAL_FEATURES,
    ModelCard,
    default_model_path,
    read_model,
)
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.loops import aliasing
from place_recognition_ros.loops.calibration import NOTE, from_text
from place_recognition_ros.loops.decisions import Decisions
from place_recognition_ros.loops.evidence import Coefficients, odds_of
from place_recognition_ros.loops.examination import Observation
from place_recognition_ros.loops.geometry import Geometry, GeometrySettings, measure
from place_recognition_ros.loops.hypotheses import Hypothesis
from place_recognition_ros.loops.limits import Limits
from place_recognition_ros.loops.relations import Relations
from place_recognition_ros.loops.standpoint import Reported
from place_recognition_ros.memory.departure import Leaving
from place_recognition_ros.memory.keyframe_map import KeyframeMap, Match
from place_recognition_ros.memory.map_reader import feature_model_of, read_meta
from place_recognition_ros.memory.store import StoredKeyframe
from place_recognition_ros.package_models import FEATURES
from place_recognition_ros.tools.explain.past import Past
from place_recognition_ros.types import Candidate, FeatureKind, Keyframe, Kind, Query, View

QUERIES = (
    aliasing.WINDOW
)  # keyframes before the one in question that are searched for, too: what counts of them
LATER = 10  # keyframes after it: they may confirm or retract its matches

_NO_IMAGE = np.zeros((1, 1), np.uint8)


class Models(NamedTuple):
    """What a replay needs of the models: the networks themselves do not run."""

    model_id: str
    descriptor_size: int
    min_similarity: float  # cosine below which two images never show the same place
    feature_model: str
    feature_kind: FeatureKind
    weights: Coefficients


class Explanation(NamedTuple):
    """Why a keyframe was or was not matched."""

    keyframe: StoredKeyframe
    candidates: List[Candidate]  # as in QueryResult
    runs: Dict[int, Hypothesis]  # match id → the run that the match belongs to, of those that were weighed
    weights: Coefficients
    limits: Limits
    required: float  # log odds from which a match is accepted
    confirmed: Optional[Tuple[int, Candidate]] = None  # id of the keyframe that led to it; what was accepted
    retracted: Optional[Tuple[int, Candidate]] = None  # id of the keyframe that led to it; what was retracted


def models_for(path: str, config: Config) -> Models:
    """Read the cards of the models of a configuration; a map with ORB features needs no other configuration.

    Raises:
        StoreError: if the map cannot be read.
        ModelError: if a model cannot be read.
    """
    card = read_model(config.model or default_model_path())[0]
    orb = FeatureKind.ORB.value
    meta = read_meta(path)
    features: Optional[ModelCard] = None
    if orb not in (config.feature_model, feature_model_of(meta)):
        features = read_model(config.feature_model or default_model_path(FEATURES), LOCAL_FEATURES)[0]
    shipped = Coefficients(**((features.decision or {}) if features else OrbFinder.decision))
    return Models(
        card.model_id,
        card.descriptor_size,
        card.min_similarity,
        features.model_id if features else orb,
        FeatureKind.NETWORK if features else FeatureKind.ORB,
        from_text(meta.get(NOTE, ""), shipped),
    )


def open_past(path: str, models: Models) -> Past:
    """Open a map for reading; the errors are those of :class:`Past`."""
    return Past(path, models.model_id, models.descriptor_size, models.feature_model)


class Replay:
    """The decisions about the keyframes of one session.

    Args:
        store: the map.
        models: those of the map.
        config: the parameters of the node.
        session: of the keyframes.
    """

    def __init__(self, store: Past, models: Models, config: Config, session: int) -> None:
        self._store = store
        self._models = models
        self._top_k = config.top_k
        self._required = odds_of(config.accept_confidence)
        self._session = store.session(session)
        self._limits = Limits.from_config(config, models.min_similarity)
        self._keyframes = store.rewind(session)
        leaving = Leaving.from_config(config, models.min_similarity)
        self._memory = KeyframeMap(store, models.descriptor_size, leaving, self._session.robot)
        self._reported = Reported(models.feature_kind, leaving)
        self._relations = Relations(store)
        self._decisions = Decisions(
            config,
            models.min_similarity,
            self._memory,
            leaving,
            models.feature_kind,
            models.weights,
            self._relations.worlds,
        )

    def explain(self, keyframe: StoredKeyframe, queries: int = QUERIES) -> Explanation:
        """Replay the session up to a keyframe, and a little further. It can be called once.

        Args:
            keyframe: of the session.
            queries: how many keyframes before it are searched for; all are added to the map.
        """
        target = [each.id for each in self._keyframes].index(keyframe.id)
        explanation = Explanation(keyframe, [], {}, self._models.weights, self._limits, self._required)
        for row, each in enumerate(self._keyframes[: target + LATER + 1]):
            travelled = self._add(each)
            if row < target - queries:
                continue
            observation = self._observe(each, travelled, row + 1)
            image = _description(each, observation.view)
            reported = self._reported.covers(image, each.stamp, each.pose)
            matches = self._memory.search_left(each.descriptor, self._top_k)
            decision = self._decisions.add(observation, matches, self._kind, reported)
            accepted = [candidate for candidate in decision.candidates if candidate.accepted]
            if accepted:
                self._reported.begin(image, each.pose)
            self._relations.learn(accepted, decision.retracted, self._keyframe(each))
            if row == target:
                explanation = explanation._replace(
                    candidates=decision.candidates, runs=self._runs(observation.number)
                )
            elif row > target:
                explanation = explanation._replace(
                    confirmed=explanation.confirmed or _of(keyframe, each, decision.confirmed),
                    retracted=explanation.retracted or _of(keyframe, each, decision.retracted),
                )
        return explanation

    def _add(self, stored: StoredKeyframe) -> float:
        """Metres travelled until then."""
        keyframe = self._keyframe(stored)
        travelled = self._memory.observe(keyframe, stored.descriptor)
        self._memory.add(keyframe, stored.descriptor, _NO_IMAGE, b"")
        return travelled

    def _keyframe(self, stored: StoredKeyframe) -> Keyframe:
        return Keyframe(_NO_IMAGE, stored.stamp, stored.pose, world_frame=self._session.frame)

    def _observe(self, stored: StoredKeyframe, travelled: float, number: int) -> Observation:
        view = self._store.view(stored.id)
        frame = view.camera.frame_id if view.camera else ""
        query = Query(stored.id, stored.stamp, stored.session, self._session.robot, frame, stored.descriptor)
        return Observation(query, View(view.features, view.camera), stored.pose, travelled, number)

    def _kind(self, match: Match) -> Kind:
        same = match.entry.session == self._session.id
        return Kind.LOOP_CLOSURE if same else Kind.INTER_SESSION  # maps do not store kidnaps

    def _runs(self, number: int) -> Dict[int, Hypothesis]:
        alive = deepcopy(self._decisions.hypotheses.alive(number))  # later keyframes continue them
        return {run.newest.candidate.match_id: run for run in alive if run.newest.number == number}


def _description(stored: StoredKeyframe, view: View) -> Description:
    """What represents the image of a keyframe; its size is that of the camera, or of the features."""
    camera, features = view.camera, view.features
    sides = (
        (camera.width, camera.height)
        if camera
        else (features["x"].max(initial=1), features["y"].max(initial=1))
    )
    return Description(stored.descriptor, view, int(max(sides)))


def _of(
    keyframe: StoredKeyframe, cause: StoredKeyframe, candidates: List[Candidate]
) -> Optional[Tuple[int, Candidate]]:
    """The candidate of a keyframe among those that another one led to."""
    return next(((cause.id, each) for each in candidates if each.query_id == keyframe.id), None)


def compare(query: View, match: View, models: Models, limits: Limits) -> Geometry:
    """The geometry of two stored views, as the decision measures it."""
    return measure(query, match, GeometrySettings(models.feature_kind, limits.min_inliers))
