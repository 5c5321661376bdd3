"""Parameters that were renamed: the old names work until the next major version, see docs/stability.md."""

import logging
from typing import Any, Dict, List, Mapping

from place_recognition_ros.errors import ConfigError

RENAMED: Dict[str, str] = {}
"""Old name → new name, since the last major version. None was renamed since 1.0.0."""

_log = logging.getLogger(__name__)


def former(name: str) -> List[str]:
    """The old names of a parameter that still work."""
    return [old for old, new in RENAMED.items() if new == name]


def present(values: Mapping[str, Any]) -> Dict[str, Any]:
    """Values under the present names of their parameters; an old name is logged with the new one.

    Args:
        values: name → value.

    Raises:
        ConfigError: if a parameter has a value under both of its names.
    """
    found: Dict[str, Any] = {}
    for name, value in values.items():
        new = RENAMED.get(name, name)
        if new != name:
            if new in values:
                raise ConfigError(
                    f"expected one of the parameters '{name}', the old name, and '{new}'. Received: both"
                )
            _log.warning(
                "Parameter '%s' is now called '%s'; the old name works until the next major version.",
                name,
                new,
            )
        found[new] = value
    return found
