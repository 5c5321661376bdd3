"""Evaluation: retrieval tasks, recall, precision, cost, tables and plots."""
