"""AttentionXML with one encoder for all levels, trained together; checked against plain arithmetic."""

import tracemalloc

import numpy as np
import pytest
import torch
from model_cases import corpora, memorisable, precision_at_1, same
from network_cases import TINY_BERT, Notes, StopsAt
from scipy.sparse import csr_matrix

from encoder_cases import needs_transformers
from manylabel import Corpus, LabelSpace, load
from manylabel.core.errors import ConfigError, DivergedError
from manylabel.core.stages import Stages
from manylabel.models.attention_xml.attention_xml import AttentionXML
from manylabel.models.attention_xml.config import AttentionXMLConfig
from manylabel.models.attention_xml.descent import LevelsNetwork
from manylabel.models.attention_xml.start import expected_documents
from manylabel.models.attention_xml.together import Together
from manylabel.models.attention_xml.training import new_head
from manylabel.nn.encoders.bag import Bag
from manylabel.nn.encoders.bag_config import BagConfig
from manylabel.nn.losses.bce import BCE
from manylabel.train.classification import Trainable
from manylabel.train.memory import pass_bytes
from manylabel.train.task import Measured
from manylabel.trees.label_tree import LabelTree
from manylabel.trees.node_rows import nodes_of_documents

ENCODER = {"kind": "bag", "embeddings": {"width": 32, "dropout": 0.0}, "min_count": 1}
TRAIN = {"epochs": 3, "batch_size": 16, "learning_rate": 0.02, "early_stopping": "P@1", "train_metrics_documents": 50}


def make(**options):
    options = {
        "encoder": ENCODER,
        "clustering": {"cluster_size": 8},
        "beam_width": 4,
        "training": "together",
        **options,
    }
    train = {**TRAIN, **options.pop("train", {})}
    return AttentionXML(**options, train=train)


@pytest.fixture(scope="module")
def parts():
    return corpora()


@pytest.fixture(scope="module")
def fitted(parts):
    return make().fit(parts[0])


# -- one step -------------------------------------------------------------------------------------------------------


GROUPS = [[[0, 1], [2, 3, 4], [5]], [[6, 7], [8]], [[9, 10], [11, 12]], [[13], [14, 15], [16, 17], [18, 19]]]


def step_of(groups, positives, width):
    """A task without dropout on a tree of three levels: groups of groups of labels."""
    flat = LabelTree.from_groups([leaf for group in groups for leaf in group])
    bounds = np.cumsum([0, *map(len, groups)]).astype(np.int64)
    tree = LabelTree((np.array([0, len(groups)], np.int64), bounds, flat.offsets[1]), flat.label_order)
    texts = [f"common word{row} other{row % 3}" for row in range(positives.shape[0])]
    encoder = Bag(BagConfig(**ENCODER)).fit(texts)
    config = AttentionXMLConfig(
        head={"kind": "label-attention", "output": "shared", "hidden_dims": [8], "dropout": 0.0}
    )
    heads = [new_head(config, encoder, level, tree.n_nodes(level)) for level in range(tree.depth)]
    network, known = LevelsNetwork(encoder, heads), nodes_of_documents(tree, positives)
    return Together(network, tree, encoder.inputs(texts), known, BCE(), Trainable([]), Measured, width=width), tree


def by_hand(task, tree, positives, width):
    """The loss of each document and the candidates of each level, one document and one node after the other."""
    batch = task.examples.inputs.batch(np.arange(positives.shape[0]))
    with torch.no_grad():
        scores = [network(batch).double().numpy() for network in task.network.networks()]
    losses, candidates = [], [set() for _ in scores]
    for row, labels in enumerate(positives.toarray()):
        of_levels, chosen = [], {0: 1.0}  # the root
        for level, given in enumerate(scores):
            true = {int(tree.ancestors()[level][label]) for label in np.flatnonzero(labels)}
            chances = 1 / (1 + np.exp(-given[row]))
            offsets = tree.offsets[level]
            path = {
                child: above * chances[child]
                for node, above in chosen.items()
                for child in range(offsets[node], offsets[node + 1])
            }
            candidates[level] |= set(path)
            of_levels.append(np.mean([-np.log(chances[c] if c in true else 1 - chances[c]) for c in path]))
            led = sorted(path, key=lambda child: (-path[child], child))[:width]
            missed = sorted(set(path) & true - set(led))
            order = [*[c for c in led if c in true], *missed, *[c for c in led if c not in true]]
            chosen = {child: path[child] for child in order[:width]}
        losses.append(np.mean(of_levels))
    return np.array(losses), candidates


