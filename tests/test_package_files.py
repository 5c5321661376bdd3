"""The files that describe the package agree with each other; what they name exists."""

import glob
import os
import re
import shlex

import pytest
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCKERFILES = sorted(glob.glob(os.path.join(ROOT, "docker", "*.Dockerfile")))
PAGES = ("CONTRIBUTING.md", "QUALITY_DECLARATION.md", "docs/stability.md", "docs/doctor.md")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def test_the_version_is_that_of_package_xml():
    (version,) = re.findall(r"<version>(.+)</version>", read("package.xml"))
    assert yaml.safe_load(read("CITATION.cff"))["version"] == version
    assert f"the version is {version}" in read("QUALITY_DECLARATION.md")
    assert not re.search(r"\bversion\s*=\s*['\"]\d", read("setup.py") + read("pyproject.toml"))


def test_the_citation_has_the_papers():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == re.findall("<license>(.+)</license>", read("package.xml"))[0]
    papers = [paper["title"] for paper in citation["references"]]
    assert [any(word in title for title in papers) for word in ("whole-image", "NetVLAD", "MobileNetV2")] == [
        True
    ] * 3
    assert all(paper["authors"] and paper["doi"].startswith("10.") for paper in citation["references"])


@pytest.mark.parametrize(
    "path", glob.glob(os.path.join(ROOT, ".github", "ISSUE_TEMPLATE", "*.md")), ids=os.path.basename
)
def test_issue_templates_have_a_name_and_a_description(path):
    _, header, body = read(path).split("---\n", 2)
    assert {"name", "about"} <= set(yaml.safe_load(header))
    assert body.strip()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", read(page)):
        path, _, heading = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(ROOT, path)), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", read(path), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles], (
                target
            )


@pytest.mark.parametrize("path", DOCKERFILES, ids=os.path.basename)
def test_a_container_starts_its_launch_file_with_the_arguments_of_the_user(path):
    """Docker is not needed: what the files name has to exist."""
    text = read(path)
    name = os.path.basename(path).split(".")[0]
    assert f"-f docker/{name}.Dockerfile" in text
    assert f"set -- roslaunch place_recognition_ros {name}.launch" in text
    assert os.path.exists(os.path.join(ROOT, "launch", name + ".launch"))
    assert text.rstrip().endswith('ENTRYPOINT ["/place_recognition"]')
    for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE):
        for source in shlex.split(line)[:-1]:
            assert os.path.exists(os.path.join(ROOT, source)), line
    assert {"COPY . ."} <= set(re.findall("^COPY .+$", text, re.MULTILINE))


def test_the_containers_have_what_the_documentation_says():
    assert "-f docker/tx2.Dockerfile" in read("docs", "tx2.md")
    assert "docker/desktop.Dockerfile" in read("README.md")
    pins = re.search(
        r"pip install .*(pip==\S+ setuptools==\S+ wheel==\S+ numpy==\S+)", read("requirements", "tx2.txt")
    )
    assert pins.group(1) in read("docker", "tx2.Dockerfile")
    assert "ros-noetic-cv-bridge" in read("run")  # which the image of the desktop has
    assert "FROM ros:noetic-perception" in read("docker", "desktop.Dockerfile")
