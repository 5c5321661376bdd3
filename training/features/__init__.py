"""The network that finds local features: architecture, teacher, training pairs, loss, export."""
