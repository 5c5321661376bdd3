"""ONNX files that were altered, or that refer to other files."""

import hashlib
import json
import os

import numpy as np
import pytest

from place_recognition_ros.descriptor import model_card
from place_recognition_ros.descriptor.model_card import card_path, read_model
from place_recognition_ros.descriptor.onnx_engine import OnnxEngine
from place_recognition_ros.errors import EngineError, ModelError
from tests.descriptor import conftest as small_network
from tests.descriptor.damage import damage
from tests.faults.forms import fault, forms
from tests.faults.own_process import in_own_process

onnx, weights = small_network.onnx, small_network.weights
card_fields, write_model = small_network.card_fields, small_network.write_model

SECRET = "secret.bin"


@fault(37, "ONNX altered, or with external data")
@forms(50, 1000)
def test_of_an_altered_model_only_the_file_and_its_card_are_read(
    amount, onnx, weights, write_model, monkeypatch, tried
):
    path = write_model(onnx.model(weights))
    with open(path, "rb") as file:
        whole = file.read()
    opened = []

    def note(name, *more, **options):
        opened.append(name)
        return open(name, *more, **options)

    monkeypatch.setattr(model_card, "open", note, raising=False)
    random, count = np.random.RandomState(0), 0
    while count < amount:
        altered = damage(whole, random)
        with open(path, "wb") as file:
            file.write(altered)
        if altered != whole:
            count += 1
            with pytest.raises(ModelError, match="expected SHA-256"):
                read_model(path)
    assert set(opened) == {path, card_path(path)}
    tried(
        "a bit flipped, cut off, lengthened, parts swapped", f"{amount} files", "all refused by their SHA-256"
    )


def open_altered(folder, amount):
    """What happens with altered models that refer to a file, and whose cards have the right SHA-256.

    Returns:
        How many are refused when read, by the engine, and run; and how many of them give what is in the file.
    """
    os.chdir(folder)
    secret = np.float32(np.random.RandomState(1).normal(size=(18, 4)))
    secret.tofile(SECRET)
    image = np.float32(np.random.RandomState(2).uniform(size=(1, 2, 3, 3)))
    leaked = image.reshape(-1) @ secret
    with open("small.json", encoding="utf-8") as file:
        fields = json.load(file)
    whole = small_network.model(secret, external=SECRET)
    unchecked = OnnxEngine(read_model("small.onnx")[0], whole)  # ONNX Runtime itself reads the file
    assert np.allclose(unchecked.infer(image), leaked, atol=1e-4)
    counts, random = [0, 0, 0, 0], np.random.RandomState(0)
    for number in range(amount):
        content = damage(whole, random) if number else whole
        with open("small.onnx", "wb") as file:
            file.write(content)
        with open("small.json", "w", encoding="utf-8") as file:
            json.dump(dict(fields, sha256=hashlib.sha256(content).hexdigest()), file)
        try:
            card, read = read_model("small.onnx")
        except ModelError:
            counts[0] += 1
            continue
        try:
            result = OnnxEngine(card, read).infer(image)
        except EngineError:
            counts[1] += 1
            continue
        counts[2] += 1
        counts[3] += np.allclose(result, leaked, atol=1e-4)
    return counts


@fault(37, "ONNX altered, or with external data")
@forms(100, 1000)
def test_no_altered_model_reads_another_file_though_its_card_is_altered_too(
    amount, onnx, weights, write_model, tmp_path, tried
):
    write_model(onnx.model(weights))
    by_reader, by_engine, run, leaked = in_own_process(open_altered, str(tmp_path), amount)
    assert by_reader + by_engine + run == amount
    assert by_reader > amount / 2
    assert leaked == 0
    result = f"{by_reader} refused, {by_engine} refused by ONNX Runtime, 0 read another file, 0 deaths"
    tried("a model with external data and its card altered", f"{amount} files", result)
