"""The demo: a rendered drive, a player that publishes it to the node, and a report of the result."""
