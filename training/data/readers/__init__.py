"""Readers of image sets; each returns a list of :class:`training.data.manifest.Record`."""
