import cv2
import numpy as np
import pytest

from demo.sources import COLUMNS, SourceError, decode, open_source, read_trajectory


@pytest.fixture
def folder(tmp_path):
    image = np.full((20, 30, 3), 90, np.uint8)
    for name in ("10.png", "2.jpg", "1.bmp"):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_images_are_in_the_natural_order_of_their_names(folder):
    source = open_source(folder, folder, hz=2.0)
    frames = list(source.frames())
    assert [f.name for f in frames] == ["1.bmp", "2.jpg", "10.png"]
    assert [f.stamp for f in frames] == [0, 500_000_000, 1_000_000_000]
    assert [f.format for f in frames] == ["", "jpeg", "png"]
    assert source.length == 3
    assert not source.has_truth
    assert all(decode(f).shape == (20, 30, 3) for f in frames)


def test_a_damaged_image_is_none(folder):
    (folder / "2.jpg").write_bytes(b"\xff\xd8\xffgarbage")
    (folder / "10.png").write_bytes(b"")
    assert [decode(f) is None for f in open_source(folder, folder).frames()] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nothing", "which does not exist"),
        ("empty", "expected images in"),
        ("a.txt", "which is neither"),
    ],
)
def test_a_path_that_is_not_a_source_is_refused_by_name(tmp_path, name, sentence):
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
    assert (frame.stamp, frame.tracking_ok, frame.pose.position[1]) == (500_000_000, False, 2.0)
    assert frame.data.startswith(b"\xff\xd8")


def test_webp_images_of_a_drive_are_sent_as_jpeg(drive):
    path = drive / "frames" / "000000.webp"
    cv2.imwrite(str(path), np.full((4, 4, 3), 90, np.uint8))
    csv = drive / "trajectory.csv"
    csv.write_text(csv.read_text().replace(".jpg", ".webp"))
    (frame,) = open_source(drive, drive).frames()
    assert (frame.format, frame.data[:2]) == ("jpeg", b"\xff\xd8")
    path.write_bytes(b"garbage")
    (frame,) = open_source(drive, drive).frames()
    assert frame.data == b"garbage"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [("a.jpg,0.1,1,2", "10 values in line 2"), ("a.jpg,x,1,2,3,0,0,0,1,1", "10 values in line 2")],
)
def test_a_bad_line_of_a_trajectory_is_named(drive, line, sentence):
    path = drive / "trajectory.csv"
    path.write_text(",".join(COLUMNS) + "\n" + line + "\n")
    with pytest.raises(SourceError, match=sentence):
        read_trajectory(path)


def test_a_missing_image_and_another_header_are_named(drive):
    (drive / "frames" / "000000.jpg").unlink()
    with pytest.raises(SourceError, match=r"000000\.jpg"):
        open_source(drive, drive)
    (drive / "trajectory.csv").write_text("time,x\n")
    with pytest.raises(SourceError, match="to begin with file,stamp"):
        open_source(drive, drive)


@pytest.fixture
def bag(tmp_path):
    """Two image topics with three messages each."""
    rosbag = pytest.importorskip("rosbag")
    from rospy import Time
    from sensor_msgs.msg import CompressedImage, Image

    path = tmp_path / "x.bag"
    with rosbag.Bag(str(path), "w", compression="bz2") as bag:
        for i in range(3):
            image = Image(height=1, width=1, encoding="mono8", step=1, data=b"\x00")
            image.header.stamp = Time(7 + i)
            bag.write("/b/image_raw", image, Time(10 + i))
            bag.write("/a/depth/compressed", CompressedImage(format="16UC1; png compressed"), Time(20 + i))
    return path


def test_the_image_of_the_camera_is_played_and_the_others_are_listed(bag, tmp_path):
    source = open_source(bag, tmp_path)
    assert source.title == "x.bag /b/image_raw"
    assert [frame.stamp for frame in source.frames()] == [7 * 10**9, 8 * 10**9, 9 * 10**9]
    head, *topics = source.note.splitlines()
    assert "--topic NAME" in head
    assert topics == [
        "  /a/depth/compressed   3 images, 16UC1; png compressed",
        "  /b/image_raw   3 images, mono8   (played)",
    ]


def test_a_depth_topic_is_named(bag, tmp_path):
    source = open_source(bag, tmp_path, topic="/a/depth/compressed")
    assert source.note.startswith("/a/depth/compressed has depth images")


def test_a_bag_that_was_not_closed_names_the_repair(bag, tmp_path):
    path = tmp_path / "x.bag.active"
    path.write_bytes(bag.read_bytes()[:-50])
    with pytest.raises(SourceError, match="rosbag reindex"):
        open_source(path, tmp_path)


def test_a_damaged_bag_is_named_while_it_is_played(bag, tmp_path):
    content = bytearray(bag.read_bytes())
    content[4246:4346] = bytes(100)  # in the first chunk, behind the header of the file
    source = open_source(bag, tmp_path)
    bag.write_bytes(content)
    with pytest.raises(SourceError, match=r"not damaged\. Received: .*x\.bag"):
        list(source.frames())


def test_the_topic_of_a_bag_can_be_chosen(bag, tmp_path):
    source = open_source(bag, tmp_path, topic="/b/image_raw")
    assert (source.length, source.note) == (3, "")
    assert [frame.message.encoding for frame in source.frames()] == ["mono8"] * 3


@pytest.mark.parametrize("content", [b"", b"no bag at all"])
def test_a_file_that_is_not_a_bag_is_refused(tmp_path, content):
    pytest.importorskip("rosbag")
    (tmp_path / "x.bag").write_bytes(content)
    with pytest.raises(SourceError, match="expected a ROS bag"):
        open_source(tmp_path / "x.bag", tmp_path)


def test_a_topic_that_is_not_in_the_bag_is_refused(bag, tmp_path):
    with pytest.raises(SourceError, match="Received: /talk"):
        open_source(bag, tmp_path, topic="/talk")
