"""Files that the store refuses as a map, and leaves as they are."""

import itertools
import os
import re
import socket
import sqlite3
import tempfile

import pytest

from place_recognition_ros.errors import MapMismatch, StoreError
from place_recognition_ros.memory.migrations import OLDEST
from place_recognition_ros.memory.schema import SCHEMA
from tests.faults.forms import fault, forms
from tests.faults.kills import begin, end
from tests.faults.maps import MODEL, arguments, fill, open_store
from tests.memory.files import alter, recorded_content, write_recorded

OTHER_MODEL = "other-000000000000"
FEATURES = ("orb", "features-0123456789ab")


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "map.db")


PAIRS = [(model, features) for model in (MODEL, OTHER_MODEL) for features in FEATURES]


@fault(7, "Store of another schema or model")
@forms(2, 4)
def test_a_map_of_other_models_is_refused_with_both(amount, tmp_path, tried):
    pairs = list(itertools.product(PAIRS[:amount], PAIRS))
    for number, (has, wanted) in enumerate(pairs):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = str(folder / "map.db")
        store = open_store(path, *has)
        store.add(*arguments(0))
        store.close()
        content = read(path)
        if has == wanted:
            open_store(path, *wanted).close()
            continue
        with pytest.raises(MapMismatch) as caught:
            open_store(path, *wanted)
        pair = 0 if has[0] != wanted[0] else 1
        for expected in (has[pair], wanted[pair], path):
            assert expected in str(caught.value)
        assert read(path) == content
        assert os.listdir(str(folder)) == ["map.db"]
    tried(
        "maps of two models and two kinds of features", f"{len(pairs)} pairs", "each refused with both names"
    )


@pytest.mark.parametrize("has, remedy", [("orb", "orb"), (FEATURES[1], "the file of that model")])
def test_a_map_with_other_local_features_says_what_to_set(path, has, remedy):
    open_store(path, features=has).close()
    with pytest.raises(MapMismatch, match=f"set feature_model to {remedy}"):
        open_store(path, features="third-000000000000")


@fault(7, "Store of another schema or model")
@pytest.mark.parametrize("schema", [0, SCHEMA + 1, SCHEMA + 9, "", "three", "-1"])
def test_a_map_of_an_unknown_schema_is_refused_with_both(path, schema):
    fill(path, 2)
    alter(path, f"UPDATE meta SET value = '{schema}' WHERE key = 'schema'")
    content = read(path)
    expected = re.escape(f"schema {OLDEST} to {SCHEMA}. Received: '{path}' of schema {schema}")
    with pytest.raises(MapMismatch, match=expected):
        open_store(path)
    assert read(path) == content


@fault(7, "Store of another schema or model")
@pytest.mark.parametrize("schema", range(OLDEST, SCHEMA))
def test_an_older_schema_of_another_model_is_not_migrated(path, schema):
    write_recorded(schema, path)
    content = read(path)
    with pytest.raises(MapMismatch) as caught:
        open_store(path, OTHER_MODEL)
    for expected in (OTHER_MODEL, recorded_content(schema)["model"]):
        assert expected in str(caught.value)
    assert read(path) == content


@fault(7, "Store of another schema or model")
@pytest.mark.parametrize("key", ["features", "model", "schema"])
def test_a_map_that_does_not_name_its_model_is_refused(path, key):
    fill(path, 1)
    alter(path, f"DELETE FROM meta WHERE key = '{key}'")
    with pytest.raises(MapMismatch, match=f"'{path}'"):
        open_store(path)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE songs (title TEXT)", "CREATE TABLE meta (key TEXT, value TEXT)"]
)
def test_the_database_of_another_program_is_refused(path, statement):
    alter(path, statement)
    content = read(path)
    with pytest.raises(
        StoreError, match=f"expected a map. Received: '{path}', a database of another program"
    ):
        open_store(path)
    assert read(path) == content, "the file was changed"
    assert os.listdir(os.path.dirname(path)) == ["map.db"]


def missing_folder(folder):
    return str(folder / "missing" / "map.db")


def a_folder(folder):
    return str(folder)


