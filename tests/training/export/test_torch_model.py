"""A PyTorch network becomes a model that the run time opens. Needs PyTorch: pip install torch==2.13.0."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install torch==2.13.0")
pytest.importorskip("onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import open_extractor  # noqa: E402
from place_recognition_ros.descriptor.model_card import ModelCard, read_model  # noqa: E402
from place_recognition_ros.descriptor.preprocess import InputSpec, prepare  # noqa: E402
from place_recognition_ros.errors import ModelError  # noqa: E402
from training.export.exporter import export_model  # noqa: E402
from training.export.torch_model import convert_torch, load_torchscript  # noqa: E402

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
SPEC = InputSpec(24, 32, 3, "RGB", "NCHW", MEAN, STD)
CARD = ModelCard("small torch", "", SPEC, 8, 0.1, "a test", {}, {})


class Small(torch.nn.Module):
    """Convolution, batch normalization, pooling, projection: (B, 3, H, W) → (B, 8), not of unit length."""

    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.normalization = torch.nn.BatchNorm2d(6)
        self.projection = torch.nn.Linear(6 * 3 * 4, 8, bias=False)

    def forward(self, x):
        x = torch.nn.functional.avg_pool2d(self.normalization(self.convolution(x)), 4)
        return 3.0 * self.projection(torch.flatten(x, 1))


@pytest.fixture(scope="module")
def module(images):
    """A network of random weights, its batch normalization fitted to the images, which tells them apart."""
    torch.manual_seed(0)
    module = Small()
    batch = torch.from_numpy(np.concatenate([prepare(image, SPEC) for image in images]))
    for _ in range(50):
        module(batch)
    return module


def expected(module, image):
    """The descriptor by PyTorch alone: RGB, resized, mean and standard deviation of each channel."""
    pixels = cv2.resize(image, (32, 24), interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32)
    normalized = (pixels - np.float32(MEAN)) / np.float32(STD)
    with torch.no_grad():
        vector = module.eval()(torch.from_numpy(normalized.transpose(2, 0, 1)[None].copy())).numpy()[0]
    return vector / np.linalg.norm(vector)


def test_descriptors_equal_those_of_pytorch(module, images, tmp_path):
    path = tmp_path / "small.onnx"
    exported = convert_torch(module, SPEC)
    assert exported.descriptor_size == 8
    assert [item.version for item in exported.model.opset_import if item.domain == ""] == [13]
    assert export_model(exported.model, exported.reference, CARD, path, images).cosine > 0.99999
    extractor = open_extractor(str(path), backend="onnx")
    for image in images:
        np.testing.assert_allclose(extractor.describe(image), expected(module, image), atol=1e-4)


def test_the_gate_refuses_another_pre_processing(module, images, tmp_path):
    exported = convert_torch(module, SPEC)
    swapped = CARD._replace(input=SPEC._replace(color_order="BGR"))
    with pytest.raises(ModelError, match="cosine"):
        export_model(exported.model, exported.reference, swapped, tmp_path / "small.onnx", images)
    assert list(tmp_path.iterdir()) == []


def test_torchscript_files_are_read(module, images, tmp_path):
    torch.jit.save(torch.jit.script(module.eval()), str(tmp_path / "small.pt"))
    exported = convert_torch(load_torchscript(tmp_path / "small.pt"), SPEC)
    again = convert_torch(module, SPEC)
    np.testing.assert_allclose(exported.reference(images), again.reference(images), atol=1e-5)


def test_files_that_are_not_torchscript_are_refused(tmp_path):
    (tmp_path / "small.pt").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"expected a TorchScript file\. Received: '.*small\.pt'"):
        load_torchscript(tmp_path / "small.pt")


@pytest.mark.parametrize("outputs", [torch.nn.Identity(), torch.nn.Flatten(0)], ids=["map", "vector"])
def test_networks_without_one_descriptor_are_refused(outputs):
    with pytest.raises(ModelError, match=r"returns one \(1, D\) tensor"):
        convert_torch(outputs, SPEC)


def test_the_command_exports_a_torchscript_file(module, images, tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="training needs requirements/training.txt")
    pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")
    from training.export import __main__ as command

    torch.jit.save(torch.jit.script(module.eval()), str(tmp_path / "small.pt"))
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    arguments = ["--images", str(tmp_path), "--height", "24", "--width", "32", "--min-similarity", "0.5"]
    monkeypatch.setattr("sys.argv", ["export", str(tmp_path / "small.pt"), *arguments])
    command.main()
    card, _ = read_model(str(tmp_path / "small.onnx"))
    assert card.input == SPEC
    assert (card.kind, card.descriptor_size, card.min_similarity) == ("global_descriptor", 8, 0.5)
    extractor = open_extractor(str(tmp_path / "small.onnx"), backend="onnx")
    np.testing.assert_allclose(extractor.describe(images[0]), expected(module, images[0]), atol=1e-4)
