"""Networks on documents, labels and settings at the edges: one line for what is wrong."""

import pytest
import torch
from model_cases import corpora, feature_corpora, same
from network_cases import CASES, TINY_BERT, Notes, StopsAt, every_case, make

from encoder_cases import needs_transformers, save_vectors
from manylabel import Corpus, LabelSpace, Network, load
from manylabel.core.errors import CapacityError, ConfigError, DivergedError, InputError, NotFittedError
from manylabel.models.network.config import NetworkConfig
from manylabel.models.network.documents import training_and_validation
from manylabel.train.config import TrainConfig


@pytest.fixture(scope="module")
def small():
    """Few documents, for what only has to run."""
    train, test = corpora()
    return train.select(range(120)), test.select(range(30))


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


@pytest.mark.parametrize("number", [1, 7, 60, 110])
def test_a_number_of_validation_documents_is_met_exactly(small, number):
    train = small[0]
    training, validation = training_and_validation(train, None, number, 0)
    assert (len(training), len(validation)) == (len(train) - number, number)
    assert sorted([*training.texts, *validation.texts]) == sorted(train.texts)
    again = training_and_validation(train, None, number, 0)
    assert [part.texts for part in again] == [training.texts, validation.texts]


def test_numbers_of_validation_documents_leave_rare_labels_to_training():
    """19 labels have a single document each, which a random choice of 30 would take too."""
    texts, labels = [f"text {row}" for row in range(100)], [[f"rare{row}"] if row < 19 else ["b"] for row in range(100)]
    training, validation = training_and_validation(Corpus.from_texts(texts, labels), None, 30, 0)
    assert len(validation) == 30
    assert sum(text in training.texts for text in texts[:19]) == 19


def test_a_loss_that_has_more_labels_to_give_than_there_are(small):
    with pytest.raises(ConfigError, match=r"soft-top-k: k 100000 is not below the number of labels, \d+"):
        make(loss={"kind": "soft-top-k", "k": 100_000}, train={"epochs": 1}).fit(small[0])


def test_numbers_of_validation_documents_that_cannot_be(small):
    train = small[0]
    with pytest.raises(ConfigError, match=r"train\.validation: 120 documents cannot be held out, there are 120"):
        training_and_validation(train, None, len(train), 0)
    for value in (-1, 1.0, 1.5, -0.1, True, "many", float("nan")):
        with pytest.raises(ConfigError, match="validation"):
            TrainConfig.parse({"validation": value})
    for value in (0, 0.0, 0.5, 1, 4000):
        kept = TrainConfig.parse({"validation": value}).validation
        assert (kept, type(kept)) == (value, type(value))


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


@needs_transformers
def test_kept_states_are_made_as_precisely_as_the_rest(small, monkeypatch):
    from manylabel.nn.encoders import transformer

    train, test = small
    halves, keep = [], transformer.keep_states

    def watched(*arguments):
        halves.append(torch.is_autocast_enabled("cpu"))
        return keep(*arguments)

    monkeypatch.setattr(transformer, "keep_states", watched)
    encoder = {**TINY_BERT, "frozen_layers": 1, "cache_states": True}
    for bf16 in (True, False):
        halves.clear()
        make("bert", encoder=encoder, train={"epochs": 1, "bf16": bf16}).fit(train).predict(test.texts)
        assert len(halves) == 3  # training, validation, prediction
        assert set(halves) == {bf16}


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


TILED = {"head": "tiled-linear", "loss": {"kind": "bce", "reduction": "sum"}}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"label_smoothing": 0.1}, "label_smoothing"),
        ({"r_drop": 1.0}, "r_drop"),
        ({"mixup": 0.2}, "mixup"),
        ({"negatives": {"per_document": 5}}, "negatives"),
        ({"hierarchy": {"weights": 0.1}}, "hierarchy"),
        ({"train": {"fp16": True}}, "train.fp16"),
        ({"train": {"gradient_accumulation_steps": 2}}, "train.gradient_accumulation_steps"),
        ({"train": {"average": "ema"}}, "train.average"),
        ({"train": {"torch_compile": True}}, "train.torch_compile"),
        ({"stages": ["head", {"kind": "whole", "train": {"average": "swa"}}]}, "train.average"),
        ({"loss": "bce"}, "set loss: {kind: bce, reduction: sum}"),
        ({"stages": [{"kind": "whole", "loss": "asymmetric"}]}, "set loss: {kind: asymmetric, reduction: sum}"),
    ],
)
def test_a_head_that_moves_itself_is_refused_where_it_cannot(options, named):
    with pytest.raises(ConfigError) as refused:
        make(**{**TILED, **options})
    assert "the head tiled-linear" in str(refused.value)
    assert named in str(refused.value)


def test_a_head_that_moves_itself_wants_one_process(monkeypatch):
    monkeypatch.setattr("manylabel.models.network.network.world_size", lambda: 2)
    with pytest.raises(ConfigError, match="start it without torchrun"):
        make(**TILED).fit(corpora()[0])


def test_options_that_do_not_go_together():
    for options, message in (
        ({"encoder": "bigruu"}, "unknown encoder 'bigruu', did you mean"),
        ({"head": {"kind": "linear", "hiden_dim": 3}}, "did you mean 'hidden_dim'"),
        ({"loss": "bcee"}, "did you mean 'bce'"),
        ({"head": {"kind": "linear", "sparse": True}}, "sparse head is trained on shortlists"),
        ({"negatives": {"per_document": 5}, "mixup": 0.2}, "mixup needs the scores of all labels"),
        ({"negatives": {"per_document": 5}, "loss": "softmax"}, "softmax needs the scores of all labels"),
        ({"loss": "decoupled-contrastive"}, "decoupled-contrastive compares vectors of documents: .* dual-encoder"),
        ({"stages": [{"kind": "whole", "loss": "decoupled-contrastive"}]}, "it is for dual-encoder"),
        ({"loss": "decoupled-softmax", "label_smoothing": 0.1}, "decoupled-softmax takes a smoothed negative for a"),
        ({"loss": "soft-top-k", "label_smoothing": 0.1}, "no label_smoothing"),
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
