import os
import re
import subprocess
import sys

import pytest
import yaml

from place_recognition_ros.config import Config
from place_recognition_ros.tools.parameters import as_markdown, as_yaml


def test_default_yaml_is_what_the_tool_writes(root):
    with open(os.path.join(root, "config", "default.yaml"), encoding="utf-8") as file:
        assert file.read() == as_yaml()


def test_the_yaml_holds_every_parameter_at_its_default():
    values = yaml.safe_load(as_yaml())
    assert values == Config().values()
    assert {name: type(value) for name, value in values.items()} == {
        row.name: type(row.default) for row in Config.table()
    }


def test_the_table_has_a_row_for_every_parameter():
    head, _, *rows = as_markdown().splitlines()
    names = [re.match(r"\| `~(\w+)` \|", row).group(1) for row in rows]
    assert names == [row.name for row in Config.table()]
    columns = [len(re.findall(r"(?<!\\)\|", row)) for row in (head, *rows)]
    assert set(columns) == {7}


def test_the_documentation_contains_the_table(root):
    with open(os.path.join(root, "docs", "interface.md"), encoding="utf-8") as file:
        found = re.findall(r"<!-- parameters -->\n(.*?)<!-- /parameters -->", file.read(), re.DOTALL)
    assert [table.strip() for table in found] == [as_markdown().strip()]


@pytest.mark.parametrize("form, text", [("yaml", as_yaml()), ("markdown", as_markdown())])
def test_the_command_prints_them(root, form, text):
    command = [sys.executable, "-m", "place_recognition_ros.tools.parameters", form]
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    printed = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, check=True).stdout
    assert printed.decode() == text
