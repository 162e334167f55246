"""AttentionXML: a tree, a network for each level, and a beam; checked against plain arithmetic."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from model_cases import corpora, memorisable, precision_at_1, same
from network_cases import TINY_BERT, Notes, StopsAt
from scipy.sparse import csr_matrix

from encoder_cases import needs_transformers
from manylabel import Corpus, LabelSpace, load
from manylabel.core.errors import ConfigError, InputError, RunError
from manylabel.core.progress import Silent
from manylabel.core.run_directory import RunDirectory
from manylabel.core.stages import Stages
from manylabel.models.attention_xml.attention_xml import AttentionXML
from manylabel.models.attention_xml.beam_facts import recall_by_width
from manylabel.models.attention_xml.config import AttentionXMLConfig, ClusteringConfig
from manylabel.models.attention_xml.levels import Beam, LevelPart
from manylabel.trees.label_tree import LabelTree

ENCODER = {"kind": "bag", "embeddings": {"width": 32, "dropout": 0.0}, "min_count": 1}
TRAIN = {"epochs": 10, "batch_size": 16, "learning_rate": 0.02, "early_stopping": "P@1", "train_metrics_documents": 50}


def make(**options):
    options = {"encoder": ENCODER, "clustering": {"cluster_size": 8}, "beam_width": 4, **options}
    train = {**TRAIN, **options.pop("train", {})}
    return AttentionXML(**options, train=train)


@pytest.fixture(scope="module")
def parts():
    return corpora()


@pytest.fixture(scope="module")
def fitted(parts):
    return make().fit(parts[0])


# -- what it predicts ---------------------------------------------------------------------------------------------


def test_it_learns_what_can_be_learned():
    train = memorisable()
    model = make(train={"epochs": 60, "validation": 0, "early_stopping": None}).fit(train)
    assert precision_at_1(model.predict(train.texts, 1), train) > 0.95


def test_a_beam_of_all_clusters_is_the_product_down_every_path(fitted, parts):
    texts = parts[1].texts[:20]
    one = fitted._trees[0]
    assert one.tree.depth == 2
    found = fitted.predict(texts, len(fitted.labels), beam_width=one.tree.n_nodes(0))
    tokens = fitted._encoder.inputs(texts)
    with torch.inference_mode():
        batch = tokens.batch(np.arange(len(texts)))
        clusters, labels = (network(batch).sigmoid().double().numpy() for network in one.networks)
    expected = np.zeros((len(texts), len(fitted.labels)))
    expected[:, one.tree.label_order] = clusters[:, one.tree.parents(1)] * labels
    dense = np.zeros_like(expected)
    np.put_along_axis(dense, found.indices.astype(np.int64), found.scores, axis=1)
    assert np.allclose(dense, expected, atol=1e-6)
    assert (np.sort(found.indices, axis=1) == np.arange(len(fitted.labels))).all()


def test_a_narrow_beam_scores_the_children_of_the_best_clusters_alone(fitted, parts):
    texts, one = parts[1].texts[:20], fitted._trees[0]
    whole = fitted.predict(texts, 60, beam_width=one.tree.n_nodes(0)).to_csr().toarray()
    narrow = fitted.predict(texts, 60, beam_width=2)
    cluster = one.tree.ancestors()[0]
    for row in range(len(texts)):
        listed = narrow.indices[row][narrow.indices[row] >= 0]
        assert len(np.unique(cluster[listed])) == 2
        assert np.allclose(narrow.scores[row][: len(listed)], whole[row, listed], atol=1e-6)


def test_documents_do_not_depend_on_those_beside_them(fitted, parts):
    texts = parts[1].texts[:30]
    together, alone = fitted.predict(texts, 5), fitted.predict(texts[7:8], 5)
    assert np.allclose(together.scores[7], alone.scores[0], atol=1e-6)
    assert fitted.predict([], 5).indices.shape == (0, 5)


def test_three_levels(parts, tmp_path):
    model = make(clustering={"clusters": [4, 16]}, train={"epochs": 3}).fit(parts[0])
    tree = model._trees[0].tree
    assert [tree.n_nodes(level) for level in range(tree.depth)] == [4, 16, 60]
    assert len(model._trees[0].networks) == 3
    found = model.predict(parts[1].texts, 5)
    assert found.indices.min() >= 0
    model.save(tmp_path / "run")
    assert same(load(tmp_path / "run").predict(parts[1].texts, 5), found)


def test_several_trees_are_averaged(parts):
    model = make(trees=2, train={"epochs": 2}).fit(parts[0])
    orders = [one.tree.label_order.tolist() for one in model._trees]
    assert orders[0] != orders[1]
    found = model.predict(parts[1].texts[:10], 5)
    assert (np.diff(found.scores, axis=1) <= 0).all()


# -- how it is trained ----------------------------------------------------------------------------------------------


def test_rows_that_were_no_candidate_stay_as_they_began(tmp_path):
    """Eight documents of eight labels in two of four clusters: the others' labels are never read."""
    train = memorisable(32).select(range(8))
    groups = [range(4), range(4, 8), range(8, 20), range(20, 32)]
    found = []
    for rate in (1e-30, 0.02):
        stages = Stages(tmp_path / str(rate))
        stages.folder.mkdir()
        stages.run("tree0-clusters", lambda: LabelTree.from_groups(groups).to_arrays())
        options = {"epochs": 2, "learning_rate": rate, "validation": 0, "early_stopping": None}
        model = make(training_beam_width=1, train=options).fit(train, stages=stages)
        found.append(model._trees[0].networks[1].head.queries.weight.detach())
    moved = (found[0] != found[1]).any(dim=1)
    assert moved[:8].all()
    assert not moved[8:].any()


