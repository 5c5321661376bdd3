"""The scripts of examples/rtabmap, called from C as RTAB-Map calls them.

The types, shapes and checks are those of introlab/rtabmap, corelib/src/python/PyDescriptor.cpp and
PyDetector.cpp; RTAB-Map itself is not needed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig

import cv2
import numpy as np
import pytest

from benchmarks.scenes import Place
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder

HEADER = os.path.join(sysconfig.get_path("include"), "Python.h")
IMAGE = Place(3).image()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The compiled program that embeds Python as RTAB-Map does."""
    if not os.path.isfile(HEADER) or not shutil.which("g++"):
        pytest.skip("needs g++ and Python.h (Debian: python3-dev)")
    program = str(tmp_path_factory.mktemp("rtabmap") / "host")
    source = os.path.join(os.path.dirname(__file__), "rtabmap_host.cpp")
    library = f"-lpython{sysconfig.get_config_var('LDVERSION')}"
    folders = [
        f"-I{os.path.dirname(HEADER)}",
        f"-I{np.get_include()}",
        f"-L{sysconfig.get_config_var('LIBDIR')}",
    ]
    subprocess.check_call(["g++", "-std=c++14", "-Wall", "-Werror", source, *folders, library, "-o", program])
    return program


@pytest.fixture
def call(host, root, tmp_path):
    """``call(script, function, image)`` → the arrays that C reads: (type, rows, columns, first row)."""

    def call(script, function, image):
        path = str(tmp_path / ("image.pgm" if image.ndim == 2 else "image.ppm"))
        cv2.imwrite(path, image if image.ndim == 2 else image[..., ::-1])  # a PPM is RGB, the host reads BGR
        folder = os.path.join(root, "examples", "rtabmap")
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        ran = subprocess.run(
            [host, folder, script, function, path],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr.decode()
        words = [line.split() for line in ran.stdout.decode().splitlines()]
        return [(kind, int(rows), int(columns), np.array(row, float)) for kind, rows, columns, *row in words]

    return call


@pytest.mark.parametrize("image", [IMAGE, np.ascontiguousarray(IMAGE[..., 1])], ids=["BGR", "gray"])
def test_rtabmap_reads_the_descriptor_of_its_image(call, image):
    ((kind, rows, columns, row),) = call("place_recognition_descriptor", "extract", image)
    assert (kind, rows, columns) == ("float", 1, 512)
    assert np.allclose(row, open_extractor().describe(image), atol=1e-5)


def test_rtabmap_reads_the_features_of_its_image(call):
    gray = cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY)
    points, descriptors = call("place_recognition_detector", "detect", gray)
    expected = open_feature_finder(count=1000).find(gray)
    assert points[:3] == ("float", len(expected), 3)
    assert descriptors[:3] == ("float", len(expected), 32)
    assert np.allclose(points[3], [expected["x"][0], expected["y"][0], 1], atol=1e-3)
    assert np.linalg.norm(descriptors[3]) == pytest.approx(1, abs=0.01)
    assert np.allclose(127 * descriptors[3], expected["descriptor"][0].view(np.int8), atol=1e-3)


def test_an_image_without_features_gives_empty_arrays(call):
    points, descriptors = call("place_recognition_detector", "detect", np.full((120, 160), 90, np.uint8))
    assert (points[:3], descriptors[:3]) == (("float", 0, 3), ("float", 0, 32))
