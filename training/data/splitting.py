"""Setting images apart for validation."""

import math


def split_validation(records, every):
    """Give every N-th place to validation; where no image has a label, every N-th sequence.

    A single sequence without labels is cut in time: its last N-th is for validation, and what is seen
    again from before makes that easier than a walk of another day.

    Args:
        records: list of :class:`training.data.manifest.Record`.
        every: N, 2 or more.

    Returns:
        list of Record, in their order.

    Raises:
        ValueError: if N does not fit, or there is nothing to cut.
    """
    if every < 2:
        raise ValueError(f"expected every second place or fewer for validation. Received: every {every}")
    labelled = [record for record in records if record.place]
    groups = list(dict.fromkeys(map(_group, labelled or records)))
    if len(groups) > 1:
        if len(groups) < every:
            raise ValueError(
                f"expected {every} places or sequences or more, to set every {every}th apart. "
                f"Received: {len(groups)}"
            )
        chosen = set(groups[every - 1 :: every])
        return [_moved(record, _group(record) in chosen) for record in records]
    times = [record.time for record in records]
    if not times or any(map(math.isnan, times)):
        raise ValueError("expected several places or sequences, or times, to set some apart. Received: none")
    begin = max(times) - (max(times) - min(times)) / every
    return [_moved(record, record.time > begin) for record in records]


def _group(record):
    return record.region, record.place or record.sequence, bool(record.place)


def _moved(record, chosen):
    return record._replace(split="validation") if chosen else record
