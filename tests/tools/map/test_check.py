import pytest

from place_recognition_ros.tools.map.__main__ import main
from tests.memory.files import alter


def test_a_whole_map_passes(recorded, capsys):
    assert main(["check", recorded]) == 0
    assert capsys.readouterr().out == f"'{recorded}' is whole\n"


@pytest.mark.parametrize(
    "table, column, number",
    [
        ("sessions", "robot", 2),
        ("cameras", "width", 1),
        ("keyframes", "stamp", 5),
        ("links", '"match"', 4),
    ],
)
def test_a_damaged_row_is_listed(table, column, number, recorded, capsys):
    alter(recorded, f"UPDATE {table} SET {column} = 7 WHERE id = {number}")
    assert main(["check", recorded]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{table}: row {number} does not fit its CRC",
        f"1 faults in '{recorded}'",
    ]


@pytest.mark.parametrize("column", ["features", "thumbnail"])
def test_a_damaged_view_is_listed(column, recorded, capsys):
    alter(recorded, f"UPDATE views SET {column} = x'00' WHERE id = 5")
    assert main(["check", recorded]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "views: row 5 does not fit its CRC",
        "keyframe 5: no whole view: it cannot be verified geometrically",
        f"2 faults in '{recorded}'",
    ]


def test_a_damaged_page_is_reported(recorded, capsys):
    with open(recorded, "r+b") as file:
        size = file.seek(0, 2)
        for page in range(4096 * 2, size, 4096):
            file.seek(page)
            file.write(b"\xff" * 64)
    assert main(["check", recorded]) == 1
    assert "faults in" in capsys.readouterr().out
