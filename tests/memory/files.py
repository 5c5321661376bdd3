"""Maps changed from outside."""

import sqlite3


def alter(path, statement):
    """Change a closed map behind the store's back."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
