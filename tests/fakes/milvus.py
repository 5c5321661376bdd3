"""A collection of Milvus in memory: it can be away, late to show what was written, or another's."""

import threading

import numpy as np

from place_recognition_ros.errors import MapMismatch, StoreError


class FakeMilvus:
    """Rows by id; what a search sees of them only if ``is_current``."""

    def __init__(self):
        self.rows, self.seen, self.parts = {}, {}, {}
        self.is_away = self.is_refused = self.is_lite = self.is_new = False
        self.is_current = self.is_exact = True
        self.error = 0.0  # of the scores
        self.opened = self.written = 0
        self.writing = threading.Event()
        self.writing.set()

    def open(self, *_):
        self.opened += 1
        self.check()
        if self.is_refused:
            raise MapMismatch("expected model 'a'. Received: 'b'")
        return self

    def check(self):
        if self.is_away:
            raise StoreError("expected to reach Milvus. Received: nothing")

    def write(self, rows):
        self.writing.wait(10)
        self.check()
        self.written += len(rows)
        self.rows.update((row.id, row.vector.astype(np.float32)) for row in rows)
        self.parts.update((row.id, row.part) for row in rows)
        self.show()

    def delete(self, ids):
        self.check()
        for each in ids:
            self.rows.pop(each, None)
        self.show()

    def show(self):
        if self.is_current:
            self.seen = dict(self.rows)

    def search(self, vector, limit):
        self.check()
        matches = [(number, float(row @ vector) + self.error) for number, row in self.seen.items()]
        return sorted(matches, key=lambda match: -match[1])[:limit]

    def ids(self):
        self.check()
        return np.array(sorted(self.rows), np.int64)

    def close(self):
        pass
