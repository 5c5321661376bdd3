"""kill -9 while a map is copied, and while another one is loaded into it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np

from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.types import FEATURE, Keyframe
from tests.faults.forms import fault, forms

MODEL, SIZE = "small-0123456789ab", 8
SESSIONS, LENGTH = 3, 20  # of a map that is loaded
LIVES = 10  # of one map: it grows with each

CHILD = """
import sys
import numpy as np
from place_recognition_ros.memory import job
from place_recognition_ros.memory.job import Job
from place_recognition_ros.memory.map_copy import save_map
from place_recognition_ros.memory.map_reader import MapReader
from place_recognition_ros.memory.store import KeyframeStore, Session
from place_recognition_ros.memory.transfer import merge_map
from place_recognition_ros.types import FEATURE, Keyframe

path, other, copy = sys.argv[1:]
job.SLICE = 0.0
store = KeyframeStore(path, "small-0123456789ab", 8, "orb")
source = MapReader(other)
session = Session(store.newest_session() + 1 + source.count("sessions"), other)

def add():
    number = store.add(session, Keyframe(None, 1), np.ones(8, np.float32), np.zeros(9, FEATURE), bytes(5000))
    print("added", number, flush=True)

def do(work):
    while work.step():
        if work.count % 8 == 0:
            add()
    work.finish()
    return work.count

print("open", 0, flush=True)
print("loaded", do(Job(merge_map(store, source))), flush=True)
while True:
    print("saved", do(save_map(store, copy)), flush=True)
"""


def write_other(path, name):
    """A map of some sessions."""
    store = KeyframeStore(path, MODEL, SIZE, "orb")
    store.file.connection.execute("PRAGMA synchronous=OFF")
    for number in range(SESSIONS * LENGTH):
        session = Session(1 + number // LENGTH, f"{name} {number // LENGTH}")
        vector, features = np.ones(SIZE, np.float32), np.zeros(9, FEATURE)
        store.add(session, Keyframe(None, number), vector, features, bytes(5000))
    store.close()


def live(root, paths, seconds):
    """A process that works on the map until it is killed; returns what it acknowledged: (word, number)."""
    environment = dict(os.environ, PYTHONPATH=root)
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, *paths],
        env=environment,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )
    try:
        assert process.stdout.readline() == "open 0\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = process.communicate()[0].splitlines(keepends=True)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return [(line.split()[0], int(line.split()[1])) for line in lines if line.endswith("\n")]


def content(path):
    """(id → uuid of the session) of a map, every row of which is whole; and the largest id that it used."""
    with MapReader(path) as reader:
        assert list(reader.read("PRAGMA integrity_check")) == [("ok",)]
        sessions = reader.sessions()
        rows = dict(reader.keyframes(reader.last_id()))
        assert None not in rows.values()
        assert all(reader.view(number) for number in rows)
        return {number: sessions[row[1]].uuid for number, row in rows.items()}, reader.last_id()


@fault(1, "kill -9 while a map is saved or loaded")
@forms(short=6, long=1000)
def test_no_kill_leaves_half_a_copy_or_half_a_session(amount, root, tmp_path, tried):
    chance, during_load, lost, copies = random.Random(1), 0, 0, 0
    for number in range(amount):
        if number % LIVES == 0:
            folder = tmp_path / f"map {number}"
            folder.mkdir()
            acknowledged = set()
        path, other, copy = (str(folder / name) for name in ("map.db", f"other {number}.db", "copy.db"))
        write_other(other, other)
        reported = live(root, (path, other, copy), chance.uniform(0.0, 0.6))
        acknowledged |= {each for word, each in reported if word == "added"}
        KeyframeStore(path, MODEL, SIZE, "orb").close()
        found, _ = content(path)
        lost += len(acknowledged - set(found))
        sessions = Counter(uuid for uuid in found.values() if uuid.startswith(other + " "))
        assert set(sessions.values()) <= {LENGTH}, "a part of a session"
        if "loaded" in dict(reported):
            assert len(sessions) == SESSIONS
        during_load += "loaded" not in dict(reported)
        if os.path.exists(copy):
            copied, last = content(copy)
            assert copied == {each: uuid for each, uuid in found.items() if each <= last}, "half a map"
            copies += 1
        saved = [count for word, count in reported if word == "saved"]
        assert not saved or len(copied) >= max(saved)
        parts = [name for name in os.listdir(str(folder)) if ".part" in name]
        assert set(parts) <= {"copy.db.part"}
    assert (lost, copies > 0) == (0, True)
    tried(
        "kill -9 at a random moment of ~load_map or ~save_map, with keyframes added meanwhile",
        f"{amount} kills, {during_load} of them during the load",
        f"{lost} acknowledged keyframes lost; 0 of {copies} copies and no session incomplete",
    )
