"""Files of ground truth, and the spots that they give."""

import numpy as np
import pytest

from place_recognition_ros.errors import InputError
from place_recognition_ros.tools.replay.source import Fix
from place_recognition_ros.tools.replay.truth import from_fixes, read_truth

SECOND = 10**9
START = 1_305_031_910


@pytest.fixture
def read(tmp_path):
    """``read(lines)`` → Truth."""

    def read(*lines):
        (tmp_path / "truth.txt").write_text("\n".join(lines) + "\n")
        return read_truth(str(tmp_path / "truth.txt"))

    return read


def at(truth, seconds):
    return truth.at(0, START * SECOND + round(seconds * SECOND), "")


def test_tum(read):
    truth = read(
        "# timestamp tx ty tz qx qy qz qw", f"{START}.5000 1 2 3 0 0 2 0", f"{START}.6 2 2 3 0 0 0 1"
    )
    spot = at(truth, 0.5)
    assert spot.position.tolist() == [1, 2, 3]
    assert spot.orientation.tolist() == [0, 0, 1, 0]
    assert truth.kind == "TUM trajectory truth.txt"


def test_positions_between_two_stamps_are_interpolated(read):
    truth = read(f"{START} 1 2 3 0 0 0 1", f"{START + 1} 3 2 3 0 0 1 0")
    spot = at(truth, 0.25)
    assert spot.position.tolist() == [1.5, 2, 3]
    assert spot.orientation.tolist() == [0, 0, 0, 1]


def test_far_from_every_stamp_the_spot_is_not_known(read):
    truth = read(f"{START} 1 2 3 0 0 0 1", f"{START + 9} 3 2 3 0 0 1 0")
    assert [at(truth, each) is None for each in (-0.2, -0.05, 0.05, 0.2, 4.5, 9.05, 10)] == [
        *(True, False, False, True, True, False, True)
    ]


def test_kitti_has_a_pose_for_each_image(read):
    truth = read("1 0 0 5 0 1 0 6 0 0 1 7", "0 0 1 8 0 1 0 0 -1 0 0 0")
    first, second = (truth.at(number, 0, "") for number in (0, 1))
    assert first.position.tolist() == [5, 6, 7]
    assert np.allclose(np.abs(second.orientation), [0, 0.5**0.5, 0, 0.5**0.5])
    assert truth.at(2, 0, "") is None


def test_euroc_has_nanoseconds_and_the_scalar_first(read):
    stamp = 1_403_636_579_763_555_584
    truth = read("#timestamp, p_RS_R_x [m], ...", f"{stamp},1,2,3,0.5,0.5,-0.5,0.5,9,9,9")
    spot = truth.at(0, stamp, "")
    assert spot.position.tolist() == [1, 2, 3]
    assert spot.orientation.tolist() == [0.5, -0.5, 0.5, 0.5]


def test_a_table_of_places_by_file(read):
    truth = read("file,place", "images/1.png,kitchen", "images/2.png,hall")
    assert [truth.at(0, 0, name) and truth.at(0, 0, name).place for name in ("1.png", "2.png", "3.png")] == [
        *("kitchen", "hall", None)
    ]
    assert truth.at(0, 0, "1.png").position is None


def test_a_table_of_positions_by_stamp(read):
    truth = read("timestamp,tx,ty,qx,qy,qz,qw", f"{START}.5,1,2,0,0,0,1")
    spot = at(truth, 0.5)
    assert spot.position.tolist() == [1, 2, 0]
    assert spot.orientation.tolist() == [0, 0, 0, 1]


def test_a_table_without_orientations_leaves_them_unknown(read):
    assert at(read("stamp,x", f"{START},4"), 0).orientation is None


def test_fixes_become_metres_east_and_north_of_the_first():
    degree = 6378137.0 * np.pi / 180
    truth = from_fixes([Fix(SECOND, 60.0, 10.0, 100.0), Fix(2 * SECOND, 60.001, 10.002, np.nan)], "/fix")
    assert truth.at(0, SECOND, "").position.tolist() == [0, 0, 0]
    np.testing.assert_allclose(
        truth.at(0, 2 * SECOND, "").position, [0.001 * degree, 0.001 * degree, 0], rtol=1e-6
    )


def test_a_topic_without_a_fix_is_refused():
    with pytest.raises(InputError, match="expected positions on /fix"):
        from_fixes([], "/fix")


@pytest.mark.parametrize(
    "lines, message",
    [
        ([], "an empty file"),
        (["1 2 3"], r"expected a trajectory of TUM \(8 numbers a line\).*3 words"),
        (["1 2 3 4 5 6 7 nan"], "expected finite numbers"),
        (["1 2 3 4 0 0 0 0"], "expected a position and a quaternion"),
        (["1 0 0 5 0 1 0 6 0 0 x 7"], "expected finite numbers"),
        (["0 0 0 5 0 0 0 6 0 0 0 7"], "expected rotation matrices"),
        (["1 0 0 5 0 1 0 6 0 0 -1 7"], "expected rotation matrices"),
        (["#t,x", "1,2,3"], "expected stamp, position and quaternion"),
        (["name,x", "a,1"], "expected columns file or stamp.*Received: name,x"),
        (["file,colour", "a,red"], "expected columns file or stamp, and place or x"),
        (["file,x,y", "a,1"], "expected 3 values"),
    ],
)
def test_other_files_are_refused_with_what_was_expected(read, lines, message):
    with pytest.raises(InputError, match=message):
        read(*lines)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00\xd8")
    for name in ("x", "none"):
        with pytest.raises(InputError, match="expected a file of ground truth"):
            read_truth(str(tmp_path / name))
