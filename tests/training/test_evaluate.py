"""Evaluation of all kinds of models: command, tables, plots."""

import hashlib
import sys

import cv2
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from place_recognition_ros.descriptor.model_card import ModelCard  # noqa: E402
from place_recognition_ros.descriptor.preprocess import InputSpec, prepare  # noqa: E402
from training import evaluate  # noqa: E402
from training.console import run_script  # noqa: E402
from training.evaluation.cost import Cost, keras_cost, onnx_cost  # noqa: E402
from training.evaluation.mistakes import mistakes_sheet, worst_mistakes  # noqa: E402
from training.evaluation.models import milliseconds, open_model  # noqa: E402
from training.evaluation.plot import plot_curves, plot_similarity  # noqa: E402
from training.evaluation.retrieval import RetrievalTask, retrieval_figures  # noqa: E402
from training.evaluation.table import Evaluation, full_table, markdown, short_table  # noqa: E402

SIDE = 16  # pixels


def tiny_graph():
    """16×16 BGR → 1×1 convolution to 3 channels → 4×4 means → unit norm."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, SIDE, SIDE, 3])
    descriptor = helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, [1, 48])
    kernel = numpy_helper.from_array(np.eye(3, dtype=np.float32)[:, :, None, None], "kernel")
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["mixed"]),
        helper.make_node("AveragePool", ["mixed"], ["means"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("LpNormalization", ["flat"], ["descriptor"], axis=1, p=2),
    ]
    graph = helper.make_graph(nodes, "tiny", [image], [descriptor], [kernel])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.fixture
def model(tmp_path):
    content = tiny_graph().SerializeToString()
    path = tmp_path / "tiny.onnx"
    path.write_bytes(content)
    spec = InputSpec(SIDE, SIDE, 3, "BGR", "NHWC", (127.5,) * 3, (127.5,) * 3)
    card = ModelCard("tiny", hashlib.sha256(content).hexdigest(), spec, 48, 0.0, "a test", {}, {})
    (tmp_path / "tiny.json").write_text(card.to_json())
    return path


@pytest.fixture
def manifest(tmp_path):
    """Three places with two images each, the second one noisier, and a place with one image."""
    random = np.random.default_rng(0)
    lines = ["image,place,split"]
    for place in range(5):
        image = cv2.resize(
            random.integers(0, 256, (4, 4, 3), np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST
        )
        for visit in range(1 + (place < 4)):
            noisy = np.clip(image + random.normal(0, 5 * visit, image.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(tmp_path / f"{place}{visit}.png"), noisy)
            lines.append(f"{place}{visit}.png,{place},{'test' if place < 2 else 'train'}")
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    return tmp_path / "mine.csv"


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command with arguments; returns its output."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, arguments)])
        monkeypatch.setattr(evaluate, "milliseconds", lambda model: 1.25)
        run_script(evaluate.main)
        return capsys.readouterr().out

    return run


def test_command_writes_table_plot_and_mistakes(run, model, manifest, tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(model.read_bytes())
    other.with_suffix(".json").write_text(model.with_suffix(".json").read_text())
    files = [tmp_path / "out" / name for name in ("table.md", "curves.png", "mistakes.jpg")]
    flags = zip(("--table", "--plot", "--mistakes"), files)
    printed = run(model, other, "--manifest", manifest, *[word for pair in flags for word in pair])
    header, rule, first, second, *_ = files[0].read_text().splitlines()
    assert files[0].read_text() == printed
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells[:4] == ["mine", "8", "tiny", "**100.0**"]
    assert " other " in second
    assert len(header) == len(rule) == len(first)
    assert cv2.imread(str(files[1])).shape[1] > 300
    assert cv2.imread(str(files[2])).shape[1] == 720


def test_split_of_the_manifest(run, model, manifest):
    assert "| mine |       4 | tiny  |" in run(model, "--manifest", manifest, "--split", "test")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "31.png").unlink(), "31.png', missing"),
        (lambda folder: (folder / "31.png").write_bytes(b"no image"), "can be decoded. Received: '"),
        (
            lambda folder: (folder / "mine.csv").write_text("image,place\n00.png,a\n10.png,b\n"),
            "in mine. Received: none",
        ),
        (lambda folder: (folder / "tiny.onnx").unlink(), "tiny.onnx', missing"),
        (lambda folder: (folder / "tiny.onnx").write_bytes(b"damaged"), "expected SHA-256"),
    ],
)
def test_invalid_input_is_an_error_and_no_file_is_written(run, model, manifest, tmp_path, change, message):
    change(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        run(model, "--manifest", manifest, "--table", tmp_path / "table.md")
    assert str(stopped.value).startswith("✗ expected")
    assert message in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert not (tmp_path / "table.md").exists()


def test_unknown_kind_of_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.png or \.jpg"):
        evaluate.encode(np.zeros((2, 2, 3), np.uint8), tmp_path / "mistakes.nothing")
    with pytest.raises(ValueError, match=r"\.svg or \.pdf"):
        plot_similarity(np.eye(2), ["a", "b"], "nothing")


def test_opened_model_describes_many_and_is_timed(model):
    opened = open_model(model)
    images = list(np.random.default_rng(0).integers(0, 255, (3, 30, 40, 3), np.uint8))
    vectors = opened.describe_many(images)
    assert vectors.shape == (3, 48)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert milliseconds(opened, 3) > 0
    assert opened.cost == Cost(parameters=9, multiply_adds=SIDE * SIDE * 9)


def test_cost_of_matrix_products():
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 6]), ("y", [1, 5]))
    ]
    weights = [
        numpy_helper.from_array(np.ones((6, 4), np.float32), "a"),
        numpy_helper.from_array(np.ones((5, 4), np.float16), "half"),
        numpy_helper.from_array(np.array([1, 4]), "shape"),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Reshape", ["h", "shape"], ["r"]),
        helper.make_node("Cast", ["half"], ["b"], to=TensorProto.FLOAT),
        helper.make_node("Gemm", ["r", "b"], ["y"], transB=1),
    ]
    graph = helper.make_graph(nodes, "products", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    assert onnx_cost(model.SerializeToString()) == Cost(parameters=44, multiply_adds=6 * 4 + 4 * 5)


@pytest.mark.parametrize("changes", [{}, {"position": 0.0}, {"ghosts": 2}])
def test_keras_and_onnx_count_alike(changes):
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    from training.export.onnx_graph import convert
    from training.network.build import NetworkConfig, build_network

    config = NetworkConfig(64, 64, 3, "mobilenet_v2", 2, "", reduced=8, clusters=4, size=16)
    network = build_network(config._replace(**changes))
    counted, exported = keras_cost(network), onnx_cost(convert(network).SerializeToString())
    assert counted.multiply_adds == exported.multiply_adds
    assert counted.parameters == network.count_params()
    assert abs(counted.parameters - exported.parameters) < 0.05 * counted.parameters


def figures(similarity):
    right = np.eye(len(similarity), dtype=bool)
    return retrieval_figures(similarity, right, np.zeros_like(right))


def evaluations():
    good = np.eye(3) + [[0, 0, 0], [0, 0, 0], [0, 0.5, -0.4]]
    bad = np.eye(3) + [[0, 0, 0], [0, 0, 0], [0, 2, 0]]
    return [
        Evaluation(
            "good",
            {"a": figures(good), "b": figures(good)},
            5.04,
            "ONNX Runtime",
            Cost(2_400_000, 258_000_000),
        ),
        Evaluation("bad", {"a": figures(bad), "b": figures(good)}, 55.0, "Keras", Cost(300_000, 1_000_000)),
    ]


def test_short_table_marks_the_best_values():
    header, _, good, bad, _, note, *_ = short_table(evaluations()).splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")][:3] == ["model", "a", "b"]
    assert "**100.0** / **100.0** | **100.0** / **100.0** |  5.0 |     2.40 M |         258 M |" in good
    assert "66.7 / 0.0 | **100.0** / **100.0** | 55.0" in bad
    assert note == "ms: ONNX Runtime, Keras, median."


def test_one_model_is_not_bold():
    assert "**" not in full_table(evaluations()[:1])


def test_markdown_aligns_numbers_right():
    assert markdown(["name", "n"], [["a", "**1**"], ["long one", "22"]]).splitlines() == [
        "| name     |     n |",
        "|----------|------:|",
        "| a        | **1** |",
        "| long one |    22 |",
    ]


def test_plots_are_image_files():
    curves = plot_curves(evaluations())
    assert cv2.imdecode(np.frombuffer(curves, np.uint8), cv2.IMREAD_COLOR).shape[1] > 400
    assert plot_curves(evaluations(), "svg").lstrip().startswith(b"<?xml")
    for count in (3, 60):
        content = plot_similarity(np.eye(count), [f"image {i}" for i in range(count)])
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) is not None


def test_mistakes_are_the_most_similar_wrong_matches():
    similarity = np.array([[0.9, 0.1, 0.2], [0.6, 0.5, 0.7], [0.8, 0.3, 0.2], [0.9, 0.9, 0.9]])
    right = np.vstack([np.eye(3, dtype=bool), [False, False, False]])
    shades = [lambda shade=shade: np.full((20, 50, 3), shade, np.uint8) for shade in (40, 120, 200, 250)]
    task = RetrievalTask("t", shades, shades[:3], right, np.zeros_like(right))
    assert worst_mistakes(task, similarity, 5) == [(2, 0, 2), (1, 2, 1)]
    sheet = mistakes_sheet("model, t", task, similarity, 1)
    middle = sheet[22 + 90, [120, 360, 600], 0]
    assert middle.tolist() == [200, 40, 200]


def test_without_mistakes_only_the_title_is_drawn():
    shades = [lambda: np.zeros((2, 2, 3), np.uint8)] * 2
    task = RetrievalTask("t", shades, shades, np.eye(2, dtype=bool), np.zeros((2, 2), bool))
    assert mistakes_sheet("t", task, np.eye(2), 5).shape == (22, 720, 3)


def test_the_folder_of_a_training_is_opened_in_keras(tmp_path):
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    from training.network.build import NetworkConfig, build_network
    from training.network.saving import save_network

    network = build_network(NetworkConfig(32, 48, 1, "mobilenet_v2", 1, "", reduced=0, clusters=2, size=8))
    save_network(network, tmp_path / "run")
    opened = open_model(tmp_path / "run")
    assert (opened.name, opened.engine, opened.spec.color_order) == ("run", "Keras", "GRAY")
    assert opened.cost == keras_cost(network)
    image = np.random.default_rng(0).integers(0, 255, (50, 60, 3), np.uint8)
    expected = np.asarray(network.predict_on_batch(prepare(image, opened.spec)))
    np.testing.assert_allclose(opened.describe_many([image]), expected, atol=1e-5)