def test_a_level_begins_as_the_one_above(parts):
    model = make(train={"epochs": 2, "learning_rate": 1e-30}).fit(parts[0])
    above, below = model._trees[0].networks
    assert torch.equal(above.encoder.embedding.table.weight, below.encoder.embedding.table.weight)
    assert torch.equal(above.head.shared[0].weight, below.head.shared[0].weight)


def test_options_of_single_levels(parts):
    lines = StopsAt(None, 0)
    make(levels=[{"epochs": 1}, {"epochs": 2}]).fit(parts[0], stages=lines)
    epochs = [(line.get("part"), line["epoch"]) for line in lines.lines if line["stage"] == "epoch"]
    assert epochs == [("tree0-level0", 1), ("tree0", 2), ("tree0", 3)]


def test_the_encoder_may_be_any(parts):
    model = make(encoder={"kind": "bilstm", "hidden_dim": 8, "min_count": 1}, train={"epochs": 1}).fit(parts[0])
    assert model.predict(parts[1].texts, 3).indices.shape == (len(parts[1]), 3)


@needs_transformers
def test_the_encoder_may_be_a_transformer(parts):
    model = make(encoder=TINY_BERT, train={"epochs": 1}).fit(parts[0])
    assert model.predict(parts[1].texts, 3).indices.shape == (len(parts[1]), 3)


def test_the_same_seed_gives_the_same_bits(parts):
    one, two = (make(train={"epochs": 2}).fit(parts[0]).predict(parts[1].texts, 5) for _ in range(2))
    assert same(one, two)


# -- what it says of itself ------------------------------------------------------------------------------------------


def test_recall_of_the_beam_and_what_it_costs(fitted, tmp_path):
    recall, costs = fitted.fact_tables()
    assert recall.columns == ["level", "1", "2", "4"]
    shares = [float(cell) for cell in recall.rows[0][1:]]
    assert recall.rows[0][0] == "8 clusters"
    assert shares == sorted(shares)
    assert 0 < shares[0] <= 100
    assert [row[0] for row in costs.rows] == ["1", "2", "4 (configured)", "8"]
    assert [row[1] for row in costs.rows] == ["8", "15", "30", "60"]
    assert float(costs.rows[0][3]) > 0
    fitted.save(tmp_path / "run")
    assert load(tmp_path / "run").fact_tables() == [recall, costs]
    assert "## Recall of the shortlists" in "".join(fitted.card_sections())


