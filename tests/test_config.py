import os

import pytest
import yaml

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ConfigError

TABLE = Config.table()
NAMES = [row.name for row in TABLE]


def bad_values(row):
    """Values of another type, and values just out of range."""
    wrong = [None, [], {}, b"", [row.default], {"value": row.default}]
    if isinstance(row.default, str):
        wrong += [0, 1.5, True]
    elif isinstance(row.default, bool):
        wrong += [0, 1, 1.0, "true", "yes"]
    elif row.choices:
        wrong += [True, False, "", str(row.default), -1, max(row.choices) + 1]
    else:
        wrong += [True, False, "", "1", str(row.default), 10**400, -(10**400), float("nan"), float("inf")]
        wrong += [row.low - 1, row.high + 1]
    if isinstance(row.default, int):
        wrong += [float(row.default)]
    if row.choices and isinstance(row.default, str):
        wrong += ["", row.choices[0].upper(), row.choices[0] + " "]
    return wrong


def test_without_values_everything_is_at_its_default():
    assert Config().values() == {row.name: row.default for row in TABLE}


def test_values_come_back():
    config = Config(max_rate_hz=2.5, top_k=3, backend="onnx", geometric_check=False, map_path="/maps/a b.db")
    assert (config.max_rate_hz, config.top_k, config.backend) == (2.5, 3, "onnx")
    assert (config.geometric_check, config.map_path) == (False, "/maps/a b.db")
    assert Config(**config.values()).values() == config.values()


def test_two_configs_do_not_share_values():
    Config(top_k=3)
    assert Config().top_k == Config.table()[NAMES.index("top_k")].default


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_every_default_is_in_its_own_range(row):
    assert row.check(row.default) == row.default
    assert row.why
    assert row.range


@pytest.mark.parametrize("row", [row for row in TABLE if row.low is not None], ids=lambda row: row.name)
def test_the_ends_of_the_range_are_allowed(row):
    for end in (row.low, row.high):
        value = type(row.default)(end)
        assert getattr(Config(**{row.name: value}), row.name) == value


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_bad_value_is_refused_by_name(row):
    for value in bad_values(row):
        with pytest.raises(ConfigError, match=f"'{row.name}'") as caught:
            Config(**{row.name: value})
        assert "expected" in str(caught.value)
        assert "Received" in str(caught.value)


@pytest.mark.parametrize("name", ["topk", "TOP_K", "top_k ", "", "table", "values", "_refusal", "check"])
def test_an_unknown_name_is_refused_by_name(name):
    with pytest.raises(ConfigError, match=f"unknown parameter '{name}'"):
        Config(**{name: 1})


def test_an_integer_is_a_fine_number_of_seconds():
    value = Config(min_loop_interval_s=20).min_loop_interval_s
    assert value == 20.0
    assert isinstance(value, float)


@pytest.mark.parametrize("name", ["default.yaml", "tx2.yaml"])
def test_the_files_in_config_are_accepted(root, name):
    with open(os.path.join(root, "config", name), encoding="utf-8") as file:
        values = yaml.safe_load(file)
    assert Config(**values).values() == {**Config().values(), **values}
