import xml.etree.ElementTree as ElementTree

import numpy as np

from benchmarks.decisions.figures import Curve
from benchmarks.decisions.plots import MAX_POINTS, precision_recall, reliability_diagram, thinned
from training.calibrate.reliability import Reliability

MAX_BYTES = 20_000
SVG = "{http://www.w3.org/2000/svg}"


def test_a_plot_of_all_sets_is_small_and_has_a_line_for_each_curve():
    long = Curve(np.linspace(0, 1, 3000).tolist(), np.linspace(1, 0.1, 3000).tolist())
    stages = {**dict.fromkeys("abcde", long), "f": Curve([], [])}
    text = precision_recall({f"set <{number}>": stages for number in range(14)})
    lines = ElementTree.fromstring(text).findall(f"{SVG}polyline")
    assert len(lines) == 14 * 5
    assert len(text.encode()) < MAX_BYTES


def test_a_thinned_curve_keeps_its_ends():
    x = np.linspace(0, 1, 1000).tolist()
    points = thinned(x, x)
    assert len(points) == MAX_POINTS
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert thinned([0.5], [1.0]) == [(0.5, 1.0)]


def test_a_reliability_diagram_has_a_dot_for_each_bin():
    text = reliability_diagram(Reliability([0.1, 0.9], [0.2, 1.0], [10, 1000]))
    assert len(ElementTree.fromstring(text).findall(f"{SVG}circle")) == 2
    assert "no calibrated confidence" in reliability_diagram(Reliability([], [], []))
