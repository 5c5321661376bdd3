"""Checks what a machine lacks to run the node. Standard library only: anything else may be broken."""
