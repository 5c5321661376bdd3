"""Notes and links are written with the next keyframe, by ``save`` and by ``close``."""

import pytest

from place_recognition_ros.errors import StoreError


def test_notes_and_links_are_in_the_map_after_a_restart(open_store):
    store = open_store()
    store.learned.set_note("name", "first")
    store.learned.set_note("name", "second")
    store.learned.link(5, 1)
    store.learned.link(6, 2)
    store.learned.unlink(5)
    store.close()
    learned = open_store().learned
    assert (learned.note("name"), learned.note("another")) == ("second", "")
    assert learned.links() == {6: 2}


def test_they_are_written_with_the_next_keyframe(open_store, keyframe):
    store = open_store()
    store.learned.link(5, 1)
    assert store.learned.links() == {}
    store.add(*keyframe(1))
    assert (store.learned.links(), len(store.learned)) == ({5: 1}, 0)


def test_save_writes_them_now(open_store):
    store = open_store()
    store.learned.set_note("name", "text")
    store.save()
    assert (store.learned.note("name"), len(store.learned)) == ("text", 0)


def test_what_could_not_be_written_is_written_later(open_store):
    store = open_store()
    store.learned.link(5, 1)
    store.file.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="expected to store what was learned"):
        store.save()
    store.file.connection.execute("PRAGMA query_only = 0")
    store.save()
    assert store.learned.links() == {5: 1}


@pytest.mark.parametrize("change", ['"match" = 2', "crc = crc + 1", "\"match\" = 'one'"])
def test_a_damaged_link_is_left_out(open_store, change):
    store = open_store()
    store.learned.link(5, 1)
    store.learned.link(6, 1)
    store.save()
    store.file.connection.execute(f"UPDATE links SET {change} WHERE id = 5")
    assert store.learned.links() == {6: 1}


def test_a_removed_keyframe_has_no_links(open_store, keyframe):
    store = open_store()
    for number in range(1, 4):
        store.add(*keyframe(number))
    store.learned.link(2, 1)
    store.learned.link(3, 2)
    store.save()
    store.remove([2])
    assert store.learned.links() == {3: 2}, "the name of a place, whether or not its keyframe remains"


def test_a_link_that_was_not_written_yet_goes_with_its_keyframe(open_store, keyframe):
    store = open_store()
    for number in range(1, 4):
        store.add(*keyframe(number))
    store.learned.link(3, 1)
    store.remove([3])
    store.add(*keyframe(4))
    assert store.learned.links() == {}
