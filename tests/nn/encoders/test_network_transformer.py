"""The transformer that is trained: against the library called by hand, cut apart, and what cannot be used."""

import numpy as np
import pytest

from encoder_cases import WORDS, needs_transformers, save_model, save_tokenizer
from manylabel.core.errors import CapacityError, InputError
from manylabel.nn.inputs import Batch
from network_encoder_cases import DISTILBERT, TEXTS, Notes, fitted, make, random

torch = pytest.importorskip("torch")
pytestmark = needs_transformers
DEEP = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 24}
DEEP = {**DEEP, "initializer_range": 0.5}


def states_of(encoder, inputs, rows):
    with torch.no_grad():
        return encoder(inputs.batch(rows))


@pytest.mark.parametrize("pooling", ["first", "mean", "max"])
def test_states_by_hand(pooling, tmp_path):
    from transformers import AutoModel, AutoTokenizer

    options = {"kind": "transformer", "model": str(save_model(tmp_path)), "pooling": pooling}
    encoder = fitted(options)
    model, tokenizer = AutoModel.from_pretrained(tmp_path).eval(), AutoTokenizer.from_pretrained(tmp_path)
    states = states_of(encoder, encoder.inputs(TEXTS), range(8))
    pooled = encoder.pool(states)
    for row, text in enumerate(TEXTS):
        with torch.no_grad():
            given = tokenizer([text], return_tensors="pt", truncation=True, max_length=40)
            expected = model(**given).last_hidden_state[0]
        torch.testing.assert_close(states.tokens[row, : len(expected)], expected, atol=1e-5, rtol=1e-5)
        by_hand = {"first": expected[0], "mean": expected.mean(dim=0), "max": expected.amax(dim=0)}[pooling]
        torch.testing.assert_close(pooled[row], by_hand, atol=1e-5, rtol=1e-5)


def test_the_last_layers_side_by_side(tmp_path):
    from transformers import AutoModel

    options = {"kind": "transformer", "model": str(save_model(tmp_path)), "pooling": "last-layers", "last_layers": 2}
    encoder = fitted(options)
    inputs = encoder.inputs(TEXTS[:1])
    with torch.no_grad():
        ids = torch.from_numpy(inputs.values[None].astype(np.int64))
        layers = AutoModel.from_pretrained(tmp_path).eval()(input_ids=ids, output_hidden_states=True).hidden_states
    expected = torch.cat([layers[1][0, 0], layers[2][0, 0]])
    torch.testing.assert_close(encoder.pool(states_of(encoder, inputs, [0]))[0], expected)
    with pytest.raises(InputError, match="last_layers: 5 of 2 layers"):
        fitted({key: value for key, value in options.items() if key != "last_layers"})


@pytest.mark.parametrize("frozen", [1, 3, 4])
@pytest.mark.parametrize("model_type", ["bert", "roberta", "modernbert", "distilbert", "electra", "mpnet"])
def test_layers_above_kept_states_are_the_model(model_type, frozen):
    sizes = {**DISTILBERT, "n_layers": 4} if model_type == "distilbert" else DEEP
    more = {"local_attention": 4} if model_type == "modernbert" else {}
    options = {**random(model_type, sizes=sizes, **more), "frozen_layers": frozen}
    plain, kept = fitted(options), fitted({**options, "cache_states": True})
    kept.load_state_dict(plain.state_dict())
    inputs = plain.inputs(TEXTS)
    batch = inputs.batch(range(8))
    expected = states_of(plain, inputs, range(8)).tokens
    with torch.no_grad():
        below = kept._states_below(batch)
        exact = kept(Batch(below, batch.mask)).tokens
    torch.testing.assert_close(exact, expected, atol=1e-5, rtol=1e-5)
    halves = kept.inputs(TEXTS)
    assert halves.values.dtype == np.float16
    torch.testing.assert_close(states_of(kept, halves, range(8)).tokens, expected, atol=5e-2, rtol=5e-2)
    if frozen < 4:  # the layers above do something
        assert not torch.allclose(below, expected, atol=0.1)


@pytest.mark.parametrize("cache", [False, True])
def test_frozen_layers_get_no_gradient_and_no_dropout(cache):
    options = {**random("bert", sizes=DEEP), "frozen_layers": 2, "cache_states": cache, "dropout": 0.5}
    encoder = fitted(options).train()
    inputs = encoder.inputs(TEXTS)
    once, twice = (encoder(inputs.batch(range(8))).tokens for _ in range(2))
    assert not torch.allclose(once, twice)  # dropout above
    once.sum().backward()
    trained = {name.split(".")[3] for name, one in encoder.named_parameters() if one.requires_grad}
    assert trained == {"2", "3"}
    assert {name.split(".")[3] for name, one in encoder.named_parameters() if one.grad is not None} == {"2", "3"}
    tokens = fitted(random("bert", sizes=DEEP)).inputs(TEXTS).batch(range(8))
    assert torch.equal(encoder._states_below(tokens), encoder._states_below(tokens))