@pytest.mark.parametrize("width", [1, 2, 3, 100])
def test_the_loss_of_a_step_is_the_mean_over_levels(width):
    torch.manual_seed(3)
    positives = np.zeros((6, 20), bool)
    for row, labels in enumerate([[0], [3, 9], [8, 14, 19], [], [1, 2, 5, 6, 11, 18], [17]]):
        positives[row, labels] = True
    positives = csr_matrix(positives)
    task, tree = step_of(GROUPS, positives, width)
    with torch.no_grad():
        for head in task.network.heads:
            head.bias.uniform_(-2, 2)
            head.queries.weight.mul_(30)
    losses = task(task.collate(np.arange(6), np.random.default_rng(0)))
    expected, candidates = by_hand(task, tree, positives, width)
    assert np.allclose(losses.detach().numpy(), expected, atol=1e-5)
    losses.sum().backward()
    for level, head in enumerate(task.network.heads[1:], start=1):
        for gradient in (head.queries.weight.grad, head.bias.grad):
            assert gradient.is_sparse
            assert set(gradient.coalesce().indices()[0].tolist()) == candidates[level]
    assert (len(candidates[2]) < 20) == (width < 100)
    assert task.network.encoder.embedding.table.weight.grad.abs().sum() > 0


def test_nothing_is_as_large_as_documents_by_labels():
    labels, documents = 1 << 17, 16
    groups = np.arange(labels).reshape(16, 32, -1).tolist()
    own = np.arange(documents)
    positives = csr_matrix((np.ones(documents, bool), (own, 99 * own)), (documents, labels))
    task, _ = step_of(groups, positives, 2)
    batch = task.collate(own, np.random.default_rng(0))
    tracemalloc.start()
    tensors = pass_bytes(task, batch, AttentionXMLConfig().train)
    arrays = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tensors + arrays < 2 * documents * labels  # bytes; a score of each label would take twice as many


def test_priors_of_lower_levels():
    """Three documents, four nodes; two places of a beam of three are left over, then three of a document without."""
    above = csr_matrix(np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], np.float32))
    others = 12 - 3  # pairs of a document and a node that is not its own
    share = (2 + 1 + 3) / others
    assert np.allclose(expected_documents(above, 3), [2 + share, 1 + 2 * share, 3 * share, 3 * share])
    assert np.allclose(expected_documents(above, 100), 3)
    assert np.allclose(expected_documents(above, 3).sum(), 3 * 3)


# -- what it predicts -----------------------------------------------------------------------------------------------


def test_it_learns_what_can_be_learned():
    train = memorisable()
    model = make(train={"epochs": 40, "validation": 0, "early_stopping": None}).fit(train)
    assert precision_at_1(model.predict(train.texts, 1), train) > 0.95
    assert model.fact_tables() == []


@pytest.fixture(scope="module")
def deep(parts):
    return make(clustering={"clusters": [4, 16]}).fit(parts[0])


def test_a_beam_of_all_clusters_is_the_product_down_every_path(deep, parts):
    texts, one = parts[1].texts[:20], deep._trees[0]
    tree = one.tree
    assert [tree.n_nodes(level) for level in range(tree.depth)] == [4, 16, 60]
    assert len({id(network.encoder) for network in one.networks}) == 1
    found = deep.predict(texts, 60, beam_width=16)
    with torch.inference_mode():
        batch = deep._encoder.inputs(texts).batch(np.arange(len(texts)))
        upper, lower, labels = (network(batch).sigmoid().double().numpy() for network in one.networks)
    expected = np.zeros((len(texts), 60))
    expected[:, tree.label_order] = (upper[:, tree.parents(1)] * lower)[:, tree.parents(2)] * labels
    shown = np.zeros_like(expected)
    np.put_along_axis(shown, found.indices.astype(np.int64), found.scores, axis=1)
    assert np.allclose(shown, expected, atol=1e-6)


