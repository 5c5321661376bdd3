import pytest

from rendering.camera import heading
from rendering.pose_file import read_poses


def test_poses_are_read_in_any_order_of_columns(tmp_path):
    (tmp_path / "poses.csv").write_text("heading,x,z,y\n1.5,1,3,2\n", encoding="utf-8")
    (pose,) = read_poses(tmp_path / "poses.csv")
    assert pose.position.tolist() == [1, 2, 3]
    assert heading(pose) == pytest.approx(1.5)


@pytest.mark.parametrize(
    "text",
    ["", "x,y,z,heading\n", "x,y,z\n1,2,3\n", "x,y,z,heading\n1,2,3,north\n", "x,y,z,heading\n1,2,inf,0\n"],
)
def test_bad_poses_are_named(tmp_path, text):
    (tmp_path / "poses.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"poses\.csv"):
        read_poses(tmp_path / "poses.csv")
