"""The frozen transformer against the library called by hand, and folders that hold none."""

import sys

import numpy as np
import pytest

from encoder_cases import WORDS, encoder, needs_transformers, options, save_model
from manylabel.core.errors import InputError, MissingExtraError

pytestmark = needs_transformers
TEXTS = ["red apple pie", "blue", "", "a boat in the old sea"]


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_states_pooled_by_hand(pooling, tmp_path):
    import torch
    from transformers import AutoModel, AutoTokenizer

    ours = encoder(options("transformer", tmp_path, pooling=pooling, batch_size=3)).fit(TEXTS)
    model = AutoModel.from_pretrained(tmp_path / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    for text, vector in zip(TEXTS, ours.encode(TEXTS), strict=True):
        with torch.no_grad():
            states = model(**tokenizer([text], return_tensors="pt")).last_hidden_state[0].numpy()
        expected = states.mean(axis=0) if pooling == "mean" else states[0]
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


def test_long_texts_are_cut(tmp_path):
    ours = encoder(options("transformer", tmp_path, max_length=5)).fit([])
    one, other = ours.encode(["red apple pie", "red apple pie " * 200])
    np.testing.assert_allclose(one, other, atol=1e-5)
    whole = encoder({**ours.config.model_dump(), "max_length": 1000}).fit([])
    assert np.isfinite(whole.encode(["red " * 200])).all()  # the model has 40 positions


def test_weights_in_a_pickle_are_kept_as_safetensors(tmp_path):
    import torch
    from safetensors.torch import load_file

    from manylabel.core.run_directory import write_run

    given = options("transformer", tmp_path)
    expected = encoder(given).fit([]).encode(TEXTS)
    weights = tmp_path / "model" / "model.safetensors"
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()
    ours = encoder(given).fit([])
    assert ours.encode(TEXTS).tobytes() == expected.tobytes()
    with write_run(tmp_path / "run") as writer:
        ours.write(writer)
    assert (tmp_path / "run" / "model.safetensors").is_file()
    assert not list((tmp_path / "run").glob("*.bin"))


def test_an_encoder_with_a_decoder(tmp_path):
    from transformers import T5Config, T5Model

    from encoder_cases import save_tokenizer

    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    T5Model(T5Config(vocab_size=len(WORDS) + 4, **sizes)).save_pretrained(tmp_path)
    save_tokenizer(tmp_path, WORDS)
    vectors = encoder({"kind": "transformer", "model": str(tmp_path)}).fit([]).encode(TEXTS)
    assert vectors.shape == (4, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["/no/such/folder", "./nowhere", "no/such/folder"])
def test_no_such_folder(name):
    with pytest.raises(InputError, match=f"^{name}: no such folder"):
        encoder({"kind": "transformer", "model": name}).fit([])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("config.json", "no model that can be used"),
        ("tokenizer.json", "has no tokenizer"),
        ("model.safetensors", "no model that can be used"),
    ],
)
def test_a_folder_that_lacks_a_file(damage, message, tmp_path):
    given = options("transformer", tmp_path)
    (tmp_path / "model" / damage).unlink()
    if damage == "tokenizer.json":
        (tmp_path / "model" / "tokenizer_config.json").unlink()
    with pytest.raises(InputError, match=f"{tmp_path / 'model'}: {message}"):
        encoder(given).fit([])


@pytest.mark.parametrize("damage", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_file(damage, tmp_path):
    given = options("transformer", tmp_path)
    (tmp_path / "model" / damage).write_bytes(b"\x01{nonsense")
    with pytest.raises(InputError, match="no model that can be used"):
        encoder(given).fit([])


def test_weights_of_another_model(tmp_path):
    from safetensors.torch import load_file, save_file

    file = save_model(tmp_path / "model") / "model.safetensors"
    save_file({f"other.{name}": array for name, array in load_file(file).items()}, file)
    with pytest.raises(InputError, match="its weights lack"):
        encoder({"kind": "transformer", "model": str(file.parent)}).fit([])


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_without_the_extra(package, tmp_path, monkeypatch):
    given = options("transformer", tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"needs the package {package}: pip install 'manylabel\[nn\]'"):
        encoder(given).fit([])
