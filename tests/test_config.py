import os

import pytest
import yaml

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ConfigError
from place_recognition_ros.renamed import RENAMED

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


def test_live_parameters_change_together_or_not_at_all():
    config = Config()
    config.change({"top_k": 3, "min_motion_m": 1})
    assert (config.top_k, config.min_motion_m) == (3, 1.0)
    assert isinstance(config.min_motion_m, float)
    for bad in ({"top_k": 4, "min_inliers": 1}, {"top_k": 4, "model": "x"}, {"top_k": float("nan")}):
        with pytest.raises(ConfigError):
            config.change(bad)
        assert config.top_k == 3


def test_a_parameter_that_is_not_live_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"parameter 'threads': expected one that may change"):
        Config().change({"threads": 2})


@pytest.fixture
def renamed(monkeypatch):
    monkeypatch.setitem(RENAMED, "accept_probability", "accept_confidence")


def test_a_renamed_parameter_works_under_its_old_name_and_the_warning_names_both(renamed, caplog):
    config = Config(accept_probability=0.9)
    assert config.accept_confidence == 0.9
    config.change({"accept_probability": 0.95})
    assert config.accept_confidence == 0.95
    assert [each.levelname for each in caplog.records] == ["WARNING"] * 2
    assert "'accept_probability' is now called 'accept_confidence'" in caplog.text
    assert "accept_probability" not in config.values()


def test_a_bad_value_under_an_old_name_is_refused_by_the_new_one(renamed):
    with pytest.raises(ConfigError, match="parameter 'accept_confidence': expected a value from"):
        Config(accept_probability=2.0)


def test_a_parameter_with_both_of_its_names_is_refused(renamed):
    with pytest.raises(ConfigError, match="'accept_probability', the old name, and 'accept_confidence'"):
        Config(accept_probability=0.9, accept_confidence=0.9)


def test_parameters_are_renamed_to_those_that_exist():
    names = {row.name for row in Config.table()}
    assert set(RENAMED.values()) <= names
    assert not names & set(RENAMED)


def test_live_values_are_those_of_the_table():
    config = Config(top_k=7)
    assert config.live_values()["top_k"] == 7
    assert set(config.live_values()) == {row.name for row in TABLE if row.live}
    assert "model" not in config.live_values()
