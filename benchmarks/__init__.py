"""What the package promises, measured: ``./run bench``."""
