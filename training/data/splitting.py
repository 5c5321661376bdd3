"""Splitting of records into training and validation."""

import math


def split_validation(records, every):
    """Use every N-th place for validation; without place labels, every N-th sequence.

    Of a single sequence without labels, the last N-th in time is used. Places that it revisits make that
    validation easier than one on a walk of another day.

    Args:
        records: list of :class:`training.data.manifest.Record`.
        every: N, 2 or more.

    Returns:
        list of Record, in the same order.

    Raises:
        ValueError: if N is too small or too large, or there is nothing to split.
    """
    if every < 2:
        raise ValueError(f"expected --validation-every of at least 2. Received: {every}")
    labelled = [record for record in records if record.place]
    groups = list(dict.fromkeys(map(_group, labelled or records)))
    if len(groups) > 1:
        if len(groups) < every:
            raise ValueError(
                f"expected at least {every} places or sequences, to use every {every}th for validation. "
                f"Received: {len(groups)}"
            )
        chosen = set(groups[every - 1 :: every])
        return [_moved(record, _group(record) in chosen) for record in records]
    times = [record.time for record in records]
    if not times or any(map(math.isnan, times)):
        raise ValueError("expected several places or sequences, or times, to split. Received: none")
    begin = max(times) - (max(times) - min(times)) / every
    return [_moved(record, record.time > begin) for record in records]


def _group(record):
    return record.region, record.place or record.sequence, bool(record.place)


def _moved(record, chosen):
    return record._replace(split="validation") if chosen else record
