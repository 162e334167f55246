"""Dual encoders: labels found by their texts, new ones too; checked against plain arithmetic."""

import json
import sys

import numpy as np
import pytest
import torch
from model_cases import corpora, memorisable, precision_at_1, same
from network_cases import TINY_BERT, Notes, StopsAt
from scipy.sparse import csr_matrix

from encoder_cases import needs_transformers
from manylabel import Corpus, LabelSpace, evaluate, load
from manylabel.core.errors import ConfigError, InputError, MissingExtraError, RunError
from manylabel.core.run_directory import RunDirectory
from manylabel.core.stages import Stages
from manylabel.models.dual_encoder import search
from manylabel.models.dual_encoder.config import DualEncoderConfig
from manylabel.models.dual_encoder.dual_encoder import DualEncoder
from manylabel.models.dual_encoder.negatives import Ground, all_labels
from manylabel.models.dual_encoder.negatives_config import AllNegatives
from manylabel.nn.inputs import Inputs
from manylabel.train.classification import Examples
from manylabel.train.matching import LabelTexts

ENCODER = {"kind": "bag", "embeddings": {"width": 32, "dropout": 0.0}, "min_count": 1}
TRAIN = {"epochs": 12, "batch_size": 64, "learning_rate": 0.03, "early_stopping": "P@1", "train_metrics_documents": 50}


def make(**options):
    train = {**TRAIN, **options.pop("train", {})}
    return DualEncoder(**{"encoder": ENCODER, **options}, train=train)


@pytest.fixture(scope="module")
def parts():
    return corpora()


@pytest.fixture(scope="module")
def fitted(parts):
    return make().fit(parts[0])


@pytest.fixture(scope="module")
def remembering(parts):
    return make(memory={"neighbours": 40}).fit(parts[0])


# -- what it learns -------------------------------------------------------------------------------------------------


def test_it_learns_what_can_be_learned():
    train = memorisable()
    model = make(train={"epochs": 60, "validation": 0, "early_stopping": None}).fit(train)
    assert precision_at_1(model.predict(train.texts, 1), train) > 0.95


def test_it_finds_labels_of_documents_it_has_not_seen(fitted, parts):
    frequent = np.asarray(parts[1].positives[:, np.argmax(fitted.labels.counts)].sum()) / len(parts[1])
    assert precision_at_1(fitted.predict(parts[1].texts, 1), parts[1]) > frequent + 0.2


def unseen_corpus(known=24, n=12, seed=0):
    """Documents are made of the words of their labels' texts; the last labels have no training document."""
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(18)]
    labels = LabelSpace(
        [f"l{i}" for i in range(known + 6)],
        texts=[" ".join(rng.choice(words, 2, replace=False)) for _ in range(known + 6)],
        closed=True,
    )
    own = [i for i in range(known) for _ in range(n)]
    texts = [f"{labels.texts[i]} x{rng.integers(9)}" for i in own]
    train = Corpus.from_texts(texts, [[f"l{i}"] for i in own], space=labels)
    held = [i for i in range(known, known + 6) for _ in range(3)]
    test = Corpus.from_texts(
        [f"{labels.texts[i]} x{rng.integers(9)}" for i in held], [[f"l{i}"] for i in held], space=labels
    )
    return train, test


def test_labels_without_training_documents_are_found_by_their_texts():
    train, test = unseen_corpus()
    model = make(train={"epochs": 20, "validation": 0, "early_stopping": None}).fit(train)
    assert precision_at_1(model.predict(test.texts, 1), test) > 0.6


def test_untrained_labels_are_negatives_only_on_request():
    train, _ = unseen_corpus()
    texts = LabelTexts(Inputs.of([[1]] * len(train.labels), 0))
    examples = Examples(Inputs.of([[1]] * len(train), 0), train.positives)
    ground = Ground(None, examples, texts, None, Stages(), "training", 0)  # type: ignore[arg-type]
    compared = [all_labels(AllNegatives(untrained=untrained), ground).known for untrained in (False, True)]
    np.testing.assert_array_equal(compared[0], np.arange(24))
    np.testing.assert_array_equal(compared[1], np.arange(30))


