"""The demo: a rendered drive, the player that shows it to the node, and the picture of the result."""
