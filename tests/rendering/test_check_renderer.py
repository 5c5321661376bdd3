import sys

import pytest

from rendering import check_renderer


def test_rendering_in_a_process_with_tensorflow_is_refused(monkeypatch):
    pytest.importorskip("panda3d")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ValueError, match="TensorFlow is loaded"):
        check_renderer()