# -- what it is made of ---------------------------------------------------------------------------------------------


def test_scores_are_cosines_of_vectors(fitted, parts):
    texts = parts[1].texts[:7]
    with torch.inference_mode():
        network = fitted._network
        documents = network.document_vectors(network.documents.inputs(texts).batch(np.arange(7)))
        labels = network.documents.inputs([fitted.labels.text_of(i) for i in range(len(fitted.labels))])
        vectors = network.label_vectors(labels.batch(np.arange(len(fitted.labels))))
    expected = (documents @ vectors.T).numpy()
    found = fitted.predict(texts, len(fitted.labels))
    assert found.kind == "similarity"
    np.testing.assert_allclose(found.scores, np.take_along_axis(expected, found.indices.astype(int), 1), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_scores_of_bce_are_probabilities(parts):
    model = make(loss="bce", train={"epochs": 2}).fit(parts[0])
    found = model.predict(parts[1].texts, 5)
    assert found.kind == "probability"
    assert 0 <= found.scores.min() <= found.scores.max() <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"label_encoder": {**ENCODER, "embeddings": {"width": 32, "dropout": 0.1}}},
        {"dimension": 8},
        {"normalised": False, "temperature": 1.0},
        {"learned_temperature": True},
        {"free_vectors": "all"},
        {"loss": "softmax"},
        {"loss": {"kind": "soft-top-k", "k": 5}},
        {"loss": {"kind": "triplet", "margin": 5.0}},
        {"loss": "decoupled-contrastive", "memory": {}},
        {"loss": "distribution-balanced"},
        {"negatives": "mined"},
        {
            "negatives": {
                "kind": "mined",
                "batches": "clusters",
                "positives": 1,
                "start_epoch": 2,
                "refresh_epochs": 3,
            },
            "train": {"group_by_length": False},
        },
        {"negatives": {"kind": "mined", "per_document": 2}, "free_vectors": "all"},
    ],
    ids=lambda options: " ".join(map(str, options.values()))[:40],
)
def test_parts_go_together(options, parts, tmp_path):
    model = make(**options).fit(parts[0])
    frequent = np.asarray(parts[1].positives[:, np.argmax(model.labels.counts)].sum()) / len(parts[1])
    found = model.predict(parts[1].texts, 5)
    assert precision_at_1(found, parts[1]) > frequent + 0.1
    model.save(tmp_path / "run")
    assert same(load(tmp_path / "run").predict(parts[1].texts, 5), found)


@needs_transformers
def test_the_encoder_may_be_a_transformer(parts):
    bert = {**TINY_BERT, "pooling": "mean"}
    model = make(encoder=bert, texts_at_once=16, train={"epochs": 2, "learning_rate": 1e-3}).fit(parts[0])
    assert model.predict(parts[1].texts, 3).indices.shape == (len(parts[1]), 3)


def test_what_is_held_at_once_changes_nothing_but_the_last_bits(fitted, parts):
    small = make(texts_at_once=7, labels_at_once=11).fit(parts[0])
    for one, other in zip(fitted._network.parameters(), small._network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=2e-2, atol=2e-3)
    one, other = (model.predict(parts[1].texts, 3) for model in (fitted, small))
    assert (one.indices == other.indices).mean() > 0.97


def test_free_vectors_are_those_of_trained_labels_alone():
    train, _ = unseen_corpus()
    model = make(free_vectors="all", train={"epochs": 1})
    model.fit(train)
    assert model._network.space.free.shape[0] <= 24
    names = LabelSpace(list(train.labels.names), texts=["a", None] * 15, closed=True)
    textless = make(free_vectors="textless", train={"epochs": 1, "validation": 0}).fit(
        Corpus(train.texts, train.positives, names)
    )
    assert textless._network.space.free.shape[0] == 12


