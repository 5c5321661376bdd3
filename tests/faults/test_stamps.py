"""Stamps that are not newer than the last one, at the detector; the node drops and counts them before."""

import numpy as np
import pytest

from place_recognition_ros.errors import KeyframeError
from place_recognition_ros.types import Keyframe
from tests.faults.forms import fault, forms

MAX_STAMP = 2**63 - 1


def shuffled_stamps(rng, count):
    """Stamps of a camera of 10 Hz: in order, twice, late, 0, far in the future, or those of no clock."""
    stamps = np.arange(1, count + 1) * 10**8
    kinds = rng.choice(6, count, p=(0.4, 0.2, 0.2, 0.1, 0.09, 0.01))
    late = np.maximum(1, stamps - rng.integers(0, 10**10, count))
    soon = stamps + rng.integers(0, 10**9, count)
    nonsense = rng.choice([-1, MAX_STAMP + 1, 2**70, True, None, "1"], count)
    chosen = [[*each] for each in zip(stamps, np.roll(stamps, 1), late, 0 * stamps, soon, nonsense)]
    return [each[kind] for each, kind in zip(chosen, kinds)]


@fault(22, "Duplicate, out-of-order, zero, future stamps")
@forms(300, 10000)
def test_only_keyframes_with_rising_stamps_are_stored(amount, make_detector, paint, rng, tried):
    detector = make_detector(min_features=0, min_similarity=0.999, learn_overlay=False)
    images = [paint(layout)[::6, ::6] for layout in range(20)]
    taken, newest = [], -1
    for number, stamp in enumerate(shuffled_stamps(rng, amount)):
        usable = isinstance(stamp, (int, np.integer)) and not isinstance(stamp, bool)
        usable = usable and newest < stamp <= MAX_STAMP
        keyframe = Keyframe(images[number % 20].copy(), stamp)
        if usable:
            newest = detector.add(keyframe).query.stamp
            taken.append(newest)
        else:
            with pytest.raises(KeyframeError):
                detector.add(keyframe)
    refused = amount - len(taken)
    assert min(len(taken), refused) > amount / 10
    stored = [stamp for _, _, stamp, _, _ in detector.map.store.keyframes()]
    assert stored == sorted(set(stored))
    assert set(stored) <= set(taken)
    assert len(stored) > len(taken) / 2
    what = "at the detector: stamps in order, twice, late, 0, early, and values that are no stamps"
    tried(what, f"{amount} stamps", f"{refused} refused, {len(taken)} taken in rising order")
