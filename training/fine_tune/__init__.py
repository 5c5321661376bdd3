"""Fine-tuning to a building without labels."""