def test_a_free_vector_tells_twins_apart():
    labels = LabelSpace(["a", "b"], texts=["same", "same"])
    texts = [f"{'red' if i % 2 else 'blue'} thing {i % 5}" for i in range(80)]
    corpus = Corpus.from_texts(texts, [["a"] if i % 2 else ["b"] for i in range(80)], space=labels)
    options = {"train": {"epochs": 20, "validation": 0, "early_stopping": None}}
    plain = make(**options).fit(corpus).predict(texts, 2)
    assert (plain.indices == [0, 1]).all()  # equal scores, in the order of the label space
    free = make(free_vectors="all", **options).fit(corpus)
    assert precision_at_1(free.predict(texts, 1), corpus) > 0.95


# -- the same every time ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits(fitted, parts):
    assert same(make().fit(parts[0]).predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))
    assert not same(make(seed=5).fit(parts[0]).predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))


@pytest.mark.parametrize("stop", [1, 4])
@pytest.mark.parametrize("negatives", ["all", {"kind": "mined", "start_epoch": 2, "refresh_epochs": 2}])
def test_it_goes_on_after_an_interruption_with_the_same_bits(parts, tmp_path, stop, negatives):
    options = {"negatives": negatives, "train": {"epochs": 6, "batch_size": 32}}
    whole = make(**options).fit(parts[0])
    with pytest.raises(KeyboardInterrupt):
        make(**options).fit(parts[0], stages=StopsAt(tmp_path, stop))
    again = make(**options).fit(parts[0], stages=Stages(tmp_path))
    assert same(again.predict(parts[1].texts, 5), whole.predict(parts[1].texts, 5))


def test_an_interrupted_fit_leaves_the_model_as_it_was(parts):
    model = make(train={"epochs": 2}).fit(parts[0])
    before = model.predict(parts[1].texts, 3)
    with pytest.raises(KeyboardInterrupt):
        model.fit(memorisable(), stages=StopsAt(None, 1))
    assert same(model.predict(parts[1].texts, 3), before)


# -- saved runs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fitted", "remembering"])
def test_a_saved_run_predicts_the_same(kind, parts, tmp_path, request):
    model = request.getfixturevalue(kind)
    model.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert same(again.predict(parts[1].texts, 7), model.predict(parts[1].texts, 7))
    assert [table.rows for table in again.fact_tables()] == [table.rows for table in model.fact_tables()]


def test_free_vectors_are_within_the_vectors_of_a_saved_run(parts, tmp_path):
    model = make(free_vectors="all", train={"epochs": 3}).fit(parts[0])
    model.save(tmp_path / "run")
    assert "space.free" not in RunDirectory.open(tmp_path / "run").read_arrays("network.safetensors")
    assert same(load(tmp_path / "run").predict(parts[1].texts, 3), model.predict(parts[1].texts, 3))


@pytest.mark.parametrize("damage", ["fewer", "narrow", "missing"])
def test_damaged_vectors_are_refused(fitted, tmp_path, damage):
    fitted.save(tmp_path / "run")
    run = RunDirectory.open(tmp_path / "run")
    vectors = np.array(run.read_arrays("vectors.safetensors")["vectors"])
    arrays = {
        "fewer": {"vectors": vectors[1:]},
        "narrow": {"vectors": vectors[:, 1:].copy()},
        "missing": {"v": vectors},
    }
    with run.amend() as writer:
        writer.arrays("vectors.safetensors", arrays[damage])
    with pytest.raises(RunError, match="do not make a dual-encoder"):
        load(tmp_path / "run")


# -- new labels and labels that go ----------------------------------------------------------------------------------


def with_new(model):
    new = LabelSpace(["n1", "n2"], texts=[model.labels.text_of(3) + " extra", "something else"])
    return model.labels.joined(new)


