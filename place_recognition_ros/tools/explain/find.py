"""Which keyframe a user means."""

from decimal import Decimal, InvalidOperation
from typing import List, NamedTuple

from place_recognition_ros.errors import KeyframeError
from place_recognition_ros.memory.store import StoredKeyframe
from place_recognition_ros.tools.explain.table import seconds

NEAREST = 3  # keyframes that a message names
SECONDS_BELOW = 10**12  # a whole number this large can only be nanoseconds


class Found(NamedTuple):
    """A keyframe and how the text was understood."""

    keyframe: StoredKeyframe
    understood: str


def find(keyframes: List[StoredKeyframe], text: str) -> Found:
    """Find a keyframe by its id or its stamp.

    Args:
        keyframes: of the map.
        text: an id; or a stamp in nanoseconds, or in seconds with as many decimals as are known. A whole
            number that is an id is one; "12.0" is a stamp in any case.

    Raises:
        KeyframeError: if there is none; the message names the nearest ones.
    """
    if not keyframes:
        raise KeyframeError("expected a map with keyframes. Received: an empty map")
    number = _number(text)
    whole = number == int(number) and "." not in text
    if whole:
        for each in keyframes:
            if each.id == number:
                return Found(each, f"id {each.id}")
    is_seconds = not whole or number < SECONDS_BELOW
    stamp = int(number * 10**9) if is_seconds else int(number)
    decimals = len(text.partition(".")[2])
    slack = 10**9 // 10**decimals // 2 if is_seconds else 0
    nearest = sorted(keyframes, key=lambda each: abs(each.stamp - stamp))[:NEAREST]
    if abs(nearest[0].stamp - stamp) <= slack:
        return Found(nearest[0], f"stamp {seconds(nearest[0].stamp)} s")
    near = ", ".join(f"{seconds(each.stamp)} (keyframe {each.id})" for each in nearest)
    raise KeyframeError(
        f"expected the id of a keyframe, {keyframes[0].id} to {keyframes[-1].id}, or its stamp in seconds or "
        f"nanoseconds. Received: {text}; the nearest stamps are {near}"
    )


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
        if number.is_finite() and abs(number) < 10**19:
            return number
    except InvalidOperation:
        pass
    raise KeyframeError(
        f"expected an id, or a stamp in seconds or nanoseconds. Received: {text!r}, which is not a number"
    )
