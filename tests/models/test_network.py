"""The model `network`: combinations of parts, stages, resumption, saving, bad input."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from model_cases import corpora, feature_corpora, memorisable, precision_at_1, same

from encoder_cases import needs_transformers, save_vectors
from manylabel import Corpus, LabelSpace, Network, load
from manylabel.core.errors import CapacityError, ConfigError, DivergedError, InputError, NotFittedError
from manylabel.core.progress import Silent
from manylabel.core.stages import Stages
from manylabel.models.network.config import NetworkConfig
from manylabel.nn.losses import LOSSES

TINY_BERT = {
    "kind": "transformer",
    "configuration": {
        "model_type": "bert",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    },
    "max_length": 24,
}
WORDS = {"embeddings": {"width": 32, "dropout": 0.0}, "min_count": 1}
FAST = {
    "epochs": 12,
    "batch_size": 16,
    "learning_rate": 0.01,
    "early_stopping": "micro-F1",
    "train_metrics_documents": 50,
}
CASES = {
    "bag": {"encoder": {"kind": "bag", **WORDS}, "head": "linear"},
    "cnn": {"encoder": {"kind": "cnn", "filters": 32, **WORDS}, "head": "linear"},
    "bilstm": {
        "encoder": {"kind": "bilstm", "hidden_dim": 32, **WORDS},
        "head": {"kind": "label-attention", "output": "shared", "hidden_dims": [32]},
    },
    "caml": {"encoder": {"kind": "bag", **WORDS}, "head": {"kind": "caml", "filter_size": 3, "filters": 32}},
    "prototype": {
        "encoder": {"kind": "bigru", "hidden_dim": 32, **WORDS},
        "head": {"kind": "prototype", "prototypes": 8, "hidden_dim": 16},
    },
    "bert": {"encoder": TINY_BERT, "head": {"kind": "label-attention", "dropout": 0.0}},
    "bert-cnn": {"encoder": TINY_BERT, "head": {"kind": "convolution", "filters": 16}},
}
MARKS = {name: [needs_transformers] if "bert" in name else [] for name in CASES}
every_case = pytest.mark.parametrize("case", [pytest.param(name, marks=marks) for name, marks in MARKS.items()])


def make(case="bag", **options):
    train = {**FAST, **options.pop("train", {})}
    return Network(**{**CASES[case], **options, "train": train})


class Notes(Silent):
    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)


@pytest.fixture(scope="module")
def small():
    """Few documents, for what only has to run."""
    train, test = corpora()
    return train.select(range(120)), test.select(range(30))


# -- what it learns -------------------------------------------------------------------------------------------------


@every_case
def test_memorises_what_can_be_memorised(case):
    corpus = memorisable()
    epochs = 150 if "bert" in case else 100
    rate = 0.003 if "bert" in case else 0.02
    train = {
        "epochs": epochs,
        "learning_rate": rate,
        "validation": 0.0,
        "train_metrics_documents": 0,
        "weight_decay": 0.0,
    }
    model = make(case, train=train).fit(corpus)
    assert precision_at_1(model.predict(corpus.texts, 1), corpus) >= 0.99


@pytest.mark.parametrize("case", ["bag", "cnn"])
def test_beats_the_most_frequent_labels_by_far(case):
    train, test = corpora()
    model = make(case, train={"epochs": 25}).fit(train)
    baseline = np.asarray(test.positives[:, np.argmax(model.labels.counts)].sum()) / len(test)
    assert precision_at_1(model.predict(test.texts, 1), test) >= baseline + 0.2


@every_case
def test_scores_do_not_depend_on_the_batch(case, small):
    train, test = small
    model = make(case, train={"epochs": 1}).fit(train)
    whole = model.predict(test.texts, 60)
    whole.validate(60)
    by_label = np.take_along_axis(whole.scores, np.argsort(whole.indices, axis=1), axis=1)
    for row in range(0, len(test), 7):
        alone = model.predict([test.texts[row]], 60)
        scores = alone.scores[0][np.argsort(alone.indices[0])]
        np.testing.assert_allclose(scores, by_label[row], atol=1e-5)


@every_case
def test_saved_and_opened_in_another_process_it_says_the_same_to_the_last_bit(case, small, tmp_path):
    train, test = small
    model = make(case, train={"epochs": 1}).fit(train)
    model.save(tmp_path / "run")
    topk = model.predict(test.texts, 7)
    assert same(load(tmp_path / "run").predict(test.texts, 7), topk)
    (tmp_path / "texts").write_text("\0".join(test.texts))
    code = (
        "import sys, numpy, manylabel\n"
        f"texts = open({str(tmp_path / 'texts')!r}).read().split(chr(0))\n"
        f"topk = manylabel.load({str(tmp_path / 'run')!r}).predict(texts, 7)\n"
        "print((topk.indices.tobytes() + topk.scores.tobytes()).hex())"
    )
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (topk.indices.tobytes() + topk.scores.tobytes()).hex()


def test_two_fits_agree_to_the_last_bit_and_other_seeds_differ(small):
    train, test = small
    options = {"train": {"epochs": 2}}
    one, two, other = (make("cnn", seed=seed, **options).fit(train).predict(test.texts, 5) for seed in (0, 0, 1))
    assert same(one, two)
    assert not same(one, other)


def test_torchs_random_numbers_go_on_as_if_nothing_had_been(small):
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make(train={"epochs": 1}).fit(small[0])
    assert torch.equal(torch.rand(3), expected)


# -- every part can be combined -------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains(loss, small):
    train, test = small
    model = make(loss=loss, train={"epochs": 2}).fit(train)
    topk = model.predict(test.texts, 60)
    topk.validate(60)
    assert topk.kind == LOSSES.section(loss).score_kind
    before = make(loss=loss, train={"epochs": 1, "learning_rate": 1e-9}).fit(train).predict(test.texts, 60)
    assert not same(topk, before)


OPTIONS = {
    "class-aware": {"sampling": "class-aware"},
    "repeat-factor": {"sampling": {"kind": "repeat-factor", "threshold": 0.05}},
    "ml-ros": {"sampling": "ml-ros"},
    "ml-rus": {"sampling": {"kind": "ml-rus", "least": 5}},
    "negatives": {"negatives": {"per_document": 10}},
    "frequent negatives": {"negatives": {"per_document": 10, "distribution": "frequency"}},
    "sparse": {"negatives": {"per_document": 10}, "head": {"kind": "linear", "sparse": True}},
    "sparse words": {"encoder": {"kind": "bag", "embeddings": {"width": 32, "sparse": True}}},
    "augmentation": {"augmentation": ["word-swap", {"kind": "word-deletion", "probability": 1.0}]},
    "label texts": {"label_texts": True},
    "mixup": {"mixup": 0.4},
    "label smoothing": {"label_smoothing": 0.1},
    "r-drop": {"r_drop": 1.0},
    "from label texts": {"initial_labels": "label-text"},
    "no prior": {"initial_bias": "zero"},
    "layer decay": {"encoder": {"kind": "cnn", **WORDS}, "train": {"layer_decay": 0.5}},
    "ema": {"train": {"average": "ema"}},
    "head rate": {"train": {"head_learning_rate": 0.5}},
    "bf16": {"train": {"bf16": True}},
    "accumulated": {"train": {"gradient_accumulation_steps": 3}},
    "lengths apart": {"train": {"group_by_length": False}},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_changes_what_is_learned(name, small):
    train, test = small
    options = OPTIONS[name]
    plain = (
        {"encoder": options["encoder"], "train": {"epochs": 2}} if name == "layer decay" else {"train": {"epochs": 2}}
    )
    base = make(**plain).fit(train).predict(test.texts, 60)
    model = make(**{**options, "train": {"epochs": 2, **options.get("train", {})}}).fit(train)
    topk = model.predict(test.texts, 60)
    topk.validate(60)
    assert not same(topk, base)


def test_hierarchy_draws_children_to_their_parents(small):
    train, _ = small
    names = list(train.labels.names)
    parents = [() if number % 3 == 0 else (names[number - number % 3],) for number in range(60)]
    train = dataclasses.replace(train, labels=dataclasses.replace(train.labels, parents=parents))

    def distance(**options):
        model = make(train={"epochs": 5}, **options).fit(train)
        weights = model._network.head.label_weights().detach().numpy()
        return np.mean([np.square(weights[n] - weights[n - n % 3]).sum() for n in range(60) if n % 3])

    assert distance(hierarchy={"weights": 1.0}) < 0.5 * distance()
    make(hierarchy={"scores": 1.0}, train={"epochs": 1}).fit(train)
    with pytest.raises(InputError, match="no label has a parent"):
        make(hierarchy={"weights": 1.0}).fit(Corpus.from_texts(["a b", "b c"], [["x"], ["y"]]))


# -- stages ---------------------------------------------------------------------------------------------------------


STAGES = {
    "head, then whole": ["head", "whole"],
    "whole, then head": ["whole", {"kind": "head", "fresh": True, "sampling": "class-aware", "train": {"epochs": 3}}],
    "language first": [{"kind": "masked-language", "train": {"epochs": 2}}, "whole"],
    "tau": ["whole", {"kind": "tau-normalisation", "tau": 1.0}],
    "frozen below": [{"kind": "whole", "frozen_layers": 1}],
}


@needs_transformers
@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("case", ["cnn", "bert"])
def test_stages(name, case, small):
    train, test = small
    options = {} if case == "cnn" else {"encoder": TINY_BERT, "head": "linear"}
    model = make(case, stages=STAGES[name], train={"epochs": 2}, **options).fit(train)
    model.predict(test.texts, 60).validate(60)
    plain = make(case, train={"epochs": 2}, **options).fit(train)
    assert not same(model.predict(test.texts, 60), plain.predict(test.texts, 60))


def test_the_head_alone_leaves_the_encoder_as_it_was(small):
    train, _ = small
    before = make(stages=["head"], train={"epochs": 1, "learning_rate": 1e-9}).fit(train)
    after = make(stages=["head"], train={"epochs": 3}).fit(train)
    for (name, one), other in zip(before._network.named_parameters(), after._network.parameters(), strict=True):
        assert bool((one == other).all()) == name.startswith("encoder"), name


def test_a_head_on_vectors_worked_out_once_learns_what_it_learns_on_texts(small, monkeypatch):
    """The cheap way against the plain one."""
    train, test = small
    options = {
        "stages": ["head"],
        "head": {"kind": "linear", "dropout": 0.0},
        "train": {"epochs": 2, "group_by_length": False},
    }
    cheap = make(**options).fit(train).predict(test.texts, 60)
    monkeypatch.setattr("manylabel.nn.heads.linear.LinearHead.needs", "tokens")
    monkeypatch.setattr("manylabel.nn.network.TextNetwork.states", _pooled_always)
    plain = make(**options).fit(train).predict(test.texts, 60)
    for one in (cheap, plain):
        one.validate(60)
    order = np.argsort(cheap.indices, axis=1), np.argsort(plain.indices, axis=1)
    scores = [np.take_along_axis(topk.scores, rank, axis=1) for topk, rank in zip((cheap, plain), order, strict=True)]
    np.testing.assert_allclose(*scores, atol=1e-5)


def _pooled_always(network, batch):
    states = network.encoder(batch)
    return dataclasses.replace(states, pooled=network.encoder.pool(states))


def test_tau_normalisation_evens_lengths_out(small):
    train, _ = small
    plain = make(train={"epochs": 3}).fit(train)
    even = make(train={"epochs": 3}, stages=["whole", {"kind": "tau-normalisation", "tau": 1.0}]).fit(train)
    known = np.flatnonzero(plain.labels.counts[:60])
    lengths = [np.linalg.norm(m._network.head.classifiers().detach().numpy()[known], axis=1) for m in (plain, even)]
    counts = np.asarray(train.positives.sum(axis=0)).ravel()[known]
    assert np.ptp(lengths[1][counts > 1]) < 0.2 * np.ptp(lengths[0])
    with pytest.raises(ConfigError, match=r"tau-normalisation: the head has no classifier"):
        make("bilstm", train={"epochs": 1}, stages=["whole", "tau-normalisation"]).fit(train)


# -- interruption ---------------------------------------------------------------------------------------------------


class StopsAt(Stages):
    """Stages that are interrupted when an epoch is recorded."""

    def __init__(self, folder, stop):
        super().__init__(folder)
        self.stop, self.lines = stop, []

    def record(self, line):
        self.lines.append(dict(line))
        if len(self.lines) == self.stop:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 6])
def test_interrupted_anywhere_it_ends_with_the_same_bits(stop, small, tmp_path):
    train, test = small
    options = {
        "stages": [
            {"kind": "masked-language", "train": {"epochs": 2}},
            "head",
            {"kind": "whole", "train": {"average": "ema"}},
        ],
        "train": {"epochs": 2},
        "sampling": "class-aware",
        "augmentation": ["word-swap"],
    }
    whole = make("cnn", **options).fit(train).predict(test.texts, 5)
    folder = tmp_path / "stages"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        make("cnn", **options).fit(train, stages=StopsAt(folder, stop))
    again = StopsAt(folder, 0)
    assert same(make("cnn", **options).fit(train, stages=again).predict(test.texts, 5), whole)
    assert len(again.lines) <= 6 - stop + 1
    assert not list(folder.glob("*.unfinished"))


# -- documents, labels and validation -------------------------------------------------------------------------------


def test_validation_documents_of_their_own(small):
    train, test = small
    stages = StopsAt(None, 0)
    model = make(train={"epochs": 1})
    model.validate_on(test)
    model.fit(train, stages=stages)
    epochs = [line for line in stages.lines if line["stage"] == "epoch"]
    assert epochs[0]["validation_documents"] == len(test)
    assert {"loss", "micro-F1", "macro-F1", "P@1"} <= set(epochs[0]["validation"])
    assert {"loss", "largest-loss", "micro-F1"} <= set(epochs[0]["train"])
    other = Corpus.from_texts(["a text"], [["another label"]])
    model.validate_on(other)
    with pytest.raises(ConfigError, match="over the labels of the training documents"):
        model.fit(train)


def test_weights_of_labels_are_told(small):
    stages, notes = StopsAt(None, 0), Notes()
    make(loss={"kind": "weighted-bce", "scheme": "inverse", "cap": 20}, train={"epochs": 1}).fit(
        small[0], stages=stages, progress=notes
    )
    line = stages.lines[0]
    assert line["stage"] == "label-weights"
    assert line["largest"] == 20
    assert 0 < line["smallest"] < 20
    assert any("weighs labels between" in note for note in notes.said)


def test_training_metrics_are_taken_on_clean_texts(small):
    """Augmentation that spoils every word leaves metrics on training documents what they are without training."""
    train, _ = small
    found = []
    for more in ({}, {"augmentation": [{"kind": "word-masking", "share": 1.0, "probability": 1.0}]}):
        stages = StopsAt(None, 0)
        make(train={"epochs": 1, "learning_rate": 1e-9}, **more).fit(train, stages=stages)
        found.append({name: value for name, value in stages.lines[-1]["train"].items() if "loss" not in name})
    assert found[0] == found[1]


def test_the_smallest_corpora():
    one = make(train={"epochs": 1}).fit(Corpus.from_texts(["a single document"], [["only"]]))
    assert one.predict(["something else", ""], 3).indices.tolist() == [[0, -1, -1]] * 2
    label = make(train={"epochs": 1}).fit(Corpus.from_texts(["good thing", "", "bad"], [["good"], ["good"], []]))
    label.predict(["good", "", "\0 日本"], 2).validate(1)
    space = LabelSpace(["never", "a", "b"])
    model = make(train={"epochs": 30}).fit(Corpus.from_texts(["aa", "bb"] * 20, [["a"], ["b"]] * 20, space=space))
    assert model.predict(["aa", "bb"], 1).indices.ravel().tolist() == [1, 2]
    assert one.predict([], 3).indices.shape == (0, 3)


def test_nothing_to_learn_from_is_one_line(small):
    for corpus, message in (
        (Corpus.from_texts([], []), "no documents"),
        (Corpus.from_texts(["some text", "more"], [[], []]), "no labels"),
        (Corpus.from_texts(["", "  "], [["a"], ["b"]]), "no terms"),
        (feature_corpora()[0], "reads texts"),
    ):
        model = make()
        with pytest.raises(InputError, match=message) as caught:
            model.fit(corpus)
        assert "\n" not in str(caught.value)
        with pytest.raises(NotFittedError):
            model.predict(["a"])
    fitted = make(train={"epochs": 1}).fit(small[0])
    for inputs, message in (
        ("a text", "list of texts"),
        (["a", 3], "text 1"),
        (feature_corpora()[1].features, "trained on texts"),
    ):
        with pytest.raises(InputError, match=message):
            fitted.predict(inputs)


def test_options_that_do_not_go_together():
    for options, message in (
        ({"encoder": "bigruu"}, "unknown encoder 'bigruu', did you mean"),
        ({"head": {"kind": "linear", "hiden_dim": 3}}, "did you mean 'hidden_dim'"),
        ({"loss": "bcee"}, "did you mean 'bce'"),
        ({"head": {"kind": "linear", "sparse": True}}, "sparse head is trained on shortlists"),
        ({"negatives": {"per_document": 5}, "mixup": 0.2}, "mixup needs the scores of all labels"),
        ({"negatives": {"per_document": 5}, "loss": "softmax"}, "softmax needs the scores of all labels"),
        ({"hierarchy": {}}, "above 0"),
        ({"stages": ["hole"]}, "did you mean 'whole'"),
        ({"stages": [{"kind": "whole", "train": {"epoch": 3}}]}, r"stages\.whole\.train\.epoch: .* mean 'epochs'"),
        ({"loss": {"gamma": 2}}, r"name the kind that these options belong to \(gamma\)"),
        ({"train": {"early_stopping": "nDCG5"}}, "nDCG"),
        ({"train": {"average": {"kind": "swa", "decay": 0.9}}}, "swa has no option decay"),
    ):
        with pytest.raises(ConfigError, match=message):
            Network(**options)
    assert Network().config == NetworkConfig()
    again = NetworkConfig.parse(NetworkConfig(**CASES["cnn"], stages=["head", "whole"]).model_dump(mode="json"))
    assert again.model_dump() == NetworkConfig(**CASES["cnn"], stages=["head", "whole"]).model_dump()


def test_a_precision_that_the_device_has_not_is_refused_before_any_work(small):
    notes = Notes()
    for call in (lambda model: model.fit(small[0], progress=notes), lambda model: model.estimate(small[0])):
        with pytest.raises(ConfigError, match=r"model\.train\.fp16 needs a GPU"):
            call(make("cnn", encoder={"kind": "cnn", "max_length": 2}, train={"fp16": True, "device": "cpu"}))
    assert notes.said == []


def test_a_loss_that_explodes_says_so(small):
    with pytest.raises(DivergedError, match=r"step \d+, documents .*a lower learning_rate") as caught:
        make(train={"learning_rate": 1e30, "max_grad_norm": None, "warmup_ratio": 0.0, "optim": "sgd"}).fit(small[0])
    assert "\n" not in str(caught.value)


def test_a_batch_that_does_not_fit_names_the_largest_that_does(small, monkeypatch):
    monkeypatch.setattr("manylabel.train.memory.available_memory", lambda: 3_000_000)
    with pytest.raises(
        CapacityError, match=r"the largest that fits is \d+: set model.train.batch_size=(\d+)"
    ) as caught:
        make("cnn", train={"batch_size": 64, "epochs": 1}).fit(small[0])
    with pytest.raises(CapacityError, match=r"the largest that fits is \d+"):
        make("cnn", train={"batch_size": 64, "epochs": 1}).estimate(small[0])
    largest = int(str(caught.value).partition("batch_size=")[2].partition(" ")[0])
    assert 0 < largest < 64
    make("cnn", train={"batch_size": largest, "epochs": 1}).fit(small[0])
    monkeypatch.setattr("manylabel.train.memory.available_memory", lambda: 1000)
    with pytest.raises(CapacityError, match="not even one document"):
        make("cnn", train={"epochs": 1}).fit(small[0])


def test_cut_documents_are_told_once(small):
    notes = Notes()
    make("cnn", encoder={"kind": "cnn", "max_length": 5}, train={"epochs": 1}).fit(small[0], progress=notes)
    assert sum("are cut to their first 5 tokens" in note for note in notes.said) == 2  # of both parts


def test_word_vectors_of_a_file(small, tmp_path):
    words = sorted({word for text in small[0].texts for word in text.lower().split()})[:50]
    file = save_vectors(tmp_path / "vectors.txt", words, width=6)
    notes = Notes()
    model = make(encoder={"kind": "bag", "embeddings": str(file)}, train={"epochs": 1}).fit(small[0], progress=notes)
    file.unlink()
    model.save(tmp_path / "run")
    assert same(load(tmp_path / "run").predict(small[1].texts, 5), model.predict(small[1].texts, 5))


def test_frozen_vectors_of_documents(small, tmp_path):
    """An encoder without parameters."""
    train, test = small
    words = sorted({word for text in train.texts for word in text.lower().split()})
    frozen = {"kind": "word-vectors", "vectors": str(save_vectors(tmp_path / "vectors.txt", words, width=16))}
    encoder = {"kind": "sentence", "encoder": frozen}
    for stages in (["whole"], ["head"]):
        model = make(encoder=encoder, stages=stages, train={"epochs": 2}).fit(train)
        assert model.estimate(train).seconds > 0
        model.save(tmp_path / stages[0])
        assert same(load(tmp_path / stages[0]).predict(test.texts, 5), model.predict(test.texts, 5))
    with pytest.raises(ConfigError, match="reads no tokens that could be masked"):
        make(encoder=encoder, stages=["masked-language", "whole"]).fit(train)


def test_frozen_layers_leave_something_to_train(small):
    with pytest.raises(ConfigError, match=r"frozen_layers 2 leaves nothing of the encoder's 2 layers"):
        make("cnn", stages=[{"kind": "whole", "frozen_layers": 2}]).fit(small[0])


@every_case
def test_estimates(case):
    train, _ = corpora()
    estimate = make(case).estimate(train)
    assert 10**8 < estimate.memory_bytes < 10**10
    assert 0 < estimate.seconds < 3600
    for corpus in (Corpus.from_texts([], []), Corpus.from_texts(["", ""], [["a"], []]), feature_corpora()[0]):
        assert make(case).estimate(corpus).seconds > 0