def test_a_narrow_beam_scores_the_children_of_the_best_clusters_alone(deep, parts):
    texts, tree = parts[1].texts[:20], deep._trees[0].tree
    whole = deep.predict(texts, 60, beam_width=16).to_csr().toarray()
    narrow = deep.predict(texts, 60, beam_width=2)
    for row in range(len(texts)):
        listed = narrow.indices[row][narrow.indices[row] >= 0]
        assert len(np.unique(tree.ancestors()[1][listed])) == 2
        assert np.allclose(narrow.scores[row][: len(listed)], whole[row, listed], atol=1e-6)


def test_each_document_is_encoded_once(deep, parts):
    seen = []
    hook = deep._trees[0].networks[0].encoder.register_forward_hook(lambda *given: seen.append(len(given[2].mask)))
    deep.predict(parts[1].texts, 5)
    hook.remove()
    assert sum(seen) == len(parts[1])
    assert deep.predict([], 5).indices.shape == (0, 5)


def test_a_tree_of_labels_alone_is_trained_as_level_by_level(parts):
    flat = {"clustering": {"cluster_size": 1000}, "train": {"epochs": 2}}
    notes = Notes()
    model = make(**flat).fit(parts[0], progress=notes)
    assert any("scored all at once" in note for note in notes.said)
    other = make(**flat, training="level-by-level").fit(parts[0])
    assert same(model.predict(parts[1].texts, 5), other.predict(parts[1].texts, 5))


def test_several_trees_are_averaged(parts):
    model = make(trees=2, train={"epochs": 1}).fit(parts[0])
    orders = [one.tree.label_order.tolist() for one in model._trees]
    assert orders[0] != orders[1]
    assert (np.diff(model.predict(parts[1].texts[:10], 5).scores, axis=1) <= 0).all()


def test_labels_without_documents_can_be_reached(parts):
    train = parts[0]
    space = LabelSpace([*train.labels.names, "never", "seen"])
    wider = Corpus.from_texts(train.texts, [train.labels_of(row) for row in range(len(train))], space=space)
    found = make(train={"epochs": 1}).fit(wider).predict(parts[1].texts[:3], 62, beam_width=1000)
    assert (np.sort(found.indices, axis=1) == np.arange(62)).all()


# -- how it is trained ----------------------------------------------------------------------------------------------


def test_the_history_is_that_of_the_labels(parts):
    """The rate is too low for a better epoch after the first: two more, and it stops."""
    lines = StopsAt(None, 0)
    options = {"epochs": 9, "learning_rate": 1e-30, "early_stopping": {"metric": "nDCG@5", "patience": 2}}
    make(train=options).fit(parts[0], stages=lines)
    epochs = [line for line in lines.lines if line["stage"] == "epoch"]
    assert [(line["part"], line["epoch"]) for line in epochs] == [("tree0", 1), ("tree0", 2), ("tree0", 3)]
    assert {"loss", "P@1", "nDCG@5", "micro-F1"} <= set(epochs[0]["validation"])
    assert {"loss", "P@1"} <= set(epochs[0]["train"])
    assert 0 < epochs[0]["validation"]["loss"] < 1


def test_recall_of_every_level_of_clusters(deep):
    recall, costs = deep.fact_tables()
    assert [row[0] for row in recall.rows] == ["4 clusters", "16 clusters"]
    shares = [float(cell) for cell in recall.rows[1][1:]]
    assert shares == sorted(shares)
    assert [row[0] for row in costs.rows] == ["1", "2", "4 (configured)", "8", "16"]


def test_the_same_seed_gives_the_same_bits(fitted, parts):
    assert same(make().fit(parts[0]).predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))


