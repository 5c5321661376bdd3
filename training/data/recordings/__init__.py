"""Recordings with truth: frames in order, and which of them show the same place."""
