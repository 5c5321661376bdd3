import numpy as np

from benchmarks.prepared_map import PLACES, Places, write_map
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.memory.store import KeyframeStore


def test_beyond_the_described_places_others_follow():
    places = Places(open_extractor(threads=1))
    first, again = places[3], places[PLACES + 3]
    assert np.array_equal(np.sort(first.descriptor), np.sort(again.descriptor))
    assert first.descriptor @ again.descriptor < 0.5
    assert again.thumbnail is first.thumbnail


def test_the_map_has_as_many_keyframes_as_asked_for(tmp_path):
    places = Places(open_extractor(threads=1))
    path = str(tmp_path / "map.db")
    write_map(path, 15, places)
    card = places.extractor.card
    store = KeyframeStore(path, card.model_id, card.descriptor_size, places.finder.model_id)
    found = np.stack([row[-1] for row in store.keyframes(None)])
    store.close()
    assert len(found) == 15
    assert (found[:10] @ places[0].descriptor).min() > 0.9
    assert (found[10:] @ places[1].descriptor).min() > 0.9
