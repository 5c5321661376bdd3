"""Rendered worlds: pictures of places under many lights, with the truth of where each was taken."""
