"""What a refusal of a file must be."""

import pytest

from place_recognition_ros.errors import ModelError


def refusal(load, path, *parts, shorter_than):
    """The one sentence with which ``load(path)`` refuses a file; it names the file and what was wrong."""
    with pytest.raises(ModelError) as caught:
        load(path)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < shorter_than
    for part in (str(path), *parts):
        assert part in text
    return text
