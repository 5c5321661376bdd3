import pytest

from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.tools.map.__main__ import main
from tests.memory.conftest import MODEL, SIZE
from tests.memory.files import alter, write_recorded


def test_the_models_and_each_session_are_printed(recorded, capsys):
    assert main(["info", recorded]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("model ")] == [f"model     {MODEL}"]
    assert [line for line in lines if line.startswith("damaged")] == ["damaged   0"]
    assert lines[-2].split() == ["1", "r1", "2020-09-13", "12:26:40", "3", "1.0", "s", "not", "known"]
    assert lines[-1].split() == ["2", "r2", "2020-09-13", "12:26:41", "3", "1.0", "s", "4.0", "m"]


def test_damaged_keyframes_are_counted(recorded, capsys):
    alter(recorded, "UPDATE keyframes SET stamp = stamp + 1 WHERE id = 2")
    assert main(["info", recorded]) == 0
    assert "damaged   1; `check` lists them" in capsys.readouterr().out


def test_a_map_without_keyframes_is_described(path, capsys):
    KeyframeStore(path, MODEL, SIZE, "orb").close()
    assert main(["info", path]) == 0
    assert "keyframes 0, in 0 sessions" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["info", "check"])
def test_a_map_that_cannot_be_read_is_refused_with_the_cause(command, recorded, tmp_path, capsys):
    old = write_recorded(2, str(tmp_path / "old.db"))
    (tmp_path / "text.db").write_text("not a map " * 999)
    store = KeyframeStore(str(tmp_path / "open.db"), MODEL, SIZE, "orb")
    for path, cause in (
        (str(tmp_path / "nowhere.db"), "StoreError: expected the file of a map"),
        (str(tmp_path / "text.db"), "which is not a map"),
        (old, "of schema 2; a node whose map_path it is migrates it"),
        (str(tmp_path / "open.db"), "StoreBusy: expected a map that no node has open"),
    ):
        assert main([command, path]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert cause in captured.err
    store.close()
