"""Figures of the decisions: which look-alikes are refused, and which revisits are found."""
