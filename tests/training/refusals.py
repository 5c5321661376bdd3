"""Checks of error messages for files."""

import pytest

from place_recognition_ros.errors import ModelError


def refusal(load, path, *parts, shorter_than):
    """The one-line error of ``load(path)``, which must name the file and what was received."""
    with pytest.raises(ModelError) as caught:
        load(path)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < shorter_than
    for part in (str(path), *parts):
        assert part in text
    return text
