"""Labels of image pairs: same place, different places, or unknown.

Pairs that are neither "same" nor "different" are excluded from training and evaluation, so that no negative
shows the same place.
"""

from typing import NamedTuple

import numpy as np


class PlaceRules(NamedTuple):
    """Distances below which two images show the same place, and above which they show different places."""

    positive_seconds: float = 1.0  # between two images of a sequence
    guard_seconds: float = float("inf")  # in a sequence: more is a different place; inf: never
    positive_metres: float = 5.0
    guard_metres: float = 25.0
    positive_degrees: float = 40.0  # between the headings, if both are known
    label_guard_seconds: float = 0.0  # in a sequence: other labels are different places from then on


class Places:
    """Labels of the pairs in a list of records.

    A pair is labelled by the place labels if both have one, else by the positions if both have one in the
    same region, else by time if both are in one sequence. Images of different regions are different.
    Different labels that are closer in a sequence than a guard are neither: along a railway they overlap.

    Args:
        records: list of :class:`training.data.manifest.Record`, N of them.
        rules: a :class:`PlaceRules`.
    """

    def __init__(self, records, rules):
        self._rules = rules
        self._number = np.arange(len(records))
        self._place = _numbered(
            f"{record.region}\0{record.place}" if record.place else "" for record in records
        )
        self._region = _numbered(record.region for record in records)
        self._sequence = _numbered(
            f"{record.region}\0{record.sequence}" if record.sequence else "" for record in records
        )
        self._time = np.array([record.time for record in records])
        self._xy = np.array([(record.x, record.y) for record in records]).reshape(-1, 2)
        self._heading = np.array([record.heading for record in records])

    @property
    def labelled(self):
        """(N,) bool: which images have a place label."""
        return self._place >= 0

    def pair_labels(self, rows, columns=slice(None)):
        """Labels of pairs.

        Args:
            rows, columns: indices of records, or slices; R and C of them.

        Returns:
            (R, C) bool, the pair shows the same place (each image shows the same place as itself); (R, C)
            bool, the pair shows different places.
        """
        rules = self._rules

        def pair(values):
            return values[rows][:, None], values[columns][None]

        def both(values):
            one, other = pair(values)
            return (one >= 0) & (other >= 0), one == other

        known, equal = both(self._region)
        other_region = known & ~equal
        labelled, same_label = both(self._place)
        in_sequence, same_sequence = both(self._sequence)
        one, other = pair(self._time)
        apart = np.abs(one - other)
        in_sequence &= same_sequence
        overlap = in_sequence & (apart < rules.label_guard_seconds)
        offset = self._xy[rows][:, None] - self._xy[columns][None]
        distance = np.hypot(offset[..., 0], offset[..., 1])
        positioned = ~np.isnan(distance) & ~labelled
        in_sequence &= ~labelled & ~positioned
        one, other = pair(self._heading)
        turn = np.degrees(np.abs(np.angle(np.exp(1j * (one - other)))))
        aligned = np.isnan(turn) | (turn <= rules.positive_degrees)
        same = (labelled & same_label) | (positioned & (distance <= rules.positive_metres) & aligned)
        same |= in_sequence & (apart <= rules.positive_seconds)
        one, other = pair(self._number)
        same |= one == other
        different = (labelled & ~same_label & ~overlap) | (positioned & (distance > rules.guard_metres))
        different |= in_sequence & (apart > rules.guard_seconds)
        return same & ~other_region, different | other_region


def _numbered(texts):
    """A number for each distinct text, -1 for the empty one: (N,) int64."""
    numbers = {"": -1}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts])
