import os

import pytest

from place_recognition_ros import folders
from place_recognition_ros.errors import StoreError
from place_recognition_ros.ros.map_file import map_file


@pytest.fixture
def ros_home(monkeypatch, tmp_path):
    """ROS_HOME, a folder that does not exist yet."""
    path = tmp_path / "ros" / "home"
    monkeypatch.setenv("ROS_HOME", str(path))
    return path


def test_the_default_is_named_after_the_node(ros_home):
    assert map_file("default", "/place_recognition") == str(ros_home / "place_recognition.db")
    assert ros_home.is_dir()


def test_nodes_in_two_namespaces_have_two_files(ros_home):
    nodes = [
        "/a/place_recognition",
        "/b/place_recognition",
        "/a/b/place_recognition",
        "/a_b/place_recognition",
    ]
    paths = {map_file("default", node) for node in nodes}
    assert len(paths) == len(nodes)
    assert all(os.path.isdir(os.path.dirname(path)) for path in paths)


@pytest.mark.parametrize("path", ["", "/maps/a b.db", "relative.db", "~/map.db", "/maps/höhle.db"])
def test_a_given_path_is_not_changed(ros_home, path):
    assert map_file(path, "/place_recognition") == path
    assert not ros_home.exists()


def test_none_is_a_temporary_map(ros_home):
    assert map_file("none", "/place_recognition") == ""


def test_a_folder_that_cannot_be_made_is_refused(ros_home):
    ros_home.parent.write_text("a file, not a folder")
    with pytest.raises(
        StoreError, match=r"expected a folder for the map '.*place_recognition\.db'\. Received"
    ):
        map_file("default", "/place_recognition")


def test_without_ros_home_and_home_a_path_is_needed(monkeypatch):
    monkeypatch.delenv("ROS_HOME", raising=False)
    monkeypatch.setattr(folders, "home", lambda environ=None: "")
    with pytest.raises(StoreError, match="expected HOME or ROS_HOME, or ~map_path"):
        map_file("default", "/place_recognition")
