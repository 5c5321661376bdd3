"""Changes to a map file with SQL."""

import sqlite3


def alter(path, statement):
    """Execute an SQL statement on the file of a closed map."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
