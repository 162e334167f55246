from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus, Document
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.split import SPLITS, split, split_rows

TRAIN_TEST = {"train": 0.8, "test": 0.2}


def corpus_of(label_sets, **fields):
    documents = [
        Document(f"t{i}", tuple(labels), None, {name: column[i] for name, column in fields.items()})
        for i, labels in enumerate(label_sets)
    ]
    return Corpus.from_documents(documents)


def long_tailed(n=2000, n_labels=300, seed=0):
    """Labels by Zipf's law, one to five a document, in the form of a corpus without much text."""
    random = np.random.default_rng(seed)
    weights = 1 / np.arange(1, n_labels + 1)
    sizes = random.integers(0, 6, n)
    rows = np.repeat(np.arange(n), sizes)
    columns = random.choice(n_labels, sizes.sum(), p=weights / weights.sum())
    positives = csr_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(n, n_labels))
    positives.sum_duplicates()
    return Corpus([""] * n, positives, LabelSpace([str(i) for i in range(n_labels)]))


def counts(corpus, rows):
    return np.bincount(corpus.positives[rows].indices, minlength=corpus.n_labels)


@pytest.mark.parametrize("method", SPLITS)
def test_every_document_is_in_one_part_and_keeps_its_order(method):
    n = 203
    groups = [str(i % 41) for i in range(n)]
    corpus = corpus_of([[f"l{i % 13}", f"m{i % 7}"] for i in range(n)], group=groups)
    field = "group" if method in ("group", "field") else None
    fractions = None if method == "field" else {"a": 0.5, "b": 0.3, "c": 0.2}
    rows = split_rows(corpus, fractions, method, field, seed=3)
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(n))
    assert all((np.diff(own) > 0).all() for own in rows.values())
    parts = split(corpus, fractions, method=method, field=field, seed=3)
    for name, part in parts.items():
        assert part.texts == [f"t{i}" for i in rows[name]]
        assert part.labels is corpus.labels


@pytest.mark.parametrize("method", ["random", "stratified", "group"])
def test_seed_decides(method):
    corpus = long_tailed(500, 40)
    fields = {"g": [str(i % 90) for i in range(500)]}
    corpus = Corpus(corpus.texts, corpus.positives, corpus.labels, fields=fields)
    field = "g" if method == "group" else None
    first, again, other = (split_rows(corpus, TRAIN_TEST, method, field, seed) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in first)
    assert len(first["train"]) != len(other["train"]) or (first["train"] != other["train"]).any()


