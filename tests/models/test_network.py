"""The model `network`: what it learns, saving, and every part in combination."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from model_cases import corpora, memorisable, precision_at_1, same
from network_cases import WORDS, every_case, make

from manylabel import Corpus, load
from manylabel.core.errors import InputError
from manylabel.nn.losses import LOSSES


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


@pytest.mark.parametrize("loss", [kind for kind in LOSSES if not LOSSES.section(kind).uses_documents])
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
