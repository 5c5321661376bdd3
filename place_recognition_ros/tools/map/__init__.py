"""Maps as files: what is in them, whether they are whole, and what they can become."""
