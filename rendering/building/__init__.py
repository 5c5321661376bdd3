"""A rendered office building with floors that look alike."""