def a_file_as_folder(folder):
    (folder / "file").write_text("a file")
    return str(folder / "file" / "map.db")


def a_pipe(folder):
    os.mkfifo(str(folder / "map.db"))
    return str(folder / "map.db")


def a_socket(folder):
    with socket.socket(socket.AF_UNIX) as one:
        here = os.getcwd()
        os.chdir(str(folder))  # a path of a socket must be short
        one.bind("map.db")
        os.chdir(here)
    return str(folder / "map.db")


def a_device(folder):
    return "/dev/null"


def a_loop_of_links(folder):
    os.symlink(str(folder / "b"), str(folder / "a"))
    os.symlink(str(folder / "a"), str(folder / "b"))
    return str(folder / "a")


def a_link_into_a_missing_folder(folder):
    os.symlink(str(folder / "missing" / "map.db"), str(folder / "map.db"))
    return str(folder / "map.db")


def a_zero_byte(folder):
    return str(folder / "map\0.db")


def a_long_name(folder):
    return str(folder / (300 * "m" + ".db"))


PATHS = (
    missing_folder,
    a_folder,
    a_file_as_folder,
    a_pipe,
    a_socket,
    a_device,
    a_loop_of_links,
    a_link_into_a_missing_folder,
    a_zero_byte,
    a_long_name,
)


@fault(10, "Store path missing, read-only, a symlink, a folder")
@forms(1, 10)
def test_a_path_that_cannot_be_a_map_is_refused_with_it(amount, tmp_path, tried):
    """``amount``: how often each of them."""
    for number, make in enumerate(amount * PATHS):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = make(folder)
        before = sorted(os.listdir(str(folder)))
        with pytest.raises(StoreError, match=r"expected a (file|map)") as caught:
            open_store(path)
        assert path in str(caught.value) or repr(path) in str(caught.value), make.__name__
        assert sorted(os.listdir(str(folder))) == before, make.__name__
    tried(f"{len(PATHS)} kinds of path", f"{amount} times each", "refused, and nothing was changed")


def open_as_nobody(path, acknowledge):
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    open_store(path)
    acknowledge("opened")


@pytest.fixture
def public_folder():
    """A folder that other users reach; those of pytest are private."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield folder
        os.chmod(folder, 0o700)


@fault(10, "Store path missing, read-only, a symlink, a folder")
@pytest.mark.parametrize("file, folder", [(0o444, 0o777), (0o666, 0o555), (0o000, 0o777)])
def test_a_map_without_permission_to_write_is_refused(file, folder, public_folder):
    path = os.path.join(public_folder, "map.db")
    fill(path, 3)
    content = read(path)
    os.chmod(path, file)
    os.chmod(public_folder, folder)
    (line,) = end(*begin(open_as_nobody, path))
    assert line.startswith("StoreError: expected a map that opens for writing. Received: ")
    assert path in line
    os.chmod(path, 0o644)
    assert read(path) == content
    assert os.listdir(public_folder) == ["map.db"]


def test_a_file_that_sqlite_opens_read_only_is_refused(path, monkeypatch):
    fill(path, 1)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda name, **more: connect(f"file:{name}?mode=ro", uri=True, **more)
    )
    with pytest.raises(StoreError, match="expected a map that opens for writing") as caught:
        open_store(path)
    assert path in str(caught.value)


@fault(10, "Store path missing, read-only, a symlink, a folder")
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_symbolic_link_is_followed(tmp_path, is_damaged):
    """A damaged map is moved where it is, and the link stays a link."""
    (tmp_path / "disk").mkdir()
    real, link = str(tmp_path / "disk" / "map.db"), str(tmp_path / "link.db")
    fill(real, 3)
    os.symlink(real, link)
    if is_damaged:
        with open(real, "r+b") as file:
            file.truncate(100)
    store = open_store(link)
    assert len(list(store.keyframes())) == (0 if is_damaged else 3)
    assert store.file.moved_aside == (str(tmp_path / "disk" / "map.damaged.db") if is_damaged else "")
    store.close()
    assert os.path.islink(link)
    assert os.path.isfile(real)
