"""One row of the table of parameters, and the check of its values."""

from reprlib import Repr
from typing import Any, NamedTuple, Optional, Tuple

from place_recognition_ros.errors import ConfigError

SHORT = Repr()  # a value in a message: YAML aliases can make a list of a billion items in 200 bytes
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother, SHORT.maxlong = 2, 200, 200, 200


class Parameter(NamedTuple):
    """One row of the table."""

    default: Any
    why: str
    unit: str = ""
    low: Optional[float] = None
    high: Optional[float] = None
    choices: Tuple[Any, ...] = ()
    live: bool = False  # whether it may change while the node runs
    name: str = ""

    @property
    def range(self) -> str:
        """The allowed values, for people."""
        if self.choices:
            return " | ".join(map(str, self.choices))
        if self.low is not None:
            return f"{self.low} to {self.high}"
        return "true | false" if isinstance(self.default, bool) else "text"

    def check(self, value: Any) -> Any:
        """``value`` in the parameter's type.

        Raises:
            ConfigError: if it has another type or is out of range; the message names the parameter.
        """
        kind = type(self.default)
        if type(value) not in ((float, int) if kind is float else (kind,)):
            raise self._refusal(f"a value of type {kind.__name__}", value)
        if self.choices and value not in self.choices:
            raise self._refusal("one of " + self.range, value)
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise self._refusal(f"a value from {self.range}", value)
        return kind(value)

    def _refusal(self, expected: str, value: Any) -> ConfigError:
        return ConfigError(f"parameter '{self.name}': expected {expected}. Received: {SHORT.repr(value)}")


def parameter(default: Any, why: str, **more: Any) -> Any:
    """A row that type checkers see as its default's value, as an instance holds it."""
    return Parameter(default, why, **more)
