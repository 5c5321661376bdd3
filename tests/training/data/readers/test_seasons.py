"""nordland64, phenocam and timisoara_heritage."""

import numpy as np
import pytest

pytest.importorskip("cv2")

from training.data import PlaceRules, Places, read_image
from training.data.manifest import reject_single_image_places
from training.data.readers.seasons import GAP, read_nordland, read_phenocam, read_timisoara


def test_the_railway_has_each_place_in_both_seasons(data, tmp_path):
    records = read_nordland(data / "nordland64", tmp_path)
    seasons = {}
    for record in records:
        seasons.setdefault(record.place, []).append(record.image.parent.name)
    assert {tuple(found) for found in seasons.values()} == {("summer", "winter")}
    parts = {
        split: [record.time for record in records if record.split == split]
        for split in ("train", "validation")
    }
    assert min(parts["validation"]) - max(parts["train"]) >= GAP
    assert len(parts["validation"]) == pytest.approx(0.2 * len(records), rel=0.2)


def test_the_logo_is_painted_over(data, tmp_path):
    """In the mean of many images, which is smooth, the logo is an edge."""
    records = read_nordland(data / "nordland64", tmp_path)[::40]
    own = np.mean([read_image(record.image) for record in records], axis=(0, 3))
    names = [f"images/{record.image.parent.name}/{record.place}.webp" for record in records]
    raw = np.mean([read_image(data / "nordland64" / name) for name in names], axis=(0, 3))
    edges = [np.abs(np.diff(mean[1:4, 54:62], axis=1)).max() for mean in (own, raw)]
    assert edges[0] < 0.6 * edges[1]


def test_places_that_may_overlap_are_not_called_different(data, tmp_path):
    records = read_nordland(data / "nordland64", tmp_path)
    _, different = Places(records, PlaceRules(label_guard_seconds=100.0)).pair_labels([0])
    nearest = min(record.time for record, other in zip(records, different[0]) if other)
    assert nearest - records[0].time >= 100.0
    windows = read_phenocam(data / "phenocam")
    same, different = Places(windows, PlaceRules(label_guard_seconds=100.0)).pair_labels([0])
    own = np.array([record.sequence == windows[0].sequence for record in windows])
    assert same[0].any() and not different[0][own].any() and different[0][~own].all()


def test_dates_without_a_view_and_doubtful_places_are_left_out(data):
    assert not [
        r for r in read_phenocam(data / "phenocam") if "dukehw" in str(r.image) and "2015-12" in str(r.image)
    ]
    buildings = read_timisoara(data / "timisoara_heritage")
    reject_single_image_places(buildings, "timisoara")
    assert len({record.place for record in buildings} - {""}) == 5
