"""The map file after SIGKILL at random moments: nothing that was acknowledged is lost."""

import itertools
import os
import random
import signal

import pytest

from place_recognition_ros.errors import StoreBusy
from tests.faults.forms import fault, forms
from tests.faults.kills import begin, end, killed
from tests.faults.maps import arguments, check, open_map, open_store

LONGEST = 0.08  # seconds from the start of a process to its kill; opening a map takes about a quarter of it
KILLS_OF_A_FILE = 50  # then another one begins, which is checked sooner


def add_and_remove(path, first, acknowledge):
    """Add keyframes endlessly, each with a note, and remove every fifth."""
    store = open_store(path)
    for number in itertools.count(first):
        keyframe_id = store.add(*arguments(number))
        acknowledge(f"added {keyframe_id} {number}")
        store.learned.link(keyframe_id, 1)
        if number % 5 == 4:
            store.remove([keyframe_id])
            acknowledge(f"removed {keyframe_id} {number}")


def updated(expected, lines):
    """Id → number of the keyframes that must be in the map after the acknowledged lines."""
    for line in lines:
        what, keyframe_id, number = line.split()
        if what == "added":
            assert int(keyframe_id) not in expected, "an id was used twice"
            expected[int(keyframe_id)] = int(number)
        else:
            assert what == "removed", line
            del expected[int(keyframe_id)]


@fault(1, "SIGKILL while writing")
@forms(40, 1000)
def test_acknowledged_keyframes_are_in_the_map_after_a_kill(amount, tmp_path, tried):
    moments = random.Random(1)
    total, expected, path = 0, {}, ""
    for kill in range(amount):
        if kill % KILLS_OF_A_FILE == 0:
            expected, path, first = {}, str(tmp_path / f"{kill}.db"), 0
        # Every second one is killed while it may still be opening the map.
        lines = killed(add_and_remove, path, first, after=moments.uniform(0, LONGEST), begun=kill % 2 == 1)
        before = set(expected)
        updated(expected, lines)
        total += len(lines)
        store = open_store(path)
        found = {each.id: each for each in store.keyframes()}
        assert (store.damaged, store.file.moved_aside) == (0, "")
        unknown = set(found) - set(expected)
        assert len(unknown) <= 1, "at most the keyframe that was being added may be there too"
        lost = set(expected) - set(found)
        assert len(lost) <= 1, "at most the keyframe that was being removed may be gone"
        assert all(expected[each] % 5 == 4 and each == max(expected) for each in lost), f"lost: {lost}"
        for each in lost:
            del expected[each]
        for each in set(expected) - before:
            check(store, found[each], expected[each])
        for each in unknown:  # it is whole
            check(store, found[each], found[each].stamp)
            expected[each] = found[each].stamp
        first = 1 + max([first - 1, *expected.values()]) + 5
        store.close()
    assert total > amount / 2
    tried("a process that adds and removes keyframes is killed", amount, f"0 of {total:,} changes lost")


@fault(11, "Index and store disagree")
@forms(8, 200)
def test_after_a_kill_each_stored_keyframe_is_found(amount, tmp_path, tried):
    path, first, moments = str(tmp_path / "map.db"), 0, random.Random(2)
    for _ in range(amount):
        killed(add_and_remove, path, first, after=moments.uniform(0, LONGEST), begun=True)
        memory = open_map(path)
        stored = {each.id: each for each in memory.store.keyframes()}
        assert [each for each in range(1, max(stored, default=0) + 9) if each in memory.timeline] == [*stored]
        for keyframe in list(stored.values())[-50:]:
            (match,) = memory.search(keyframe.descriptor, 1)
            assert (match.entry.id, match.similarity) == (keyframe.id, pytest.approx(1, abs=1e-3))
        found = memory.search(arguments(0)[2], len(stored) + 9)
        assert sorted(match.entry.id for match in found) == [*stored]
        memory.store.close()
        first = 5 * (1 + max((each.stamp for each in stored.values()), default=0) // 5) + 5
    assert stored
    tried("a process is killed between two keyframes", amount, f"each of {len(stored):,} keyframes found")


def hold(path, acknowledge):
    """Open a map, add a keyframe and keep the map open."""
    store = open_store(path)
    acknowledge(f"added {store.add(*arguments(1))}")
    signal.pause()


@fault(8, "Two nodes on one store")
@forms(3, 20)
def test_of_two_processes_the_second_is_refused(amount, tmp_path, tried):
    for pair in range(amount):
        path = str(tmp_path / f"{pair}.db")
        both = [begin(hold, path) for _ in range(2)]
        answers = [reader.readline() for _, reader in both]
        assert sorted(answer.split()[0] for answer in answers) == ["StoreBusy:", "added"]
        assert path in next(answer for answer in answers if "StoreBusy" in answer)
        with pytest.raises(StoreBusy, match="for this process alone"):
            open_store(path)
        for child, reader in both:
            os.kill(child, signal.SIGKILL)
            end(child, reader)
        store = open_store(path)
        assert [each.id for each in store.keyframes()] == [1]
        store.close()
    tried("two processes open one map at the same moment", f"{amount} pairs", "one of the two was refused")


def test_a_second_store_in_the_same_process_is_refused(tmp_path):
    path = str(tmp_path / "map.db")
    first = open_store(path)
    with pytest.raises(StoreBusy):
        open_store(path)
    first.close()
    open_store(path).close()


def test_a_killed_process_frees_the_map_at_once(tmp_path):
    path = str(tmp_path / "map.db")
    child, reader = begin(hold, path)
    assert reader.readline() == "added 1\n"
    os.kill(child, signal.SIGKILL)
    end(child, reader)
    open_store(path).close()