def test_without_validation_documents_nothing_is_said_of_the_beam(parts):
    model = make(train={"epochs": 1, "validation": 0, "early_stopping": None}).fit(parts[0])
    assert model.fact_tables() == []


def test_recall_is_the_share_of_true_nodes():
    beam = Beam(np.array([[2, 0], [1, -1]], np.int32), np.zeros((2, 2), np.float32))
    part = LevelPart(None, csr_matrix(np.array([[1, 0, 0], [1, 1, 1]], bool)), None)
    assert recall_by_width(beam, part) == {1: 0.25, 2: 0.5}


# -- saved, interrupted ---------------------------------------------------------------------------------------------


def test_saved_and_loaded(fitted, parts, tmp_path):
    fitted.save(tmp_path / "run")
    assert same(load(tmp_path / "run").predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))


@pytest.mark.parametrize("training", ["level-by-level", "together"])
def test_vectors_that_are_not_trained_lie_in_the_run_once(parts, tmp_path, training):
    """Loaded networks all read the one table."""
    encoder = {**ENCODER, "embeddings": {"width": 32, "dropout": 0.0, "trained": False}}
    options = {"encoder": encoder, "training": training, "trees": 2, "train": {"epochs": 1}}
    model = make(**options).fit(parts[0], stages=Stages(tmp_path))
    again = make(**options).fit(parts[0], stages=Stages(tmp_path))
    assert same(again.predict(parts[1].texts, 5), model.predict(parts[1].texts, 5))
    model.save(tmp_path / "run")
    tables = [
        name for name in RunDirectory.open(tmp_path / "run").read_arrays("networks.safetensors") if "table" in name
    ]
    assert tables == ["shared.embedding.table.weight"]
    loaded = load(tmp_path / "run")
    assert same(loaded.predict(parts[1].texts, 5), model.predict(parts[1].texts, 5))
    assert len({id(net.encoder.embedding.table.weight) for one in loaded._trees for net in one.networks}) == 1


@pytest.mark.parametrize("stage", ["tree0-clusters", "tree0-level0", "tree0-level0-beam", "tree0-level1"])
def test_it_goes_on_after_an_interruption_with_the_same_bits(fitted, parts, tmp_path, stage):
    class Interrupted(Stages):
        def run(self, name, compute):
            found = super().run(name, compute)
            if name == stage:
                raise KeyboardInterrupt
            return found

    with pytest.raises(KeyboardInterrupt):
        make().fit(parts[0], stages=Interrupted(tmp_path))
    again = make().fit(parts[0], stages=Stages(tmp_path))
    assert same(again.predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))


class StopsWithin(Silent):
    """Interrupts at the n-th sign of life of a task: a step of an epoch, or documents that a search has scored."""

    def __init__(self, name, number):
        self.name, self.left = name, number

    @contextmanager
    def task(self, description, total):
        def advance(units):
            self.left -= description.startswith(self.name)
            if self.left == 0:
                raise KeyboardInterrupt

        yield advance


def test_it_goes_on_from_the_middle_of_anything_with_the_same_bits(parts, tmp_path):
    train = {"epochs": 2, "train_metrics_documents": 0}
    whole = make(train=train).fit(parts[0]).predict(parts[1].texts, 5)
    # 360 documents in 23 steps: in the first and second epoch of both levels, and in the search between them.
    for name, number in [("epoch", 5), ("epoch", 30), ("level 0", 1), ("epoch", 55), ("epoch", 85)]:
        folder = tmp_path / f"{name} {number}"
        folder.mkdir()
        with pytest.raises(KeyboardInterrupt):
            make(train=train).fit(parts[0], stages=Stages(folder), progress=StopsWithin(name, number))
        again = make(train=train).fit(parts[0], stages=Stages(folder))
        assert same(again.predict(parts[1].texts, 5), whole), (name, number)