@pytest.mark.parametrize("memory", [None, {"neighbours": 40, "weight": 0.4}])
def test_added_labels_are_found_at_once_and_no_other_score_changes(parts, memory):
    model = make(memory=memory, train={"epochs": 4}).fit(parts[0])
    n = len(model.labels)
    before = model.predict(parts[1].texts, n).to_csr(n + 2)
    model.add_labels(with_new(model))
    assert list(model.labels.names[n:]) == ["n1", "n2"]
    found = model.predict(parts[1].texts, n + 2)
    after = found.to_csr()
    old = after[:, :n].toarray()
    np.testing.assert_array_equal(old, before.toarray()[:, :n])
    asked = model.predict([model.labels.text_of(n)], 3)
    assert n in asked.indices[0]


@pytest.mark.parametrize("memory", [None, {"neighbours": 40, "weight": 0.4}])
def test_removed_labels_are_gone_and_no_other_score_changes(parts, memory):
    model = make(memory=memory, train={"epochs": 4}).fit(parts[0])
    n = len(model.labels)
    before = model.predict(parts[1].texts, n).to_csr().toarray()
    kept = np.array([i for i in range(n) if i not in (0, 7, n - 1)])
    model.keep_labels(kept)
    found = model.predict(parts[1].texts, n)
    assert len(model.labels) == n - 3
    np.testing.assert_array_equal(found.to_csr().toarray(), before[:, kept])


def test_added_labels_need_a_text_where_texts_are_required(parts):
    model = make(label_text="required", train={"epochs": 1}).fit(parts[0])
    with pytest.raises(InputError, match="1 of 1 labels have no text"):
        model.add_labels(model.labels.joined(LabelSpace(["bare"])))
    assert "bare" not in model.labels


# -- its memory ------------------------------------------------------------------------------------------------------


def test_the_weight_of_documents_is_chosen_on_the_validation_part(remembering):
    tables = {table.title: table for table in remembering.fact_tables()}
    worth = tables["What the memory is worth"]
    values = [float(row[2]) for row in worth.rows]
    chosen = [row for row in worth.rows if "chosen" in row[1]]
    assert len(worth.rows) == 15 + 3
    assert [float(row[2]) for row in chosen] == [max(values)]
    memory = remembering._search.memory
    assert float(chosen[0][0]) == pytest.approx(1 / memory.scale, rel=0.01)
    assert float(chosen[0][1].removesuffix(" (chosen)")) == pytest.approx(memory.weight)
    assert len({row[0] for row in worth.rows}) == 4


def test_given_settings_are_taken(parts):
    model = make(memory={"weight": 0.25, "temperature": 0.04}, train={"epochs": 1}).fit(parts[0])
    assert model._search.memory.weight == 0.25
    assert model._search.memory.scale == pytest.approx(25.0)
    assert len(model.fact_tables()) == 1
    model = make(memory={"temperature": 0.04}, train={"epochs": 1}).fit(parts[0])
    assert model._search.memory.scale == pytest.approx(25.0)
    assert {row[0] for row in model.fact_tables()[1].rows} == {"0.04"}


def test_label_sets_are_made_at_a_threshold_that_validation_found(remembering, parts, tmp_path):
    train, test = parts
    for memory in (True, False):
        topk = remembering.predict(test.texts, 20, memory=memory)
        found = evaluate(topk, test, metrics=["micro-F1"], n_bootstrap=0).values["micro-F1"]
        least = evaluate(topk, test, metrics=["micro-F1"], n_bootstrap=0, threshold=0.9).values["micro-F1"]
        assert 0 < topk.threshold < 1
        assert found > least + 0.1
    remembering.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert again.predict(test.texts, 3).threshold == remembering.predict(test.texts, 3).threshold
    assert again.predict(test.texts, 3, memory=False).threshold == topk.threshold
    bare = make(train={"epochs": 1, "validation": 0.0}).fit(train)
    assert bare.predict(test.texts, 3).threshold is None


