"""Parameters that are unknown, of another type or out of range, and YAML that asks for more than values."""

import os

import pytest
import yaml

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ConfigError
from place_recognition_ros.tools.explain import __main__ as explain
from tests.faults.forms import fault, forms

TABLE = Config.table()
UNKNOWN = ["topk", "TOP_K", "top_k ", "", "table", "values", "_refusal", "check", "__init__", "a" * 10**6]
TAGS = [
    "!!python/object/apply:os.mkdir ['{canary}']",
    "!!python/object/apply:subprocess.check_call [['mkdir', '{canary}']]",
    "!!python/object/new:os.mkdir ['{canary}']",
    '!!python/object/apply:builtins.eval [\'__import__("os").mkdir("{canary}")\']',
    "!!python/name:os.mkdir",
    "!!python/module:antigravity",
    "!include {canary}",
]


def invalid_values(row):
    """Values of an invalid type, and values just out of range."""
    invalid = [None, [], {}, b"", [row.default], {"value": row.default}]
    if isinstance(row.default, str):
        invalid += [0, 1.5, True]
    elif isinstance(row.default, bool):
        invalid += [0, 1, 1.0, "true", "yes"]
    elif row.choices:
        invalid += [True, False, "", str(row.default), -1, max(row.choices) + 1]
    else:
        invalid += [row.low - 1, row.high + 1, float("nan"), float("inf"), 10**400, -(10**400)]
        invalid += [True, False, "", "1", str(row.default)]
    if isinstance(row.default, int):
        invalid += [float(row.default)]
    if row.choices and isinstance(row.default, str):
        invalid += ["", row.choices[0].upper(), row.choices[0] + " "]
    return invalid


def many_items():
    """A list of 10^9 items in a few objects, as YAML aliases make it."""
    items = ["lol"] * 10
    for _ in range(8):
        items = [items] * 10
    return items


@fault(41, "Bad parameter, unknown key, YAML tag")
@forms(2, 1)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_an_invalid_value_is_refused_with_the_name_of_the_parameter(row, amount):
    for value in invalid_values(row)[::amount] + [many_items()]:
        with pytest.raises(ConfigError, match=f"'{row.name}'.*expected .*Received: ") as caught:
            Config(**{row.name: value})
        assert len(str(caught.value)) < 700


@fault(41, "Bad parameter, unknown key, YAML tag")
@forms(1, 100)
def test_every_parameter_is_refused_with_each_value_that_is_not_its_own(amount, rng, tried):
    """The invalid values of all parameters that another parameter does not accept either."""
    values = [value for row in TABLE for value in invalid_values(row)]
    count = 0
    for row in TABLE:
        own = invalid_values(row)
        assert len(own) >= 8
        for at in rng.integers(0, len(values), 8 * amount):
            value = values[at]
            if any(value is each or (type(value) is type(each) and value == each) for each in own):
                count += 1
                with pytest.raises(ConfigError, match=f"'{row.name}'"):
                    Config(**{row.name: value})
    assert count > len(TABLE) * amount
    own = sum(len(invalid_values(row)) for row in TABLE)
    tried(
        f"each of {len(TABLE)} parameters with values of another type or out of range",
        f"{own + count} values",
        "all refused, the parameter named",
    )


@fault(41, "Bad parameter, unknown key, YAML tag")
@pytest.mark.parametrize("name", UNKNOWN, ids=range(len(UNKNOWN)))
def test_an_unknown_parameter_is_refused_with_its_name(name):
    with pytest.raises(ConfigError, match=f"unknown parameter '{name[:100]}'") as caught:
        Config(**{name: many_items()})
    assert len(str(caught.value)) < 2000


def read_explain(path):
    return explain._read_config(path)


def read_rosparam(path):
    rosparam = pytest.importorskip("rosparam", reason="needs ROS")
    for values, _ in rosparam.load_file(path):
        Config(**values)


def read_training(path):
    config = pytest.importorskip("training.learning.config", reason="needs requirements/training.txt")
    config.read_config(path)


@fault(41, "Bad parameter, unknown key, YAML tag")
@pytest.mark.parametrize("read", [read_explain, read_rosparam, read_training])
@forms(1, 2)
def test_a_yaml_tag_is_refused_and_runs_nothing(amount, read, tmp_path, tried):
    canary = tmp_path / "canary"
    path = tmp_path / "parameters.yaml"
    for tag in TAGS * amount:
        path.write_text("top_k: " + tag.format(canary=canary) + "\n", encoding="utf-8")
        with pytest.raises(Exception, match=r"(?i)tag|expected|constructor"):
            read(str(path))
        assert not os.path.exists(str(canary)), tag
    tried(
        f"YAML tags that call functions, {read.__name__[5:]}",
        f"{len(TAGS * amount)} files",
        "refused, nothing run",
    )


@fault(41, "Bad parameter, unknown key, YAML tag")
def test_a_key_that_is_no_text_is_refused_with_its_name(tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text("map_path: ''\n1: 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="unknown parameter '1'"):
        read_explain(str(path))


@fault(41, "Bad parameter, unknown key, YAML tag")
def test_the_canary_works(tmp_path):
    """With another loader than ours, the tags would do what they say."""
    canary = tmp_path / "canary"
    loader = getattr(yaml, "UnsafeLoader", yaml.Loader)
    yaml.load(TAGS[0].format(canary=canary), loader)
    assert canary.is_dir()
