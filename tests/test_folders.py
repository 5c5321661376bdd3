import os
import tempfile

import pytest

from place_recognition_ros import folders


@pytest.fixture
def no_account(monkeypatch):
    """The user has no account, as in a container with a foreign user id."""

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(folders.pwd, "getpwuid", unknown)


def test_ros_home_takes_precedence_over_home():
    assert folders.ros_home({"ROS_HOME": "/data/ros", "HOME": "/home/me"}) == "/data/ros"
    assert folders.ros_home({"ROS_HOME": "", "HOME": "/home/me"}) == "/home/me/.ros"
    assert folders.ros_home({"HOME": "/home/me"}) == "/home/me/.ros"


def test_without_home_the_folder_of_the_account_is_used(monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    account = os.path.expanduser("~")
    assert os.path.isabs(account)
    assert folders.ros_home({}) == os.path.join(account, ".ros")
    assert folders.cache({}) == os.path.join(account, ".cache", "place_recognition_ros")


def test_without_home_and_account_there_is_no_ros_home(no_account):
    assert folders.home({}) == folders.ros_home({}) == ""
    assert folders.ros_home({"ROS_HOME": "/data/ros"}) == "/data/ros"


def test_without_home_and_account_the_cache_is_temporary(no_account):
    folder = folders.cache({})
    assert os.path.dirname(folder) == tempfile.gettempdir()
    assert str(os.getuid()) in folder


def test_the_cache_follows_the_xdg_specification():
    assert folders.cache({"XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}) == "/xdg/place_recognition_ros"
    assert folders.cache({"HOME": "/home/me"}) == "/home/me/.cache/place_recognition_ros"
