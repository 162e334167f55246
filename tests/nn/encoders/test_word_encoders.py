"""Words and their vectors, and what CNN and recurrent networks make of them, each against another way to the same."""

import numpy as np
import pytest

from encoder_cases import save_vectors
from manylabel.core.errors import ConfigError, InputError
from manylabel.nn.encoders import ENCODERS
from network_encoder_cases import TEXTS, WORDS, Notes, fitted, make

torch = pytest.importorskip("torch")

BAG = {"kind": "bag", "min_count": 1, "max_length": 50}


def vectors_of(encoder, text):
    with torch.no_grad():
        return encoder(encoder.inputs([text]).batch([0])).tokens[0].numpy()


def test_words_are_numbered_by_how_often_they_occur():
    encoder = fitted({**BAG, "max_words": 3}, texts=["b a b, c; A b. d", "c a"])
    inputs = encoder.inputs(["a b c d", "", "B e"])
    assert inputs.values.tolist() == [3, 2, 4, 1, 1, 2, 1]
    assert inputs.offsets.tolist() == [0, 4, 5, 7]
    assert encoder.embedding.table.num_embeddings == 5
    rare = fitted({**BAG, "min_count": 3}, texts=["b a b, c; A b. d", "c a"])
    assert rare.inputs(["a b c"]).values.tolist() == [3, 2, 1]
    assert fitted(BAG, texts=[""]).inputs(["a", ""]).values.tolist() == [1, 1]


def test_pretrained_vectors_are_taken_and_the_others_spread_as_widely(tmp_path):
    words = [f"w{number}" for number in range(200)]
    file = save_vectors(tmp_path / "vectors.txt", words, width=30)
    notes = Notes()
    texts = [" ".join(words[100:]), " ".join(f"x{number}" for number in range(300)), "w100 " * 100]
    encoder = fitted({**BAG, "embeddings": str(file)}, texts=texts, progress=notes)
    assert notes.said == ["25.0% of 400 known words have a pretrained vector; they are 40.0% of their occurrences"]
    given = {line.split()[0]: np.array(line.split()[1:], np.float32) for line in file.read_text().splitlines()}
    np.testing.assert_array_equal(vectors_of(encoder, "w150")[0], given["w150"])
    np.testing.assert_array_equal(vectors_of(encoder, "w1"), vectors_of(encoder, "never"))
    others = vectors_of(encoder, texts[1])[:50]
    assert others.std() == pytest.approx(np.stack(list(given.values()))[100:].std(), rel=0.1)
    plain = vectors_of(fitted(BAG, texts=texts), texts[1])
    assert (plain**2).sum(axis=1).mean() == pytest.approx(1, rel=0.1)


def test_vectors_of_a_matrix(tmp_path):
    matrix = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", matrix, allow_pickle=False)
    (tmp_path / "words.txt").write_text("red\nsea\nnowhere\n")
    embeddings = {"vectors": str(tmp_path / "vectors.npy"), "vocabulary": str(tmp_path / "words.txt")}
    encoder = fitted({**BAG, "embeddings": embeddings}, texts=TEXTS)
    np.testing.assert_array_equal(vectors_of(encoder, "sea red"), matrix[[1, 0]])


def test_mistakes_about_vectors(tmp_path):
    file = str(save_vectors(tmp_path / "vectors.txt", ["zebra"]))
    with pytest.raises(InputError, match=r"has no word of the training texts \(check its language\)"):
        fitted({**BAG, "embeddings": file}, texts=TEXTS)
    file = str(save_vectors(tmp_path / "more.txt", width=6))
    with pytest.raises(InputError, match=r"its vectors have 6 numbers, embeddings\.width says 7"):
        fitted({**BAG, "embeddings": {"vectors": file, "width": 7}}, texts=TEXTS)
    assert fitted({**BAG, "embeddings": {"vectors": file, "width": 6}}, texts=TEXTS).width == 6
    with pytest.raises(InputError, match=r"nowhere\.txt: no such file"):
        fitted({**BAG, "embeddings": "nowhere.txt"}, texts=TEXTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "bag", "embeddings": "a.npy"}, "a .npy matrix needs its words"),
        ({"kind": "bag", "embeddings": {"vectors": "a.txt", "vocabulary": "b"}}, "vocabulary is for a .npy matrix"),
        ({"kind": "bag", "embeddings": {"trained": False, "sparse": True}}, "sparse is for vectors that are trained"),
        ({"kind": "cnn", "chunks": 2}, "chunks are for the pooling dynamic-max"),
        ({"kind": "bilstm", "hidden_dim": 9}, "hidden_dim: must be even"),
        ({"kind": "transformer"}, "name a model, or give a configuration"),
        ({"kind": "transformer", "configuration": {"hidden_size": 3}}, "model_type is required"),
        ({"kind": "transformer", "model": "a", "vocabulary_size": 99}, "vocabulary_size is for a tokenizer"),
        ({"kind": "transformer", "model": "a", "last_layers": 2}, "last_layers is for the pooling last-layers"),
        ({"kind": "transformer", "model": "a", "cache_states": True}, "set frozen_layers"),
        (
            {"kind": "transformer", "model": "a", "frozen_layers": 1, "input_convolution": 3},
            "needs frozen_layers: 0",
        ),
        ({"kind": "windows", "encoder": {"kind": "cnn", "filter": 3}}, "did you mean 'filters'"),
        ({"kind": "windows", "encoder": "windows"}, "encoder"),
        ({"kind": "windows", "encoder": "bag", "attention_layers": 1, "states": "tokens"}, "are for states: windows"),
        ({"kind": "sentence", "encoder": "bag"}, "unknown encoder 'bag'"),
    ],
)
def test_mistakes_in_options(options, message):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        ENCODERS.section(options["kind"]).parse(options)


