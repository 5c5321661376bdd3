"""Folders of the user: where the map and the engines are, if no path is given."""

import os
import pwd
import tempfile
from typing import Mapping

PACKAGE = "place_recognition_ros"


def home(environ: Mapping[str, str] = os.environ) -> str:
    """The user's home folder; empty if there is none: HOME is not set and the user has no account."""
    try:
        return environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def ros_home(environ: Mapping[str, str] = os.environ) -> str:
    """ROS_HOME, else ``~/.ros``, as roslaunch; empty if there is no home folder."""
    return environ.get("ROS_HOME") or (home(environ) and os.path.join(home(environ), ".ros"))


def cache(environ: Mapping[str, str] = os.environ) -> str:
    """The cache of this package (XDG Base Directory Specification); without a home, a temporary folder."""
    base = environ.get("XDG_CACHE_HOME") or (home(environ) and os.path.join(home(environ), ".cache"))
    if base:
        return os.path.join(base, PACKAGE)
    return os.path.join(tempfile.gettempdir(), f"{PACKAGE}-{os.getuid()}")
