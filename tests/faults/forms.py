"""The two forms of a test: a short one in every run, and a long one, which ``./run faults`` runs."""

import pytest


def fault(number, name):
    """Mark a test with the fault that it causes: its row in docs/reliability.md."""
    return pytest.mark.fault(number, name)


def forms(short, long):
    """Give a test the argument ``amount``: how often the fault is caused, in its short and its long form."""
    values = [
        pytest.param(short, id="short"),
        pytest.param(long, id="long", marks=pytest.mark.stress),
    ]
    return pytest.mark.parametrize("amount", values)
