"""Every command of every page: what it names exists, and its arguments are accepted. Few are executed."""

import glob
import importlib.util
import os
import re
import sys
import xml.etree.ElementTree

import pytest
import yaml

from place_recognition_ros.config import Config
from tests.documentation.pages import (
    COMMANDS,
    PAGES,
    ROOT,
    accepts,
    module_of,
    read,
    source_of,
    spans,
    started,
)

SYSTEM = {
    "git",
    "cd",
    "source",
    "cp",
    "export",
    "apt-get",
    "for",
    "done",
    "alias",
    "mkdir",
    "tee",
    "systemctl",
}
SYSTEM |= {"docker", "sed", "catkin_make", "g++", "pip", "rosbag", "rosnode", "rosparam"}
SYSTEM |= {"place", "./loop_listener"}
"""Programs of others, an alias of docs/tx2.md and a program that docs/write_your_own.md builds."""
OTHER_PACKAGES = ("tf2_ros", "rtabmap_launch", "rviz", "dynamic_reconfigure", "rqt_reconfigure")
OTHER_MODULES = ("pip", "venv", "pytest", "tensorboard.main")
LAUNCH_FILES = {
    os.path.basename(path): path
    for path in glob.glob(os.path.join(ROOT, "launch", "**", "*.launch"), recursive=True)
}
FOLDERS = sorted(
    name
    for name in os.listdir(ROOT)
    if os.path.isdir(os.path.join(ROOT, name)) and not name.startswith((".", "build", "dist"))
)
OUR_PATH = re.compile(r"(?:^|\$PWD/|[ =`])((?:%s)/[\w./-]*\w)(?![\w*{<]|/)" % "|".join(FOLDERS))
FIELDS = {"std_srvs/Trigger": set(), "std_srvs/SetBool": {"data"}}


def of(program):
    return [pytest.param(each.words, id=str(each)) for each in COMMANDS if each.program == program]


def interface(heading):
    """name → type of a table of docs/interface.md."""
    section = read("docs/interface.md").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \| (.+?) \|", section, re.MULTILINE)
    return {name: kind for names, kind in rows for name in re.findall(r"`(.+?)`", names)}


TOPICS = {**interface("Subscribed topics"), **interface("Published topics")}
SERVICES = {**interface("Services"), "whole_image_descriptor_compute": "WholeImageDescriptorCompute"}
PARAMETERS = {row.name for row in Config.table()}


def resolved(name):
    """A name of the tables as it is on the robot."""
    return re.sub("^~", "/place_recognition/", name) if name.startswith(("~", "/")) else "/" + name


def declared(path):
    """The arguments of a launch file."""
    return {each.get("name") for each in xml.etree.ElementTree.parse(path).getroot().findall("arg")}


