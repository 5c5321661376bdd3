"""The image sets of the default model."""

from training.data.readers.own_sets import read_own_sets


def test_own_sets_split_whole_floors_and_sequences(data):
    records = read_own_sets(data)
    assert {record.region.split("/")[0] for record in records} == {"ie_tower", "outdoor"}
    splits = {}
    for record in records:
        splits.setdefault(record.region, set()).add(record.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {record.split for record in records} == {"train", "validation", "test"}
    assert all(record.licence for record in records)
