"""The commands of training on all pages have arguments that their parsers accept."""

import pytest

pytest.importorskip("keras", reason="training needs requirements/training.txt")

from tests.documentation.pages import accepts, started


def test_pages_have_commands_of_training():
    assert {"training.train", "training.export"} <= {module for _, module, _ in started(["training"])}


@pytest.mark.parametrize(
    ("module", "arguments"), [pytest.param(*rest, id=str(each)) for each, *rest in started(["training"])]
)
def test_the_arguments_of_a_command_are_accepted(module, arguments, monkeypatch):
    assert not accepts(module, arguments, monkeypatch)