def test_options_are_read_back_as_they_were():
    given = {"kind": "windows", "encoder": {"kind": "cnn", "filters": 7, "embeddings": "a.txt"}}
    section = ENCODERS.section("windows").parse(given)
    assert section.encoder.filters == 7
    assert ENCODERS.section("windows").parse(section.model_dump(mode="json")) == section


def test_sparse_gradients_and_vectors_that_stay():
    for embeddings, sparse in (({"width": 6, "sparse": True}, True), ({"width": 6}, False)):
        encoder = fitted({**BAG, "embeddings": embeddings}, texts=TEXTS)
        encoder(encoder.inputs(TEXTS).batch(range(8))).tokens.sum().backward()
        gradient = encoder.embedding.table.weight.grad
        assert gradient.is_sparse is sparse
        assert gradient.to_dense()[0].abs().sum() == 0  # padding
        assert gradient.to_dense()[1].abs().sum() > 0  # unknown words
    kept = fitted({**BAG, "embeddings": {"width": 6, "trained": False}}, texts=TEXTS)
    assert [parameter.requires_grad for parameter in kept.parameters()] == [False]


def test_a_convolution_by_hand():
    encoder = fitted({"kind": "cnn", "filters": 3, "filter_widths": [2, 3], **WORDS}, texts=TEXTS)
    text = "blue sky red apple"
    vectors = np.zeros((4 + 4, 6))
    with torch.no_grad():
        vectors[2:6] = encoder.embedding(encoder.inputs([text]).batch([0]))[0].numpy()
    expected = np.zeros((4, 6))
    for group, (size, before) in enumerate([(2, 0), (3, 1)]):
        weights = encoder.convolutions[group].weight.detach().numpy()  # [filters, d, width]
        bias = encoder.convolutions[group].bias.detach().numpy()
        for place in range(4):
            seen = vectors[2 + place - before : 2 + place - before + size]
            expected[place, 3 * group : 3 * group + 3] = np.einsum("fdw,wd->f", weights, seen) + bias
    np.testing.assert_allclose(vectors_of(encoder, text), np.maximum(expected, 0), atol=1e-6)


def test_dynamic_max_pooling_by_hand():
    from manylabel.nn.encoders.cnn import maximum_over_chunks
    from manylabel.nn.inputs import States

    tokens = torch.arange(10.0).reshape(1, 10, 1).repeat(3, 1, 1)
    tokens[2] = -tokens[2]
    mask = torch.arange(10) < torch.tensor([[8], [1], [6]])
    found = maximum_over_chunks(States(tokens * mask[:, :, None], mask), 4)
    assert found.tolist() == [[1, 3, 5, 7], [0, 0, 0, 0], [0, -1, -3, -4]]


@pytest.mark.parametrize("kind", ["bilstm", "bigru"])
def test_a_recurrent_network_against_packed_sequences(kind):
    options = {"kind": kind, "hidden_dim": 8, "layers": 2, "dropout": 0, **WORDS}
    encoder = fitted(options, texts=TEXTS)
    with torch.no_grad():
        for layer in encoder.recurrent:
            for direction in (layer.onwards, layer.backwards):
                direction.initial.uniform_(-1, 1)
    theirs = {"bilstm": torch.nn.LSTM, "bigru": torch.nn.GRU}[kind](6, 4, 2, batch_first=True, bidirectional=True)
    initial = []
    for number, layer in enumerate(encoder.recurrent):
        for suffix, direction in (("", layer.onwards), ("_reverse", layer.backwards)):
            for name, values in direction.network.named_parameters():
                theirs.get_parameter(name.replace("l0", f"l{number}{suffix}")).data.copy_(values)
            initial.append(direction.initial.detach())
    batch = encoder.inputs(TEXTS).batch(range(8))
    first = [torch.cat(states).expand(-1, 8, -1).contiguous() for states in zip(*initial, strict=True)]
    pack, unpack = torch.nn.utils.rnn.pack_padded_sequence, torch.nn.utils.rnn.pad_packed_sequence
    with torch.no_grad():
        packed = pack(encoder.embedding(batch), batch.mask.sum(1), batch_first=True, enforce_sorted=False)
        states, _ = theirs(packed, tuple(first) if kind == "bilstm" else first[0])
        torch.testing.assert_close(encoder(batch).tokens, unpack(states, batch_first=True)[0], atol=1e-6, rtol=1e-5)


def test_an_unfitted_encoder_is_made_from_its_section_alone():
    for kind in ("bag", "cnn", "bilstm", "bigru"):
        assert list(make({"kind": kind}).parameters()) == []
