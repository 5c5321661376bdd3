import glob
import os

import pytest

from tests.test_layers import ROOT, imported, name_of

MODULES = sorted(glob.glob(os.path.join(ROOT, "rendering", "**", "*.py"), recursive=True))
ABOVE = ("training", "demo", "benchmarks", "tests", "place_recognition_ros.ros")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_rendering_imports_only_what_is_below_it(path):
    wrong = [name for name in imported(path) if (name + ".").startswith(tuple(each + "." for each in ABOVE))]
    assert not wrong