@pytest.mark.parametrize("cache", [False, True])
def test_gradient_checkpointing_gives_the_same_gradients(cache):
    options = {**random("bert", sizes=DEEP), "frozen_layers": 1, "cache_states": cache, "dropout": 0.0}
    gradients = []
    for more in ({}, {"gradient_checkpointing": True}):
        encoder = fitted({**options, **more}).train()
        (encoder(encoder.inputs(TEXTS).batch(range(8))).tokens ** 2).sum().backward()
        gradients.append([one.grad for one in encoder.parameters() if one.requires_grad])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_bigbird_stays_block_sparse():
    encoder = fitted(random("big_bird", max_length=40, block_size=4, num_random_blocks=1))
    inputs = encoder.inputs(["red", "red apple pie " * 40])
    for rows in ([0], [1], [0, 1], [0]):
        states_of(encoder, inputs, rows)
        assert encoder.model.attention_type == "block_sparse"
        assert {layer.attention.attention_type for layer in encoder.model.encoder.layer} == {"block_sparse"}
        assert encoder.model.config.attention_type == "block_sparse"
    whole = fitted(random("big_bird", max_length=40, block_size=4, attention_type="original_full"))
    assert whole.longest == 40
    assert states_of(whole, whole.inputs(["red"]), [0]).tokens.shape[1] == 3
    with pytest.raises(InputError, match=r"big_bird needs 64 positions .* attention_type: original_full"):
        fitted(random("big_bird", block_size=8, num_random_blocks=1))


def test_bigbird_does_not_see_how_long_others_are():
    encoder = fitted(random("big_bird", max_length=40, block_size=4, num_random_blocks=1))
    inputs = encoder.inputs(["a " * 25 + "red", "a " * 28 + "sky", "apple pie " * 40, "sea"])
    assert inputs.lengths.tolist() == [28, 32, 40, 5]
    together = states_of(encoder, inputs, range(4)).tokens
    for row, length in enumerate(inputs.lengths):
        alone = states_of(encoder, inputs, [row]).tokens[0]
        torch.testing.assert_close(together[row, :length], alone, atol=1e-5, rtol=1e-5)


def test_longformer_attends_globally_from_the_first_token_in_its_windows():
    encoder = fitted(random("longformer", max_length=36, attention_window=4))
    seen = []
    encoder.model.register_forward_pre_hook(lambda module, args, given: seen.append(given), with_kwargs=True)
    inputs = encoder.inputs(["red", "red apple pie " * 40])
    lone = states_of(encoder, inputs, [0]).tokens[0]
    both = states_of(encoder, inputs, [0, 1]).tokens
    torch.testing.assert_close(both[0, :3], lone, atol=1e-5, rtol=1e-5)
    for given in seen:
        assert given["input_ids"].shape[1] % 4 == 0
        assert given["global_attention_mask"][:, 0].tolist() == [1] * len(given["input_ids"])
        assert given["global_attention_mask"][:, 1:].sum() == 0
    # The first token sees all of a document, another one what lies within half a window and the first token.
    changed = inputs.batch([1])
    changed.values[0, 20] = 5 if changed.values[0, 20] != 5 else 6
    with torch.no_grad():
        embedded = [encoder._way.states(encoder.model, one)[0][0] for one in (inputs.batch([1]), changed)]
    assert not torch.allclose(embedded[0][0], embedded[1][0], atol=1e-4)


def test_a_tokenizer_is_trained_on_the_texts():
    texts = ["Rødgrød med fløde, 你好世界!", "fløde og grød", "你好"] * 3
    encoder = fitted({**random("bert"), "vocabulary_size": 60}, texts=texts)
    again = fitted({**random("bert"), "vocabulary_size": 60}, texts=texts)
    vocabulary = encoder._tokenizer.get_vocab()
    assert vocabulary == again._tokenizer.get_vocab()
    assert [vocabulary[name] for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")] == [0, 1, 2, 3, 4]
    assert encoder._tokenizer.tokenize("FLØDE 你好") == ["fløde", "你", "好"]
    assert encoder.model.config.vocab_size == len(vocabulary) <= 60
    assert encoder.frame == ((2,), (3,))
    assert encoder.inputs(["", "你"]).values.tolist() == [2, 3, 2, vocabulary["你"], 3]


def test_a_tokenizer_of_its_own(tmp_path):
    save_tokenizer(tmp_path, WORDS)
    given = random("roberta")
    del given["vocabulary_size"]
    encoder = fitted({**given, "tokenizer": str(tmp_path)})
    assert encoder.inputs(["red pie zebra"]).values.tolist() == [2, 4, 6, 1, 3]
    assert encoder.model.config.pad_token_id == 0
    with pytest.raises(InputError, match=r"configuration: vocab_size is below the 14 tokens"):
        fitted({**random("bert", vocab_size=9), "tokenizer": str(tmp_path), "vocabulary_size": None})


def test_no_longer_than_the_model_has_positions_for(tmp_path):
    notes = Notes()
    encoder = fitted(random("bert", max_length=500), progress=notes)
    assert encoder.longest == 40
    assert notes.said == ["max_length is 40, not 500: bert has no more positions"]
    assert encoder.inputs(["red " * 400]).lengths.tolist() == [40]
    roberta = fitted(random("roberta", max_length=500))  # positions are numbered from behind padding, which is 0 here
    assert roberta.longest == 39
    assert torch.isfinite(states_of(roberta, roberta.inputs(["red " * 400]), [0]).tokens).all()
    assert fitted({**random("bert"), "max_length": None}).longest == 40
    with pytest.raises(InputError, match="max_length 2 leaves no room"):
        fitted(random("bert", max_length=2))


def test_dropout_inside_the_model():
    encoder = fitted({**random("modernbert"), "dropout": 0.25})
    assert encoder.model.config.attention_dropout == encoder.model.config.mlp_dropout == 0.25
    assert encoder.model.layers[0].attn.attention_dropout == 0.25


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "bort"}, r"configuration: unknown model_type 'bort', did you mean 'bert'"),
        ({"hiden_size": 8}, r"configuration: unknown option of bert 'hiden_size', did you mean 'hidden_size'"),
        ({"hidden_size": 15}, r"configuration of bert: .*15"),
        ({"hidden_size": "wide"}, r"configuration: .*hidden_size"),
    ],
)
def test_a_configuration_that_cannot_be_used(change, message):
    given = random("bert")
    with pytest.raises(InputError, match=message):
        fitted({**given, "configuration": {**given["configuration"], **change}})