def commands_of_run():
    """The words that ./run knows, from its last ``case``."""
    return re.findall(r"^    ([a-z0-9-]+)(?: \|.*)?\) ", read("run"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_each_program_is_known(page):
    known = {
        "./run",
        "place-recognition",
        "python3",
        "roslaunch",
        "rosrun",
        "rosservice",
        "rostopic",
        *SYSTEM,
    }
    programs = {
        each.program for each in COMMANDS if each.page == page and not re.match(r"\w+=", each.program)
    }
    assert programs <= known


def test_pages_with_commands_are_found():
    assert {"README.md", "docs/tx2.md", "docs/decisions.md", "docs/training.md"} <= {
        each.page for each in COMMANDS
    }


@pytest.mark.parametrize("words", of("./run"))
def test_run_knows_the_command(words):
    assert words[1] in commands_of_run()


def test_run_describes_each_of_its_commands():
    described = set(re.findall(r"^#   ([a-z0-9-]+) ", read("run"), re.MULTILINE))
    assert described == set(commands_of_run())
    (message,) = re.findall(r'"expected (.+)\. Received: \'\$job\'"', read("run"))
    assert set(re.split(", | or ", message)) == described


@pytest.mark.parametrize("words", of("python3"))
def test_python_starts_what_exists(words):
    if len(words) == 1:
        return
    module, _ = module_of(words) or (None, None)
    if module is None:
        assert os.path.exists(os.path.join(ROOT, words[1]))
    elif module not in OTHER_MODULES and not module.endswith(".…"):
        assert "__main__" in source_of(module)


def parsed(*packages):
    return [pytest.param(*rest, id=str(command)) for command, *rest in started(packages)]


@pytest.mark.parametrize(("module", "arguments"), parsed("place_recognition_ros"))
def test_the_arguments_of_a_tool_are_accepted(module, arguments, monkeypatch):
    if arguments != ["COMMAND", "…"]:  # the page has a table of them
        assert not accepts(module, arguments, monkeypatch)


@pytest.mark.skipif(sys.version_info < (3, 9), reason="benchmarks, demo and rendering need Python 3.9")
@pytest.mark.parametrize(("module", "arguments"), parsed("benchmarks", "demo", "rendering"))
def test_the_arguments_of_a_program_of_the_repository_are_accepted(module, arguments, monkeypatch):
    assert not accepts(module, arguments, monkeypatch)


def test_an_argument_that_does_not_exist_is_noticed(monkeypatch):
    assert "--no-such" in accepts("place_recognition_ros.tools.describe", ["a.png", "--no-such"], monkeypatch)


def test_the_table_of_the_map_tool_has_its_arguments(monkeypatch):
    rows = re.findall(r"^\| `(\w+ [^`]*\.db[^`]*|\w+ MAP[^`]*)` \|", read("docs/maps.md"), re.MULTILINE)
    assert {row.split()[0] for row in rows} == {"info", "check", "export", "merge", "reembed"}
    for row in rows:
        assert not accepts("place_recognition_ros.tools.map", row.split(), monkeypatch), row


@pytest.mark.parametrize("words", of("roslaunch"))
def test_launch_files_exist_and_have_the_arguments(words):
    words = [word for word in words[1:] if word != "--ros-args"]
    if words and words[0] not in OTHER_PACKAGES:
        package, name, *arguments = words
        assert package == "place_recognition_ros"
        assert {word.split(":=")[0] for word in arguments} <= declared(LAUNCH_FILES[name])


@pytest.mark.parametrize("words", of("rosrun"))
def test_programs_of_rosrun_exist_and_have_the_options(words):
    _, package, program, *arguments = words
    if package in OTHER_PACKAGES:
        assert arguments[:1] != ["set"] or len(arguments) < 3 or arguments[2] in PARAMETERS  # of dynparam
        return
    assert package == "place_recognition_ros"
    (path,) = [
        path
        for path in (f"nodes/{program}", f"examples/{program}")
        if os.path.exists(os.path.join(ROOT, path))
    ]
    assert os.access(os.path.join(ROOT, path), os.X_OK)
    for option in arguments:
        assert not option.startswith("--") or f'"{option}"' in read(path)


@pytest.mark.parametrize("words", of("rosservice"))
def test_services_exist_and_have_the_fields(words):
    _, verb, service, *request = words
    assert verb == "call"
    (kind,) = [kind for name, kind in SERVICES.items() if resolved(name) == service]
    if kind not in FIELDS:
        name = re.match(r"\[?(\w+)", kind).group(1)
        definition = read(f"srv/{name}.srv").split("---")[0]
        FIELDS[kind] = set(re.findall(r"^\S+ +(\w+)", re.sub("#.*", "", definition), re.MULTILINE))
    given = yaml.safe_load(request[0]) if request else {}
    assert set(given) == FIELDS[kind]


@pytest.mark.parametrize("words", of("rostopic"))
def test_topics_exist(words):
    if len(words) > 2 and words[1] != "pub":  # what is published is an input, and may have any name
        assert words[2] in map(resolved, TOPICS)


@pytest.mark.parametrize("words", of("pip") + of("python3"))
def test_what_pip_installs_exists(words):
    if "pip" not in words:
        return
    words = words[words.index("pip") + 1 :]
    assert words[0] == "install"
    for option, value in zip(words, words[1:]):
        if option in ("-r", "-c"):
            assert os.path.exists(os.path.join(ROOT, value))
    for extra in re.findall(r"\[(\w+)\]", " ".join(words)):
        assert f'"{extra}": [' in read("setup.py")


@pytest.mark.parametrize("page", PAGES)
def test_the_files_of_the_repository_that_a_page_names_exist(page):
    texts = [" ".join(each.words) for each in COMMANDS if each.page == page]
    texts += [span for span in spans(page) if " " not in span]
    named = {path for text in texts for path in OUR_PATH.findall(text)}
    named -= {"msg/Info.msg"}  # of rtabmap_ros
    assert not {path for path in named if not os.path.exists(os.path.join(ROOT, path))}


@pytest.mark.parametrize("page", PAGES)
def test_the_parameters_topics_and_services_of_the_node_that_a_page_names_exist(page):
    known = {name[1:] for name in (*TOPICS, *SERVICES) if name.startswith("~")} | {
        row.name for row in Config.table()
    }
    named = {name for span in spans(page) for name in re.findall(r"^~(\w+)", span)}
    assert named - {"name"} <= known


@pytest.mark.parametrize("page", PAGES)
def test_the_launch_arguments_that_a_page_names_exist(page):
    every = set().union(*map(declared, LAUNCH_FILES.values()), PARAMETERS)  # tools.replay takes parameters
    named = {name for span in spans(page) for name in re.findall(r"(?:^| )(\w+):=", span)}
    assert named - {"name"} <= every


def test_the_tables_have_every_topic_and_service_of_the_node():
    used = set()
    for path in glob.glob(os.path.join(ROOT, "place_recognition_ros", "ros", "*.py")):
        used |= set(re.findall(r'rospy\.(?:Publisher|Subscriber|Service)\(\s*"([^"]+)"', read(path)))
    assert len(used) > 15
    assert used <= {*TOPICS, *SERVICES}


def test_the_modules_of_others_exist():
    for module in OTHER_MODULES[:3]:
        assert importlib.util.find_spec(module)
