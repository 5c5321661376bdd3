"""Where the picture sets lie; they are no part of the repository."""

import pytest

from training.paths import DATA


@pytest.fixture(scope="session")
def data():
    if not (DATA / "ie_tower" / "gt.csv").is_file():
        pytest.skip(f"needs the picture sets in {DATA}")
    return DATA
