"""A file that was made for something else, or was altered, is never returned."""

import json
import logging
import multiprocessing
import os
import time

import numpy as np
import pytest

from place_recognition_ros.descriptor.tensorrt import cache as cache_module
from place_recognition_ros.descriptor.tensorrt.cache import EngineCache
from tests.descriptor.damage import damage

FINGERPRINT = {"TensorRT": "tensorrt 8.2.1.8", "GPU": "NVIDIA Tegra X2", "workspace_mb": 256}


@pytest.fixture
def cache(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    cache = EngineCache(str(tmp_path / "cache"))
    with cache.locked("a.plan"):
        cache.write("a.plan", FINGERPRINT, b"content" * 1000, precision="fp16")
    return cache


def path_of(cache, suffix=""):
    return os.path.join(cache.folder, "a.plan" + suffix)


def test_a_file_is_read_back(cache, caplog):
    entry = cache.read("a.plan", FINGERPRINT)
    assert (entry.content, entry.facts) == (b"content" * 1000, {"precision": "fp16"})
    assert not caplog.records


def test_a_missing_file_is_not_a_warning(cache, caplog):
    assert cache.read("b.plan", FINGERPRINT) is None
    assert EngineCache("/nowhere/at/all").read("a.plan", FINGERPRINT) is None
    assert not caplog.records


@pytest.mark.parametrize(
    ("key", "value"), [("TensorRT", "tensorrt 8.2.3.0"), ("GPU", "Xavier"), ("workspace_mb", 1)]
)
def test_another_fingerprint_is_named(cache, caplog, key, value):
    assert cache.read("a.plan", dict(FINGERPRINT, **{key: value})) is None
    assert f"was made for {key} {FINGERPRINT[key]!r}, which is now {value!r}" in caplog.text


def test_an_additional_fingerprint_value_is_a_difference(cache):
    assert cache.read("a.plan", dict(FINGERPRINT, more=1)) is None


@pytest.mark.parametrize("times", [50, pytest.param(1000, marks=pytest.mark.stress)])
@pytest.mark.parametrize("suffix", ["", ".json"])
def test_an_altered_file_is_not_returned(cache, times, suffix):
    """An altered record may still be valid, for example with another space; the file is then returned."""
    with open(path_of(cache, suffix), "rb") as file:
        whole = file.read()
    random = np.random.RandomState(0)
    for _ in range(times):
        altered = damage(whole, random)
        with open(path_of(cache, suffix), "wb") as file:
            file.write(altered)
        entry = cache.read("a.plan", FINGERPRINT)
        assert entry is None or entry.content == b"content" * 1000
        assert entry is None or suffix == ".json" or altered == whole


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"null", b"{}", b"\xff", b'{"fingerprint": 1, "sha256": 2, "facts": 3}']
)
def test_an_invalid_record_is_refused(cache, caplog, record):
    with open(path_of(cache, ".json"), "wb") as file:
        file.write(record)
    assert cache.read("a.plan", FINGERPRINT) is None
    assert "a.plan" in caplog.text


def test_a_full_disk_keeps_the_old_file_with_a_warning(cache, caplog, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_module.os, "fsync", full)
    cache.write("a.plan", FINGERPRINT, b"newer")
    assert "could not be stored" in caplog.text
    assert "No space left" in caplog.text
    assert cache.read("a.plan", FINGERPRINT).content == b"content" * 1000
    assert not [name for name in os.listdir(cache.folder) if name.endswith(".part")]


def test_a_kill_between_the_two_files_is_detected(cache, monkeypatch):
    replace = os.replace
    monkeypatch.setattr(
        cache_module.os, "replace", lambda part, path: path.endswith(".json") or replace(part, path)
    )
    cache.write("a.plan", FINGERPRINT, b"newer")
    assert cache.read("a.plan", FINGERPRINT) is None


def test_a_folder_that_cannot_be_created_is_a_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    cache = EngineCache(str(tmp_path / "file" / "cache"))
    with cache.locked("a.plan"):
        cache.write("a.plan", FINGERPRINT, b"content")
    assert cache.read("a.plan", FINGERPRINT) is None
    assert "cannot be used as a cache" in caplog.text


def make_slowly(folder, made):
    cache = EngineCache(folder)
    with cache.locked("a.plan"):
        if cache.read("a.plan", FINGERPRINT) is None:
            time.sleep(0.3)
            made.put(1)
            cache.write("a.plan", FINGERPRINT, b"content")


def test_of_processes_that_start_together_one_makes_the_file(tmp_path):
    context = multiprocessing.get_context("fork")
    made = context.Queue()
    starts = [context.Process(target=make_slowly, args=(str(tmp_path), made)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(30)
        assert start.exitcode == 0
    assert made.get(timeout=5) == 1
    assert made.empty()


def test_the_default_is_the_users_cache_folder(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/xdg")
    assert EngineCache().folder == "/tmp/xdg/place_recognition_ros"


def test_the_record_is_readable_json(cache):
    with open(path_of(cache, ".json"), encoding="utf-8") as file:
        assert json.load(file)["fingerprint"] == FINGERPRINT