# -- at the edges ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clustering", [{"cluster_size": 1000}, {"clusters": [64]}])
def test_clusters_as_large_as_the_label_space_mean_flat(parts, clustering):
    notes = Notes()
    model = make(clustering=clustering, train={"epochs": 1}).fit(parts[0], progress=notes)
    assert model._trees[0].tree.depth == 1
    assert any("scored all at once" in note for note in notes.said)
    assert model.predict(parts[1].texts, 5).indices.min() >= 0


def test_a_beam_as_wide_as_the_clusters_means_flat(parts):
    notes = Notes()
    model = make(beam_width=100, train={"epochs": 1}).fit(parts[0], progress=notes)
    assert any("a beam of 100 holds all 8 clusters: every label is scored" in note for note in notes.said)
    found = model.predict(parts[1].texts[:3], 60)
    assert (np.sort(found.indices, axis=1) == np.arange(60)).all()


def test_labels_without_documents_can_be_reached(parts):
    train = parts[0]
    space = LabelSpace([*train.labels.names, "never", "seen"])
    wider = Corpus.from_texts(train.texts, [train.labels_of(row) for row in range(len(train))], space=space)
    notes = Notes()
    model = make(train={"epochs": 1}).fit(wider, progress=notes)
    assert any("2 of 62 labels" in note for note in notes.said)
    found = model.predict(parts[1].texts[:3], 62, beam_width=1000)
    assert (np.sort(found.indices, axis=1) == np.arange(62)).all()


def test_a_tree_of_another_label_space(parts, fitted, tmp_path):
    stages = Stages(tmp_path)
    stages.run("tree0-clusters", lambda: LabelTree.from_groups([range(5), range(5, 10)]).to_arrays())
    with pytest.raises(RunError, match="10 labels, the documents 60"):
        make().fit(parts[0], stages=stages)
    one = make().fit(parts[0].select(range(200)))
    one._trees[0].tree = LabelTree.from_groups([range(5), range(5, 10)])
    one.save(tmp_path / "run")
    with pytest.raises(RunError, match="the label tree has 10 labels, the run 60"):
        load(tmp_path / "run")


@pytest.mark.parametrize("clusters", [[16, 4], [8, 8], [0]])
def test_numbers_of_clusters_grow(clusters):
    with pytest.raises(ConfigError, match="must grow"):
        make(clustering={"clusters": clusters})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clustering": {"cluster_size": 4, "clusters": [4]}}, "not both"),
        ({"loss": "softmax"}, "no probability of each label by itself"),
        ({"loss": "squared-hinge"}, "no probability of each label by itself"),
        ({"loss": "decoupled-contrastive"}, "compares vectors of documents: it is for dual-encoder"),
        ({"levels": [{"epoch": 3}]}, r"levels\.0\.epoch"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ConfigError, match=message):
        make(**options)


def test_texts_of_labels_that_there_are_not():
    train = Corpus.from_texts([f"word{i} common" for i in range(40)], [[f"l{i % 20}"] for i in range(40)])
    with pytest.raises(ConfigError, match="needs a label file with texts"):
        make(clustering={"cluster_size": 4, "label_features": "text"}).fit(train)


def test_nothing_to_learn_from():
    with pytest.raises(InputError, match="no documents"):
        make().fit(Corpus.from_texts([], []))


@pytest.mark.parametrize(("size", "labels", "counts"), [(8, 60, (8,)), (8, 64, (8,)), (1, 60, ()), (100, 60, ())])
def test_counts_of_clusters(size, labels, counts):
    assert ClusteringConfig(cluster_size=size).counts(labels) == counts


def test_the_estimate_says_what_is_trained(parts):
    found = make().estimate(parts[0])
    assert "8 + 60 nodes" in found.detail
    assert found.seconds > 0
    assert AttentionXMLConfig().train_of(5) == AttentionXMLConfig().train
