"""Folders of place folders."""

import pytest

from training.data.readers.place_folders import read_place_folders


@pytest.fixture
def make(tmp_path):
    """``make("hall/1.jpg", …)`` → folder with these files, which are not decoded."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def test_each_folder_is_a_place(make):
    records = read_place_folders(make("hall/1.jpg", "hall/2.png", "door/a.jpg", "door/b.jpg", "readme.md"))
    assert [(r.place, r.image.name) for r in records] == [
        ("door", "a.jpg"),
        ("door", "b.jpg"),
        ("hall", "1.jpg"),
        ("hall", "2.png"),
    ]
    assert {record.split for record in records} == {"train"}


def test_folders_of_splits(make):
    folder = make("train/hall/1.jpg", "train/hall/2.jpg", "validation/door/1.jpg", "validation/door/2.jpg")
    assert [(r.place, r.split) for r in read_place_folders(folder)] == [
        *[("hall", "train")] * 2,
        *[("door", "validation")] * 2,
    ]


def test_a_place_with_one_image_is_named(make):
    folder = make("hall/1.jpg", "hall/2.jpg", "door/only.jpg")
    with pytest.raises(ValueError, match=r"door.only\.jpg"):
        read_place_folders(folder)
    with pytest.warns(UserWarning, match=r"door.only\.jpg"):
        assert {r.place for r in read_place_folders(folder, skip_single=True)} == {"hall"}


def test_no_remaining_place_is_an_error(make):
    with pytest.warns(UserWarning, match="only"), pytest.raises(ValueError, match="1 with one"):
        read_place_folders(make("door/only.jpg"), skip_single=True)


@pytest.mark.parametrize("names, message", [([], "no folder in it"), (["hall/notes.txt"], "hall")])
def test_folders_without_images_are_named(make, names, message):
    with pytest.raises(ValueError, match=message):
        read_place_folders(make(*names))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere"):
        read_place_folders(tmp_path / "nowhere")
