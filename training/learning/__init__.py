"""Training: batches, losses, the training loop, and what is fitted without gradients."""
