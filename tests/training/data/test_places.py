"""Labels of pairs: same place, different places, unknown."""

import numpy as np

from training.data import PlaceRules, Places, Record


def judged(*records, **rules):
    """ "s": same, "d": different, ".": unknown; for the first record and each record."""
    places = Places([Record("a.png", **fields) for fields in records], PlaceRules(**rules))
    same, different = places.pair_labels([0])
    assert not (same & different).any()
    return "".join("s" if s else "d" if d else "." for s, d in zip(same[0], different[0]))


def test_labels():
    assert judged({"place": "a"}, {"place": "a"}, {"place": "b"}, {"sequence": "w"}) == "ssd."


def test_positions_and_headings():
    at = [{"x": x, "y": 0.0, "heading": h} for x, h in ((0, 0), (4, 0), (4, 3), (15, 0), (26, 0))]
    assert judged(*at, positive_metres=5.0, guard_metres=25.0) == "ss..d"


def test_headings_wrap_around():
    assert judged({"x": 0, "y": 0, "heading": 3.1}, {"x": 0, "y": 0, "heading": -3.1}) == "ss"


def test_time_in_a_sequence():
    walk = [{"sequence": "w", "time": t} for t in (0.0, 1.0, 5.0, 60.0)]
    assert judged(*walk) == "ss.."
    assert judged(*walk, guard_seconds=30.0) == "ss.d"


def test_other_sequences_are_unknown_other_regions_different():
    here = {"sequence": "w", "time": 0.0, "region": "floor1"}
    assert judged(here, {**here, "sequence": "v"}, {**here, "region": "floor2"}) == "s.d"


def test_labels_and_positions_are_separate_in_each_region():
    first = {"place": "a", "x": 0.0, "y": 0.0, "region": "one"}
    assert judged(first, {**first, "region": "two"}) == "sd"


def test_one_position_or_heading_alone_is_unknown():
    here = {"x": 0.0, "y": 0.0, "heading": 0.0}
    assert judged(here, {"x": 1.0}, {"x": 1.0, "y": 1.0}, {"sequence": "w"}) == "s.s."


def test_same_position_with_another_heading_is_unknown():
    here = {"x": 0.0, "y": 0.0, "heading": 0.0}
    assert judged(here, {**here, "heading": 0.6}, {**here, "heading": 0.8}, positive_degrees=40.0) == "ss."


def test_labels_precede_positions_and_positions_precede_time():
    first = {"place": "a", "x": 0.0, "y": 0.0, "sequence": "w", "time": 0.0}
    assert judged(first, {**first, "x": 90.0}, {**first, "place": "b"}) == "ssd"
    plain = {**first, "place": ""}
    assert judged(plain, {**plain, "x": 90.0}, {**plain, "x": 10.0}) == "sd."


def test_rows_and_columns_are_selected():
    records = [Record("a.png", place=place) for place in "aabb"]
    same, different = Places(records, PlaceRules()).pair_labels([3, 0], [0, 2])
    assert same.tolist() == [[False, True], [True, False]]
    assert np.array_equal(different, ~same)
    assert Places(records, PlaceRules()).pair_labels(slice(None))[0].shape == (4, 4)


def test_labels_of_neighbours_in_a_sequence_are_unknown_up_to_the_guard():
    here = {"place": "a", "sequence": "line", "time": 0.0}
    others = [{**here, "place": "b", "time": time} for time in (10.0, 99.0, 100.0)]
    elsewhere = {**others[0], "sequence": "another"}
    assert judged(here, here, *others, elsewhere, label_guard_seconds=100.0) == "ss..dd"
    assert judged(here, here, *others, elsewhere) == "ssdddd"
