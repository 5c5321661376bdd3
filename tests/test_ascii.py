"""Files that ROS tools parse are ASCII: under LANG=C, Python 3.6 reads nothing else."""

import glob
import os

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARSED = (
    *("config/*", "launch/*", "msg/*", "srv/*", "env-hooks/*", "nodes/*", "examples/pose_graph_node"),
    *("examples/bag_to_g2o", "package.xml", "CMakeLists.txt", "setup.py"),
    *("requirements/demo.txt", "requirements/runtime.txt", "requirements/tx2.txt"),
)


@pytest.mark.parametrize("pattern", PARSED)
def test_files_that_ros_tools_parse_are_ascii(pattern):
    paths = [path for path in glob.glob(os.path.join(ROOT, pattern)) if os.path.isfile(path)]
    assert paths
    for path in paths:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                assert all(byte < 128 for byte in line), f"{os.path.relpath(path, ROOT)}:{number}: {line!r}"
