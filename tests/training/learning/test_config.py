"""The configuration: defaults, overrides, error messages."""

import json
from pathlib import Path

import pytest
import yaml

pytest.importorskip("keras")

from training.console import RENAMED
from training.learning.config import TrainConfig, changed_keys, read_config

DATA = "data:\n  manifests:\n    mine.csv: 1.0\n"


def read(folder, text=DATA, overrides=()):
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return read_config(path, overrides)


def test_overrides_and_defaults(tmp_path):
    config = read(tmp_path, overrides=["optimizer.learning_rate=2.0e-4", "network.size=256", "steps=7"])
    assert (config.optimizer.learning_rate, config.network.size, config.steps) == (2e-4, 256, 7)
    assert config.batch == TrainConfig.model_fields["batch"].default


@pytest.mark.parametrize("name", ["default", "seasons", "fine_tune"])
def test_the_shipped_configurations_are_valid(root, name):
    config = read_config(Path(root) / "training" / "configs" / f"{name}.yaml")
    assert sum(config.data.manifests.values()) == pytest.approx(1, abs=0.01)


def test_paths_are_relative_to_the_configuration(tmp_path):
    config = read(tmp_path, f"{DATA}start:\n  network: old\n  weights: some.npz\n")
    assert list(config.data.manifests) == [tmp_path / "mine.csv"]
    assert config.start.network == str(tmp_path / "old")
    assert config.start.weights == str(tmp_path / "some.npz")
    assert read(tmp_path).start.weights == "imagenet"


def test_an_empty_section_has_its_defaults(tmp_path):
    config = read(tmp_path, f"{DATA}batch:\n", ["optimizer.warmup=3"])
    assert config.batch == TrainConfig.model_fields["batch"].default


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("stepz: 3", "stepz"),
        ("batch: {querys: 3}", "batch.querys"),
        ("network: {hight: 3}", "network.hight"),
        ("network: {height: tall}", "network.height"),
        ("data: {manifests: {a.csv: 1.0}, rules: {positive_metres: near}}", "data.rules.positive_metres"),
        ("steps: many", "steps"),
        ("steps: -1", "steps"),
        ("batch: {queries: 1}", "batch.queries"),
        ("optimizer: {average: 1.0}", "optimizer.average"),
        ("loss: {name: square}", "loss.name"),
        ("loss: {name: triplet, options: {alpha: 1}}", "'loss'.*options of triplet are margin, not alpha"),
        ("data: {manifests: {}}", "data.manifests"),
        ("data: {manifests: {a.csv: -1}}", r"data.manifests.a\.csv"),
        ("distribution: {processes: 2}", "'distribution'.*address"),
        ("distribution: {process: 1}", "'distribution'.*processes - 1"),
    ],
)
def test_invalid_values_are_named(tmp_path, line, named):
    with pytest.raises(ValueError, match=named) as caught:
        read(tmp_path, f"{'' if line.startswith('data') else DATA}{line}\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("steps", "section.key=value.*'steps'"),
        (".steps=1", "section.key=value"),
        ("steps.more=1", "'steps'"),
        ("batch.queries=[1", "batch.queries"),
        ("batch.querys=3", "batch.querys"),
    ],
)
def test_an_invalid_override_is_named(tmp_path, override, named):
    with pytest.raises(ValueError, match=named) as caught:
        read(tmp_path, f"{DATA}steps: 3\n", [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "steps: [1", "\xff"], ids=["list", "no YAML", "no text"])
def test_a_file_that_is_not_a_configuration_is_named(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"config\.yaml"):
        read_config(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml"):
        read_config(tmp_path / "none.yaml")


def test_changed_keys_are_those_that_change_a_training(tmp_path):
    config = read(tmp_path)
    text = config.model_dump_json()
    assert changed_keys(config, text) == []
    changes = [
        "seed=1",
        "batch.queries=5",
        "network.size=64",
        "steps=9",
        "loader_processes=2",
        "data.rules.guard_metres=9",
    ]
    assert changed_keys(read(tmp_path, overrides=changes), text) == [
        "network",
        "data.rules",
        "batch.queries",
        "seed",
    ]
    assert changed_keys(config, "{") == []


def test_old_names_of_keys_are_read(tmp_path):
    """In a file, and in the configuration of a run that an older version started."""
    path = tmp_path / "config.yaml"
    path.write_text("data: {manifests: {a.csv: 1}}\n", encoding="utf-8")
    config = read_config(path)
    for old, new in RENAMED.items():
        if old.startswith("--"):
            continue
        (section, old_key), new_key = old.split("."), new.split(".")[1]
        fields = {"data": {"manifests": {"a.csv": 1}}}
        fields.setdefault(section, {})[old_key] = 7
        path.write_text(yaml.safe_dump(fields), encoding="utf-8")
        changed = read_config(path)
        assert getattr(getattr(changed, section), new_key) == 7
        before = json.loads(config.model_dump_json())
        before[section][old_key] = before[section].pop(new_key)
        assert changed_keys(config, json.dumps(before)) == []
