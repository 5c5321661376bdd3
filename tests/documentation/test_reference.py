"""The reference of the Python API is generated without warnings: `./run docs` for all modules."""

import pytest

pdoc = pytest.importorskip("pdoc", reason="needs requirements/docs.txt")


@pytest.mark.filterwarnings("error:::pdoc")
def test_the_reference_has_the_python_interface(tmp_path):
    pdoc.render.configure(docformat="google", show_source=False)
    modules = [f"place_recognition_ros.{name}" for name in ("config", "detector", "types", "descriptor")]
    pdoc.pdoc(*modules, output_directory=tmp_path)
    detector = (tmp_path / "place_recognition_ros" / "detector.html").read_text(encoding="utf-8")
    assert all(f'id="LoopDetector.{name}"' in detector for name in ("open", "add", "query", "close"))
    assert (tmp_path / "index.html").exists()
