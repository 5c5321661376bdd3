import hashlib
import shutil

import pytest

from place_recognition_ros.errors import MapMismatch, StoreBusy, StoreError
from place_recognition_ros.memory.map_reader import read_meta
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.tools.explain.replay import models_for, open_past
from place_recognition_ros.types import Reason
from tests.tools.explain.conftest import MODELS, REJECTED, REVISIT, record


def decided(candidates):
    """Everything of candidates that can be compared."""
    return [
        (each.match_id, each.kind, each.status, each.reason, repr(each.confidence), each.evidence)
        for each in candidates
    ]


def test_the_recording_has_an_accepted_and_a_rejected_revisit(recording):
    accepted = recording.results[REVISIT - 1].candidates[0]
    assert (accepted.query_id, accepted.match_id, accepted.accepted) == (REVISIT, 4, True)
    rejected = recording.results[REJECTED - 1].candidates[0]
    assert (rejected.query_id, rejected.match_id, rejected.accepted) == (REJECTED, 8, False)
    assert rejected.reason in (Reason.FEW_MATCHES, Reason.FEW_INLIERS)


def test_every_decision_is_the_one_of_the_detector(recording):
    for result in recording.results:
        explanation = recording.replay(result.query.id)
        assert explanation.keyframe.stamp == result.query.stamp
        assert decided(explanation.candidates) == decided(result.candidates)


def test_a_later_session_is_replayed_with_the_map_of_the_earlier_ones(recording, images, tmp_path):
    path = str(tmp_path / "map.db")
    shutil.copy(recording.path, path)
    later = record(path, images[12:])
    assert [each.query.session for each in later.results] == [2] * 6
    assert later.results[0].candidates[0].matches >= 20
    for result in later.results:
        assert decided(later.replay(result.query.id).candidates) == decided(result.candidates)


def test_the_run_is_that_of_the_keyframe_and_not_of_later_ones(recording):
    explanation = recording.replay(REVISIT)
    run = explanation.runs[4]
    assert run.newest.candidate.query_id == run.newest.number == REVISIT
    assert [view.candidate.match_id for view in run.views] == [3, 4]


def test_fewer_queries_shorten_the_runs(recording):
    assert len(recording.replay(REVISIT + 1).runs[5].views) == 3
    assert len(recording.replay(REVISIT + 1, queries=1).runs[5].views) == 2
    assert len(recording.replay(REVISIT + 1, queries=0).runs[5].views) == 1


def test_the_map_file_is_not_modified(recording):
    def digest():
        with open(recording.path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    before = digest()
    recording.replay(REVISIT)
    assert digest() == before
    store = KeyframeStore(recording.path, MODELS.model_id, 64, "orb")  # a node can open it
    store.close()


def test_nothing_can_be_written_through_it(recording):
    store = open_past(recording.path, MODELS)
    with pytest.raises(StoreError, match="readonly"):
        store.remove([1])
    store.close()


def test_a_map_that_a_node_has_open_is_refused(recording):
    node = KeyframeStore(recording.path, MODELS.model_id, 64, "orb")
    with pytest.raises(StoreBusy, match="no node has open"):
        open_past(recording.path, MODELS)
    node.close()
    open_past(recording.path, MODELS).close()


def test_a_map_of_another_model_is_refused(recording):
    with pytest.raises(MapMismatch, match="expected a map of the model other"):
        open_past(recording.path, MODELS._replace(model_id="other"))


@pytest.mark.parametrize("content", [b"", b"no map " * 200])
def test_a_file_that_is_no_map_is_refused(tmp_path, content):
    path = tmp_path / "map.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"expected a map"):
        read_meta(str(path))
    assert path.read_bytes() == content


def test_a_missing_file_is_refused_and_not_created(tmp_path):
    path = tmp_path / "map.db"
    with pytest.raises(StoreError, match="not a file"):
        read_meta(str(path))
    assert not path.exists()


def test_the_features_of_the_map_choose_the_model(recording, tmp_path):
    found = models_for(recording.path, recording.config)
    assert (found.feature_model, found.feature_kind.value) == ("orb", "orb")
    path = str(tmp_path / "network.db")
    KeyframeStore(path, "model", 64, "features-1").close()
    found = models_for(path, recording.config)
    assert found.feature_kind.value == "network"
    assert found.feature_model.startswith("features-")