def test_a_new_label_is_found_whatever_documents_weigh(parts):
    model = make(memory={"weight": 1.0}, train={"epochs": 3}).fit(parts[0])
    text = parts[1].texts[0]
    model.add_labels(model.labels.joined(LabelSpace(["new"], texts=[text])))
    assert model.predict([text], 1).indices.tolist() == [[model.labels.index("new")]]


def test_what_is_remembered_are_the_training_documents(remembering, parts):
    memory = remembering._search.memory
    assert len(memory.documents) + round(0.1 * len(parts[0])) == pytest.approx(len(parts[0]), abs=8)
    found = remembering.predict(parts[1].texts, 5)
    assert found.kind == "probability"
    assert found.scores[:, 0].max() <= 1


def test_a_memory_with_graphs_says_what_it_finds(parts, tmp_path):
    pytest.importorskip("faiss")
    exact = make(memory={"neighbours": 40, "weight": 0.4}, train={"epochs": 1}).fit(parts[0])
    model = make(memory={"neighbours": 40, "weight": 0.4}, search="hnsw", train={"epochs": 1}).fit(parts[0])
    rows = {row[0]: row[1] for row in model.fact_tables()[0].rows}
    # So few keys are all met.
    assert rows["nearest labels (and documents) that the search by graphs finds, in per cent"] == "100.0"
    assert same(model.predict(parts[1].texts, 5), exact.predict(parts[1].texts, 5))
    model.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert again._search.memory.document_graph is not None
    assert same(again.predict(parts[1].texts, 5), model.predict(parts[1].texts, 5))


def test_labels_are_found_by_a_graph_where_there_is_no_memory(parts, tmp_path):
    pytest.importorskip("faiss")
    exact = make(memory=None, train={"epochs": 1}).fit(parts[0])
    model = make(memory=None, search={"kind": "hnsw", "links": 8}, train={"epochs": 1}).fit(parts[0])
    rows = {row[0]: row[1] for row in model.fact_tables()[0].rows}
    assert rows["nearest labels (and documents) that the search by graphs finds, in per cent"] == "100.0"
    new = model.labels.joined(LabelSpace(["new"], texts=[parts[1].texts[0]]))
    for one in (exact, model):
        one.add_labels(new)
        one.keep_labels(np.delete(np.arange(len(new)), 3))
    assert model._search.graph.graph.hnsw.nb_neighbors(1) == 8
    topk = model.predict(parts[1].texts, 5)
    assert same(topk, exact.predict(parts[1].texts, 5))
    assert model.labels.names[topk.indices[0, 0]] == "new"
    model.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert again._search.graph is not None
    assert same(again.predict(parts[1].texts, 5), topk)
    assert model._search.graph.n_rows == len(new) - 1


