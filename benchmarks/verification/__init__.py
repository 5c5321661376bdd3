"""How well two images of one place are verified, and how exact the relative pose is."""
