import os

import pytest
import yaml

from place_recognition_ros.config import Config

TABLE = Config.table()
NAMES = [row.name for row in TABLE]


def test_parameters_that_are_not_set_have_their_defaults():
    assert Config().values() == {row.name: row.default for row in TABLE}


def test_values_are_stored_unchanged():
    config = Config(max_rate_hz=2.5, top_k=3, backend="onnx", use_tf=False, map_path="/maps/a b.db")
    assert (config.max_rate_hz, config.top_k, config.backend) == (2.5, 3, "onnx")
    assert (config.use_tf, config.map_path) == (False, "/maps/a b.db")
    assert Config(**config.values()).values() == config.values()


def test_configs_do_not_share_values():
    Config(top_k=3)
    assert Config().top_k == Config.table()[NAMES.index("top_k")].default


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_every_default_is_in_its_range(row):
    assert row.check(row.default) == row.default
    assert row.why
    assert row.range


@pytest.mark.parametrize("row", [row for row in TABLE if row.low is not None], ids=lambda row: row.name)
def test_the_limits_of_the_range_are_allowed(row):
    for limit in (row.low, row.high):
        value = type(row.default)(limit)
        assert getattr(Config(**{row.name: value}), row.name) == value


def test_an_integer_is_accepted_as_float():
    value = Config(min_loop_interval_s=20).min_loop_interval_s
    assert value == 20.0
    assert isinstance(value, float)


@pytest.mark.parametrize("name", ["default.yaml", "tx2.yaml"])
def test_the_configuration_files_are_valid(root, name):
    with open(os.path.join(root, "config", name), encoding="utf-8") as file:
        values = yaml.safe_load(file)
    assert Config(**values).values() == {**Config().values(), **values}
