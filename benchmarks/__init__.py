"""Speed, memory and map size, measured against their targets: ``./run bench``."""
