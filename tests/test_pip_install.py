"""The package as pip installs it: without ROS, outside the checkout, with its models and its command."""

import email
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 9), reason="its pip cannot install into another environment"
)

COMMANDS = ("replay", "explain", "map", "doctor", "describe")
SOURCES = (
    "setup.py",
    "pyproject.toml",
    "package.xml",
    "README.md",
    "MANIFEST.in",
    "LICENSE",
    "requirements",
    "models",
)


def run(*command, **options):
    """Output of a command that must succeed."""
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False, **options
    )
    assert ran.returncode == 0, ran.stdout.decode()
    return ran.stdout.decode()


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """Path of the wheel; built without a network from a copy, because the build writes beside the sources."""
    pytest.importorskip("wheel", reason="bdist_wheel is of the package wheel")
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        path = os.path.join(root, name)
        (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, str(source / name))
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        os.path.join(root, "place_recognition_ros"), str(source / "place_recognition_ros"), ignore=unwanted
    )
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    run(*pip, "--wheel-dir", str(source / "out"), str(source))
    (name,) = os.listdir(str(source / "out"))
    return str(source / "out" / name)


@pytest.fixture(scope="module")
def metadata(wheel):
    """The headers of METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_string(archive.read(name).decode())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """``installed(*command)``: output of a command of a virtual environment with the package."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = str(folder / "bin" / "python3")
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # The dependencies are those of this environment: there is no network to install them.
    others = [path for path in sys.path if path.endswith("-packages")]
    with open(os.path.join(site, "dependencies.pth"), "w", encoding="utf-8") as file:
        file.write("\n".join(others))
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def call(command, *arguments):
        path = str(folder / "bin" / command)
        return run(path, *arguments, cwd=str(folder), env=environment)

    return call


def test_the_metadata_is_that_of_package_xml_and_the_requirements(root, metadata):
    with open(os.path.join(root, "package.xml"), encoding="utf-8") as file:
        version = re.search(r"<version>(.+)</version>", file.read()).group(1)
    assert (metadata["Name"].replace("_", "-"), metadata["Version"]) == ("place-recognition-ros", version)
    with open(os.path.join(root, "requirements", "runtime.txt"), encoding="utf-8") as file:
        pinned = re.findall(r"^([\w-]+)==([\w.]+)", file.read(), re.MULTILINE)
    required = [line for line in metadata.get_all("Requires-Dist") if "extra" not in line]
    assert {re.match(r"[\w-]+", line).group() for line in required} == {
        "PyYAML",
        *(name for name, _ in pinned),
    }
    assert (
        re.sub(r"[() ]", "", next(line for line in required if line.startswith("faiss")))
        == "faiss-cpu>=1.7.2"
    )
    assert any("keras" in line and "train" in line for line in metadata.get_all("Requires-Dist"))


def test_the_wheel_has_the_models_and_nothing_of_the_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    models = {"default.onnx", "default.json", "features.onnx", "features.json"}
    assert {f"place_recognition_ros/models/{name}" for name in models} <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"place_recognition_ros"}


def test_the_model_opens_outside_the_checkout(installed, root):
    code = (
        "import numpy, place_recognition_ros; from place_recognition_ros.descriptor import open_extractor;"
        "print(open_extractor().describe(numpy.zeros((240, 320, 3), 'uint8')).shape);"
        "print(place_recognition_ros.__path__)"
    )
    output = installed("python3", "-c", code)
    assert "(512,)" in output
    assert root not in output


@pytest.mark.parametrize("command", [*COMMANDS, None])
def test_the_command_has_each_tool(installed, command):
    if command == "replay":
        pytest.importorskip("place_recognition_ros.tools.replay")
    output = installed("place-recognition", *filter(None, [command, "--help"]))
    assert f"usage: {' '.join(filter(None, ['place-recognition', command]))} [-h]" in output
    assert all(name in output for name in COMMANDS) == (command is None)
