import io

from place_recognition_ros.memory.job import Job
from place_recognition_ros.tools import terminal
from place_recognition_ros.tools.map import progress


def work():
    yield from range(1, 5)
    return "done"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_shows_the_share():
    assert terminal.bar(1, 4, "map.db") == "map.db [##########..............................]  25 %"
    assert terminal.bar(9, 4, "a").endswith("#] 100 %")
    assert terminal.bar(0, 0, "a").endswith("#] 100 %")


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch):
    monkeypatch.setattr("place_recognition_ros.memory.job.SLICE", 0.0)
    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        assert progress.do(Job(work()), 4, "map.db") == "done"
        assert ("75 %" in stream.getvalue()) is drawn
