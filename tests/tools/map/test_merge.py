import os
import pathlib

from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.tools.map.__main__ import main
from tests.memory.conftest import SIZE


def content(path):
    with MapReader(path) as reader:
        rows = list(reader.whole_keyframes())
        uuids = {number: session.uuid for number, session in reader.sessions().items()}
        links = {row[0]: reader.link(row[0]) for row in rows if reader.link(row[0])}
        assert all(reader.view(row[0]) for row in rows)
        return [(row[0], uuids[row[1]]) for row in rows], links, len(reader.cameras())


def test_maps_are_merged_in_their_order(write_map, tmp_path, capsys):
    paths = [write_map(str(tmp_path / f"{name}.db"), name) for name in ("one", "two")]
    output = str(tmp_path / "both.db")
    before = [pathlib.Path(path).read_bytes() for path in paths]
    assert main(["merge", *paths, paths[0], "--output", output]) == 0
    rows, links, cameras = content(output)
    names = ["one first", "one second", "two first", "two second"]
    assert [uuid for _, uuid in rows] == [name for name in names for _ in range(3)]
    assert [number for number, _ in rows] == list(range(1, 13))
    assert (links, cameras) == ({4: 1, 10: 7}, 1)
    assert [pathlib.Path(path).read_bytes() for path in paths] == before
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"6 keyframes of 2 sessions loaded from '{paths[0]}'"
    assert (
        lines[2] == f"0 keyframes of 0 sessions loaded from '{paths[0]}'; 2 sessions are in the map already"
    )


def test_a_map_of_another_model_leaves_no_file(recorded, tmp_path, capsys):
    other, output = str(tmp_path / "other.db"), str(tmp_path / "both.db")
    KeyframeStore(other, "ancient-000000000000", SIZE, "orb").close()
    assert main(["merge", recorded, other, "-o", output]) == 1
    assert "MapMismatch" in capsys.readouterr().err
    assert not [name for name in os.listdir(str(tmp_path)) if name.startswith("both")]


def test_an_existing_output_is_refused(recorded, tmp_path, capsys):
    for output in (recorded, str(tmp_path), "/nowhere/both.db"):
        assert main(["merge", recorded, "-o", output]) == 1
        assert "expected a new file in an existing folder" in capsys.readouterr().err
