"""Recorded maps, and changes to a map file with SQL."""

import gzip
import json
import os
import sqlite3

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def recorded_bytes(schema):
    """The file of the map that was recorded with a schema."""
    with gzip.open(os.path.join(DATA, f"map_schema_{schema}.sqlite.gz")) as file:
        return file.read()


def recorded_content(schema):
    """What that map holds."""
    with open(os.path.join(DATA, f"map_schema_{schema}.json"), encoding="utf-8") as file:
        return json.load(file)


def write_recorded(schema, path):
    """Write that map to a path; returns the path."""
    with open(path, "wb") as file:
        file.write(recorded_bytes(schema))
    return path


def alter(path, statement):
    """Execute an SQL statement on the file of a closed map."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
