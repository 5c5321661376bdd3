"""What is wrong with a running node.

``listener`` observes the master, the node and its topics for some seconds; the checks are functions of the
observation. ``tools.doctor`` starts this package as a process of its own.
"""
