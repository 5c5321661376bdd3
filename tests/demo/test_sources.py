import cv2
import numpy as np
import pytest

from demo.sources import COLUMNS, SourceError, decode, natural, open_source, read_trajectory


@pytest.fixture
def folder(tmp_path):
    picture = np.full((20, 30, 3), 90, np.uint8)
    for name in ("10.png", "2.jpg", "1.bmp"):
        cv2.imwrite(str(tmp_path / name), picture)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_pictures_come_in_the_natural_order_of_their_names(folder):
    source = open_source(folder, folder, hz=2.0)
    frames = list(source.frames())
    assert [f.name for f in frames] == ["1.bmp", "2.jpg", "10.png"]
    assert [f.stamp for f in frames] == [0, 500_000_000, 1_000_000_000]
    assert [f.format for f in frames] == ["", "jpeg", "png"]
    assert source.length == 3
    assert not source.has_truth
    assert all(decode(f).shape == (20, 30, 3) for f in frames)


def test_natural_order_compares_numbers_as_numbers(tmp_path):
    names = ["img2", "img10", "IMG1", "a", "7"]
    assert [p.name for p in sorted((tmp_path / n for n in names), key=natural)] == [
        "7",
        "a",
        "IMG1",
        "img2",
        "img10",
    ]


def test_a_damaged_picture_is_none(folder):
    (folder / "2.jpg").write_bytes(b"\xff\xd8\xffgarbage")
    (folder / "10.png").write_bytes(b"")
    assert [decode(f) is None for f in open_source(folder, folder).frames()] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nothing", "expected a folder of pictures or a .bag"),
        ("empty", "expected pictures in"),
        ("a.txt", "which is neither"),
    ],
)
def test_what_is_no_source_is_refused_by_name(tmp_path, name, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(SourceError, match=sentence) as error:
        open_source(tmp_path / name, tmp_path)
    assert name in str(error.value)


@pytest.fixture
def drive(tmp_path):
    (tmp_path / "frames").mkdir()
    cv2.imwrite(str(tmp_path / "frames" / "000000.jpg"), np.zeros((4, 4, 3), np.uint8))
    lines = [",".join(COLUMNS), "frames/000000.jpg,0.50,1,2,1.4,0.5,-0.5,0.5,-0.5,0"]
    (tmp_path / "trajectory.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_drive_has_truth(drive):
    source = open_source(drive, drive)
    (frame,) = source.frames()
    assert source.has_truth
    assert (frame.stamp, frame.tracking_ok, frame.pose.y) == (500_000_000, False, 2.0)
    assert frame.data.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [("a.jpg,0.1,1,2", "10 values in line 2"), ("a.jpg,x,1,2,3,0,0,0,1,1", "10 values in line 2")],
)
def test_a_bad_line_of_a_trajectory_is_named(drive, line, sentence):
    path = drive / "trajectory.csv"
    path.write_text(",".join(COLUMNS) + "\n" + line + "\n")
    with pytest.raises(SourceError, match=sentence):
        read_trajectory(path)


def test_another_header_and_a_missing_picture_are_named(drive):
    (drive / "frames" / "000000.jpg").unlink()
    with pytest.raises(SourceError, match=r"000000\.jpg"):
        open_source(drive, drive)
    (drive / "trajectory.csv").write_text("time,x\n")
    with pytest.raises(SourceError, match="to begin with file,stamp"):
        open_source(drive, drive)


def test_what_is_no_bag_is_refused(tmp_path):
    pytest.importorskip("rosbag")
    for content in (b"", b"#ROSBAG V2.0\n", b"no bag at all"):
        (tmp_path / "x.bag").write_bytes(content)
        with pytest.raises(SourceError, match="expected a ROS bag"):
            open_source(tmp_path / "x.bag", tmp_path)


def test_images_of_a_bag_are_found_by_their_type(tmp_path):
    rosbag = pytest.importorskip("rosbag")
    from rospy import Time
    from sensor_msgs.msg import CompressedImage, Image
    from std_msgs.msg import String

    path = tmp_path / "x.bag"
    with rosbag.Bag(str(path), "w") as bag:
        bag.write("/talk", String("hello"), Time(5))
        for i in range(3):
            image = Image(height=1, width=1, encoding="mono8", step=1, data=b"\x00")
            image.header.stamp = Time(7 + i)
            bag.write("/b/image_raw", image, Time(10 + i))
            bag.write("/a/compressed", CompressedImage(format="jpeg"), Time(20 + i))
    chosen = open_source(path, tmp_path)
    assert "/a/compressed" in chosen.note
    assert [f.stamp for f in chosen.frames()] == [20 * 10**9, 21 * 10**9, 22 * 10**9]  # no header stamp
    asked = open_source(path, tmp_path, topic="/b/image_raw")
    assert (asked.length, asked.note) == (3, "")
    assert [f.stamp for f in asked.frames()] == [7 * 10**9, 8 * 10**9, 9 * 10**9]
    with pytest.raises(SourceError, match="--topic /talk"):
        open_source(path, tmp_path, topic="/talk")


def test_a_bag_without_images_is_refused(tmp_path):
    rosbag = pytest.importorskip("rosbag")
    from std_msgs.msg import String

    with rosbag.Bag(str(tmp_path / "x.bag"), "w") as bag:
        bag.write("/talk", String("hello"))
    with pytest.raises(SourceError, match=r"expected images .* /talk"):
        open_source(tmp_path / "x.bag", tmp_path)
