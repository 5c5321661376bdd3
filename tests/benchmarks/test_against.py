import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import against

FAKES = {
    "__init__": "",
    "config": "class Config: pass",
    "types": "from collections import namedtuple\nKeyframe = namedtuple('Keyframe', 'image stamp')",
    "detector": """
import sys

class LoopDetector:
    @classmethod
    def open(cls, config):
        return cls()

    def add(self, keyframe):
        print(keyframe.stamp, keyframe.image.sum(), file=sys.stderr)
        if keyframe.image.max() == 255:
            raise RuntimeError("white")

    def close(self):
        print("closed", file=sys.stderr)
""",
}


@pytest.fixture
def fake_version(tmp_path):
    """Folder of a package whose ``add`` writes stamp and sum of each image to standard error."""
    package = tmp_path / "place_recognition_ros"
    package.mkdir()
    for name, text in FAKES.items():
        (package / f"{name}.py").write_text(text)
    return str(tmp_path)


def block(*values):
    return np.stack([np.full((2, 3, 3), value, np.uint8) for value in values])


def test_a_worker_adds_each_image_once_and_returns_as_many_durations(fake_version, capfd):
    worker = against.Worker(fake_version)
    for images in (block(1, 2), block(3)):
        worker.send(images)
        durations = worker.receive()
        assert len(durations) == len(images)
        assert all(duration >= 0 for duration in durations)
    worker.close()
    assert capfd.readouterr().err.splitlines() == [
        "1000000000 18",
        "2000000000 36",
        "3000000000 54",
        "closed",
    ]


def test_a_worker_that_ends_is_reported(fake_version):
    worker = against.Worker(fake_version)
    worker.send(block(255))
    with pytest.raises(against.CompareError, match=r"to add keyframes\. Received: .* exit code 1"):
        worker.receive()


def test_a_folder_without_the_package_is_refused(tmp_path):
    with pytest.raises(against.CompareError, match=r"its process ended"):
        against.Worker(str(tmp_path))


def test_another_package_than_that_of_the_folder_is_refused(fake_version, tmp_path):
    link = tmp_path / "link"
    link.mkdir()
    (link / "sitecustomize.py").write_text(f"import sys; sys.path.insert(0, {fake_version!r})")
    with pytest.raises(against.CompareError, match=r"expected the package in .*link'\. Received: "):
        against.Worker(str(link))


def needs_git():
    if not os.path.exists(os.path.join(against.ROOT, ".git")):
        pytest.skip("needs the git repository")


def test_a_revision_is_extracted_with_its_models(tmp_path):
    needs_git()
    against.extract("HEAD", str(tmp_path))
    assert (tmp_path / "place_recognition_ros" / "detector.py").is_file()
    assert (tmp_path / "models" / "default.onnx").is_file()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["models", "place_recognition_ros"]


def test_an_unknown_revision_is_named(tmp_path):
    needs_git()
    with pytest.raises(against.CompareError, match=r"expected a git revision\. Received: 'nowhere'"):
        against.extract("nowhere", str(tmp_path))


def test_the_ratio_of_the_medians_has_the_target():
    own, other, ratio = against.figures("v1", [0.020, 0.021, 9.0], [0.020, 0.020, 0.020])
    assert (own.value, other.value, ratio.value) == pytest.approx((21, 20, 1.05))
    assert own.target is other.target is None
    assert against.figures("v1", [1.06], [1.0])[2].met is False
    assert against.figures("v1", [1.04], [1.0])[2].met is True


def test_an_unknown_revision_ends_the_command_with_one_line():
    needs_git()
    command = [sys.executable, "-m", "benchmarks", "--against", "nowhere"]
    done = subprocess.run(command, cwd=against.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("✗ expected a git revision. Received: 'nowhere'")
    assert "Traceback" not in done.stderr