@needs_transformers
def test_the_encoder_may_be_a_transformer(parts):
    model = make(encoder=TINY_BERT, train={"epochs": 1}).fit(parts[0].select(np.arange(100)))
    assert model.predict(parts[1].texts, 3).indices.shape == (len(parts[1]), 3)


@needs_transformers
def test_frozen_layers_stay_and_their_states_may_be_kept(parts):
    some = parts[0].select(np.arange(100))
    for kept in (False, True):
        encoder = {**TINY_BERT, "frozen_layers": 1, "cache_states": kept}
        model = make(encoder=encoder, train={"epochs": 1}).fit(some)
        began, ended = (dict(one.named_parameters()) for one in (model._encoder, model._trees[0].networks[0].encoder))
        moved = {name for name, value in ended.items() if not torch.equal(value, began[name])}
        assert any("layer.1." in name for name in moved)
        assert not any("layer.0." in name for name in moved)
        assert model.predict(parts[1].texts[:5], 3).indices.shape == (5, 3)


def test_a_head_that_reads_one_vector_of_a_document(parts):
    model = make(head="linear", train={"epochs": 1}).fit(parts[0])
    assert model.predict(parts[1].texts, 3).indices.shape == (len(parts[1]), 3)


def test_a_loss_that_is_no_number_is_told(parts):
    with pytest.raises(DivergedError, match="epoch 1"):
        make(train={"learning_rate": 1e30, "max_grad_norm": None, "epochs": 4}).fit(parts[0])


# -- saved, interrupted ---------------------------------------------------------------------------------------------


def test_saved_and_loaded(deep, parts, tmp_path):
    deep.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert same(again.predict(parts[1].texts, 5), deep.predict(parts[1].texts, 5))
    assert again.fact_tables() == deep.fact_tables()
    assert len({id(network.encoder) for network in again._trees[0].networks}) == 1
    size = (tmp_path / "run" / "networks.safetensors").stat().st_size
    tables = sum(p.numel() for network in deep._trees[0].networks for p in network.head.parameters())
    encoder = sum(p.numel() for p in deep._encoder.parameters())
    assert size < 4 * (tables + encoder) + 10_000


class Killed(Exception):
    """The process is gone: nothing more is written."""


@pytest.mark.parametrize("step", [1, 40])
def test_it_goes_on_after_any_step_with_the_same_bits(fitted, parts, tmp_path, monkeypatch, step):
    calls = []
    forward = Together.forward

    def until(self, batch):
        calls.append(len(batch.positives))
        if len(calls) == step + 2:  # what checks that a batch fits calls it twice
            raise Killed
        return forward(self, batch)

    monkeypatch.setattr(Together, "forward", until)
    with pytest.raises(Killed):
        make(train={"checkpoint_seconds": 0}).fit(parts[0], stages=Stages(tmp_path))
    monkeypatch.undo()
    assert Stages(tmp_path).is_done("tree0-clusters")
    assert (tmp_path / "tree0-together.unfinished").is_file() == (step > 1)
    again = make(train={"checkpoint_seconds": 0}).fit(parts[0], stages=Stages(tmp_path))
    assert same(again.predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))


def test_a_stage_that_is_done_is_not_repeated(fitted, parts, tmp_path):
    make().fit(parts[0], stages=Stages(tmp_path))
    lines = StopsAt(tmp_path, 0)
    again = make().fit(parts[0], stages=lines)
    assert lines.lines == []
    assert same(again.predict(parts[1].texts, 5), fitted.predict(parts[1].texts, 5))


# -- at the edges ---------------------------------------------------------------------------------------------------


def test_levels_have_no_options_of_their_own():
    with pytest.raises(ConfigError, match="levels: all levels are trained in the same steps"):
        make(levels=[{"epochs": 1}])


def test_the_estimate_says_what_is_trained(parts):
    found = make().estimate(parts[0])
    assert "8 + 60 nodes, 3 epochs for all levels together" in found.detail
    assert found.seconds > 0
    assert found.memory_bytes > 0