@given(n=st.integers(3, 60), weights=st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_random_sizes_are_exact(n, weights):
    fractions = [weight / sum(weights) for weight in weights]
    corpus = corpus_of([["x"]] * n)
    try:
        sizes = [len(rows) for rows in split_rows(corpus, fractions).values()]
    except InputError:
        assert min(fractions) * n < 1
        return
    assert sum(sizes) == n
    assert all(abs(size - fraction * n) < 1 for size, fraction in zip(sizes, fractions, strict=True))


def test_stratified_spreads_labels_better_than_chance():
    corpus = long_tailed()
    for fractions in (TRAIN_TEST, {"a": 0.5, "b": 0.5}, {"a": 0.6, "b": 0.3, "c": 0.1}):
        wanted = {name: share * counts(corpus, slice(None)) for name, share in fractions.items()}
        error = {}
        for method in ("random", "stratified"):
            rows = split_rows(corpus, fractions, method, seed=5)
            error[method] = np.mean([np.abs(counts(corpus, rows[name]) - wanted[name]).mean() for name in fractions])
            for name, share in fractions.items():
                assert abs(len(rows[name]) - share * len(corpus)) <= 0.02 * len(corpus)
        assert error["stratified"] < 0.5 * error["random"]


def test_stratified_splits_disjoint_labels_exactly():
    corpus = corpus_of([["a"]] * 50 + [["b"]] * 20 + [["c"]] * 10 + [[]] * 20)
    rows = split_rows(corpus, {"train": 0.8, "dev": 0.1, "test": 0.1}, "stratified", seed=1)
    assert [counts(corpus, own).tolist() for own in rows.values()] == [[40, 16, 8], [5, 2, 1], [5, 2, 1]]
    assert [len(own) for own in rows.values()] == [80, 10, 10]


def test_stratified_by_hand():
    # b is rarest: both of its documents are dealt first, one to each half; then those of a follow alone.
    corpus = corpus_of([["a", "b"], ["a", "b"], ["a"], ["a"]])
    for seed in range(20):
        rows = split_rows(corpus, [0.5, 0.5], "stratified", seed=seed)
        assert [counts(corpus, own).tolist() for own in rows.values()] == [[2, 1], [2, 1]]


def test_stratified_takes_the_label_that_is_rarest_by_then():
    # Dealing out a leaves b with four documents, fewer than any other: they must still even out b's first eight.
    label_sets = [["a", "b"]] * 8 + [["a"]] * 2 + [["b"]] * 4 + [["c"]] * 100
    corpus = corpus_of(label_sets)
    for seed in range(20):
        rows = split_rows(corpus, [0.5, 0.5], "stratified", seed=seed)
        assert [counts(corpus, own).tolist() for own in rows.values()] == [[5, 6, 50], [5, 6, 50]]


@settings(max_examples=150, deadline=None)
@given(
    label_sets=st.lists(st.sets(st.integers(0, 12), max_size=4), min_size=4, max_size=40),
    main=st.sampled_from([0.51, 0.6, 0.8, 0.95]),
    seed=st.integers(0, 5),
)
def test_no_label_of_the_other_parts_is_missing_from_the_main_part(label_sets, main, seed):
    from manylabel.data.stratify import stratify

    corpus = corpus_of([[str(label) for label in sorted(labels)] for labels in label_sets])
    parts = stratify(corpus.positives, np.array([(1 - main) / 2, main, (1 - main) / 2]), seed)
    total, in_main = counts(corpus, slice(None)), counts(corpus, parts == 1)
    assert (in_main[total > 0] > 0).all()
    assert (in_main[total == 1] == 1).all(), "a label with one document stays in the main part"
    assert (in_main[total == 2] >= 1).all(), "of two documents at least one is there"


def test_single_documents_of_labels_are_shared_out_between_equal_parts():
    corpus = corpus_of([[f"l{i}"] for i in range(200)])
    rows = split_rows(corpus, [0.5, 0.5], "stratified", seed=0)
    assert [len(own) for own in rows.values()] == [100, 100]


def test_stratified_without_any_label():
    rows = split_rows(corpus_of([[]] * 10), TRAIN_TEST, "stratified")
    assert [len(own) for own in rows.values()] == [8, 2]


def test_groups_stay_together():
    random = np.random.default_rng(0)
    groups = [f"g{number}" for number in random.integers(0, 60, 600)]
    corpus = corpus_of([["x"]] * 600, source=groups)
    rows = split_rows(corpus, TRAIN_TEST, "group", "source", seed=1)
    train, test = ({groups[i] for i in rows[name]} for name in ("train", "test"))
    assert not train & test
    assert abs(len(rows["test"]) - 120) <= 12


def test_parts_named_by_a_field():
    corpus = corpus_of([["x"]] * 5, part=["dev", "train", "train", "dev", ""])
    parts = split(corpus, method="field", field="part")
    assert {name: part.texts for name, part in parts.items()} == {
        "dev": ["t0", "t3"], "train": ["t1", "t2"], "": ["t4"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fractions": {"a": 0.5, "b": 0.4}}, r"sum to 1, got 0\.5 \+ 0\.4"),
        ({"fractions": {"a": 1.0}}, "at least two parts"),
        ({"fractions": {"a": 1.2, "b": -0.2}}, "above 0"),
        ({"fractions": {"a": float("nan"), "b": 0.5}}, "above 0"),
        ({"fractions": None}, "fractions are needed"),
        ({"fractions": TRAIN_TEST, "method": "group"}, "needs a field"),
        ({"fractions": TRAIN_TEST, "field": "g"}, "has no use for a field"),
        ({"fractions": TRAIN_TEST, "method": "field", "field": "g"}, "not from fractions"),
        ({"fractions": TRAIN_TEST, "method": "stratify"}, "did you mean 'stratified'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ConfigError, match=message):
        split(corpus_of([["x"]] * 4, g=["a"] * 4), **arguments)


def test_data_that_does_not_fit():
    with pytest.raises(InputError, match="the part 'test' would have none of the 4 documents"):
        split(corpus_of([["x"]] * 4), {"train": 0.95, "test": 0.05})
    with pytest.raises(InputError, match=r"the field 'g' was not kept \(read with keep_fields \[g\]"):
        split(corpus_of([["x"]] * 4), TRAIN_TEST, method="group", field="g")
    with pytest.raises(InputError, match="would have none"):
        split(corpus_of([["x"]] * 4, g=["a"] * 4), TRAIN_TEST, method="group", field="g")