def test_without_faiss_a_graph_is_refused_before_training(parts, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(DualEncoder, "_fitted", None)  # the first thing that takes time
    with pytest.raises(MissingExtraError, match="faiss"):
        make(search={"kind": "hnsw", "links": 8}).fit(parts[0])


def test_settings_are_measured_in_blocks_as_at_once(remembering, parts, monkeypatch):
    memory, labels = remembering._search.memory, remembering.labels
    vectors = np.ascontiguousarray(memory.documents[:50] + memory.documents[50:100])
    truth = parts[0].positives[:50]
    whole = search.try_settings(memory, vectors, truth, labels, "nDCG@5")
    monkeypatch.setattr(search, "_DOCUMENTS_AT_ONCE", 7)
    assert search.try_settings(memory, vectors, truth, labels, "nDCG@5") == whole
    assert len({one.value for one in whole}) > 1
    one = search.try_settings(memory, vectors, truth, labels, "nDCG@5", scale=7.0, weight=0.25)
    assert [(one.scale, one.weight) for one in one] == [(7.0, 0.25)]


# -- bad input --------------------------------------------------------------------------------------------------------


def test_documents_without_labels_are_passed_over_and_counted(parts):
    train = parts[0]
    positives = train.positives.tolil()
    positives[:9] = False
    notes = Notes()
    corpus = Corpus(train.texts, csr_matrix(positives.tocsr(), dtype=bool), train.labels)
    model = make(train={"epochs": 1, "validation": 0}).fit(corpus, progress=notes)
    assert any("9 training documents have no label" in line for line in notes.said)
    assert ["training documents without a label, passed over", "9"] in model.fact_tables()[0].rows


def test_labels_without_text_are_refused_where_texts_are_required():
    train = memorisable()
    bare = Corpus(train.texts, train.positives, LabelSpace(list(train.labels.names)))
    with pytest.raises(InputError, match="64 of 64 labels have no text"):
        make(label_text="required").fit(bare)


def test_labels_that_read_alike_are_told():
    train, notes = memorisable(), Notes()
    twins = Corpus(train.texts, train.positives, LabelSpace(list(train.labels.names), texts=["one", "one"] * 32))
    make(train={"epochs": 1}).fit(twins, progress=notes)
    assert any("64 labels have the same text" in line for line in notes.said)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"loss": {"kind": "soft-top-k", "k": 0}}, "k"),
        ({"negatives": {"kind": "mined", "batches": "clusters"}}, "group_by_length"),
        ({"train": {"torch_compile": True}}, "torch_compile"),
        ({"negatives": "some"}, "unknown negatives"),
    ],
)
def test_bad_options_are_said_before_any_work(options, message):
    with pytest.raises(ConfigError, match=message):
        make(**options)


def test_k_has_to_be_below_the_number_of_labels(parts):
    with pytest.raises(ConfigError, match=r"k 60 is not below the number of labels"):
        make(loss={"kind": "soft-top-k", "k": 60}).fit(parts[0])


def test_two_encoders_have_to_make_vectors_of_one_width(parts):
    narrow = {**ENCODER, "embeddings": {"width": 16}}
    with pytest.raises(ConfigError, match=r"16 numbers.*32"):
        make(label_encoder=narrow).fit(parts[0])


def test_features_are_no_texts(parts):
    from model_cases import feature_corpora

    with pytest.raises(InputError, match="reads texts"):
        make().fit(feature_corpora()[0])


def test_batches_are_larger_than_of_other_networks_where_nothing_is_said():
    assert DualEncoderConfig().train.batch_size == 256
    assert DualEncoderConfig(train={"epochs": 3}).train.batch_size == 256
    assert DualEncoderConfig(train={"batch_size": 8}).train.batch_size == 8


def test_what_it_will_cost_is_said(parts):
    found = make().estimate(parts[0])
    assert found.seconds > 0
    assert found.memory_bytes > 0
    assert "documents and" in found.detail
    json.dumps(found.detail)


def test_few_states_are_kept_under_heavy_encoders():
    assert DualEncoder().config.texts_kept == 8192
    assert DualEncoder(encoder="cnn").config.texts_kept == 256
    assert DualEncoder(label_encoder="cnn").config.texts_kept == 256
    assert DualEncoder(encoder="cnn", texts_at_once=40).config.texts_kept == 40


def test_words_that_occur_once_are_known_unless_told_otherwise():
    assert DualEncoder().config.encoder.min_count == 1
    assert DualEncoder(encoder="bag", label_encoder="cnn").config.encoder.min_count == 1
    assert DualEncoder(encoder="bag", label_encoder="cnn").config.label_encoder.min_count == 1
    assert DualEncoder(encoder={"kind": "bag", "min_count": 2}).config.encoder.min_count == 2
    model = DualEncoder(encoder={"kind": "bag", "min_count": 2})
    assert DualEncoder(**model.config.model_dump()).config.encoder.min_count == 2