def test_layers_that_are_not_there_or_cannot_be_cut():
    with pytest.raises(InputError, match="frozen_layers: bert has 2 layers, not 3"):
        fitted({**random("bert"), "frozen_layers": 3})
    albert = random("albert", embedding_size=8)
    assert len(fitted(albert).layers()) == 1
    with pytest.raises(InputError, match="frozen_layers: albert has no plain stack of layers"):
        fitted({**albert, "frozen_layers": 1})
    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2}
    options = {"kind": "transformer", "configuration": {"model_type": "t5", **t5}, "vocabulary_size": 60}
    encoder = fitted(options)
    assert encoder.width == 16
    assert not any("decoder" in name for name, _ in encoder.named_parameters())
    with pytest.raises(InputError, match=r"cache_states: the layers of t5 cannot be run apart \(leave it out\)"):
        fitted({**options, "frozen_layers": 1, "cache_states": True})


@pytest.mark.parametrize("name", ["/no/such/folder", "./nowhere", "no/such/folder"])
def test_no_such_folder(name):
    with pytest.raises(InputError, match=f"^{name}: no such folder"):
        make({"kind": "transformer", "model": name}).fit(TEXTS)


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        (["config.json"], "no model that can be used"),
        (["tokenizer.json", "tokenizer_config.json"], "has no tokenizer"),
        (["config.json", "tokenizer.json", "tokenizer_config.json"], r"no model .*: the folder has no config\.json$"),
        (["model.safetensors"], "no model that can be used"),
    ],
)
def test_a_folder_that_lacks_files(lacking, message, tmp_path):
    save_model(tmp_path)
    for name in lacking:
        (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"^{tmp_path}: {message}") as error:
        make({"kind": "transformer", "model": str(tmp_path)}).fit(TEXTS)
    assert "\n" not in str(error.value)


def test_a_tokenizer_of_another_model(tmp_path):
    save_model(tmp_path / "model")
    save_tokenizer(tmp_path / "other", [*WORDS, "more", "words"])
    with pytest.raises(InputError, match="the tokenizer has 16 tokens, bert 14"):
        fitted({"kind": "transformer", "model": str(tmp_path / "model"), "tokenizer": str(tmp_path / "other")})


def test_states_that_do_not_fit_into_memory(monkeypatch):
    encoder = fitted({**random("bert"), "frozen_layers": 1, "cache_states": True})
    monkeypatch.setattr("manylabel.nn.encoders.kept_states.available_memory", lambda: 300)
    with pytest.raises(CapacityError, match=r"cache_states: the states of 12 tokens take .* lower max_length"):
        encoder.inputs(["red " * 50])
    assert encoder.inputs([]).values.dtype == np.float16


def test_an_attention_that_there_is_not(tmp_path):
    with pytest.raises(InputError, match="nonsense"):
        fitted({**random("bert"), "attn_implementation": "nonsense"})
    eager = fitted({**random("bert"), "attn_implementation": "eager"})
    assert eager.model.config._attn_implementation == "eager"
    save_model(tmp_path)
    with pytest.raises(InputError, match="nonsense"):
        fitted({"kind": "transformer", "model": str(tmp_path), "attn_implementation": "nonsense"})


def test_a_state_too_large_for_half_the_bits(tmp_path):
    encoder = fitted({**random("bert"), "frozen_layers": 1, "cache_states": True})
    with torch.no_grad():
        encoder.model.encoder.layer[0].output.LayerNorm.weight.mul_(1e6)
    with pytest.raises(InputError, match=r"too large for 16-bit floats \(cache_states: false\)"):
        encoder.inputs(TEXTS)
