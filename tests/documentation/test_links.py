"""Links of all pages lead to files and headings; the index has every page."""

import os
import re

import pytest

from tests.documentation.pages import FENCED, PAGES, ROOT, read

TEMPLATES = os.listdir(os.path.join(ROOT, ".github", "ISSUE_TEMPLATE"))


def anchors(page):
    """The anchors of the headings of a page, as GitHub names them."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", FENCED.sub("", read(page))):
        path, _, heading = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(ROOT, path)), target
        assert not heading or heading in anchors(path), target


def test_the_index_has_every_page():
    linked = set(re.findall(r"\]\(([\w/.]+)", read("docs/README.md")))
    pages = {os.path.basename(page) for page in PAGES if page.startswith("docs/")} - {"README.md"}
    assert len(pages) > 10
    assert pages <= linked


def test_the_index_names_a_page_once_in_each_table():
    for table in read("docs/README.md").split("\n\n"):
        pages = re.findall(r"^\| .*?\]\((\w+\.md)\)", table, re.MULTILINE)
        assert len(pages) == len(set(pages))
