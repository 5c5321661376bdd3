"""A message as bytes: a JSON object, and numbers behind it, compressed; and reading it with distrust."""

import json
import struct
import zlib
from typing import Any, Dict, List, Mapping, Tuple, Type

from place_recognition_ros.errors import FleetError

MAGIC = b"PRF1"
MAX_SENT = 2 << 20  # bytes
MAX_PLAIN = 8 << 20  # bytes, after decompression
MAX_TEXT = 200  # characters of a name
_HEAD = struct.Struct("<4sI")


def pack(fields: Mapping[str, Any], content: bytes) -> bytes:
    """The bytes of a message.

    Args:
        fields: what JSON can hold.
        content: numbers; what they mean is in the fields.
    """
    text = json.dumps(fields, separators=(",", ":")).encode("utf-8")
    return zlib.compress(_HEAD.pack(MAGIC, len(text)) + text + content, 9)


def unpack(sent: bytes) -> Tuple["Fields", bytes]:
    """The fields and the content of a message.

    Raises:
        FleetError: if it is not one, or too long.
    """
    if len(sent) > MAX_SENT:
        raise FleetError(f"expected a message of up to {MAX_SENT} bytes. Received: {len(sent)} bytes")
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(sent, MAX_PLAIN)
        magic, length = _HEAD.unpack_from(plain)
    except (zlib.error, struct.error) as error:
        raise FleetError(f"expected a message of the fleet. Received: {error}") from error
    if magic != MAGIC or not inflate.eof or _HEAD.size + length > len(plain):
        raise FleetError(f"expected a whole message of version {MAGIC!r}. Received: {magic!r}")
    stop = _HEAD.size + length
    try:
        fields = json.loads(plain[_HEAD.size : stop].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FleetError(f"expected JSON. Received: {str(error)[:100]}") from error
    return Fields(fields), plain[stop:]


class Fields:
    """The fields of a message, each of which is checked when it is read.

    Args:
        content: what JSON gave.

    Raises:
        FleetError: by each method, naming the field, if it is not what is expected.
    """

    def __init__(self, content: Any) -> None:
        if not isinstance(content, dict):
            raise FleetError(f"expected an object. Received: {type(content).__name__}")
        self._content: Dict[str, Any] = content

    def has(self, name: str) -> bool:
        return self._content.get(name) is not None

    def integer(self, name: str, low: int = 0, high: int = 2**63 - 1) -> int:
        return _integer(name, self._content.get(name), low, high)

    def integers(self, name: str, most: int, low: int = 0, high: int = 2**63 - 1) -> List[int]:
        return [_integer(name, each, low, high) for each in self._list(name, most)]

    def text(self, name: str, least: int = 0) -> str:
        value = self._content.get(name)
        if not isinstance(value, str) or not least <= len(value) <= MAX_TEXT or not value.isprintable():
            raise _refusal(name, f"printable text of {least} to {MAX_TEXT} characters", value)
        return value

    def number(self, name: str, low: float, high: float) -> float:
        return _number(name, self._content.get(name), low, high)

    def numbers(self, name: str, most: int, limit: float = 1e12) -> List[float]:
        return [_number(name, each, -limit, limit) for each in self._list(name, most)]

    def inner(self, name: str) -> "Fields":
        return Fields(self._content.get(name))

    def inners(self, name: str, most: int) -> List["Fields"]:
        return [Fields(each) for each in self._list(name, most)]

    def _list(self, name: str, most: int) -> List[Any]:
        value = self._content.get(name, [])
        if not isinstance(value, list) or len(value) > most:
            raise _refusal(name, f"a list of up to {most}", value)
        return value


def _integer(name: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise _refusal(name, f"an integer from {low} to {high}", value)
    return value


def _number(name: str, value: Any, low: float, high: float) -> float:
    kinds: Tuple[Type[Any], ...] = (int, float)
    if type(value) not in kinds or not low <= value <= high:  # NaN is not
        raise _refusal(name, f"a number from {low:g} to {high:g}", value)
    return float(value)


def _refusal(name: str, expected: str, value: Any) -> FleetError:
    return FleetError(f"expected {expected} as {name}. Received: {repr(value)[:100]}")
