"""What holds for every metric of the table."""

from __future__ import annotations

import json

import numpy as np
import pytest
from metric_cases import Case, all_metrics, make_case
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics import DEFAULT, METRICS
from manylabel.metrics.evaluate import evaluate
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings

NAMES = all_metrics(1, 2, 4)
PLAIN = {"metrics": NAMES, "n_bootstrap": 0}


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case(seed=5, n=40, n_model=12, k=7, n_extra=3, density=0.12)


@pytest.fixture(scope="module")
def result(case: Case) -> Evaluation:
    return evaluate(case.topk, case.corpus, top_n=2, **PLAIN)


def everything(evaluation: Evaluation) -> dict[str, dict]:
    return {"all": evaluation.values, **{name: group.values for name, group in evaluation.groups.items()}}


def assert_equal(one: Evaluation, other: Evaluation, *, exact: bool = False) -> None:
    for view, values in everything(one).items():
        assert everything(other)[view] == (values if exact else pytest.approx(values, abs=1e-12, rel=1e-12)), view


@pytest.mark.parametrize("entry", METRICS)
def test_perfect_predictions_have_the_best_value(entry: str) -> None:
    truth = np.eye(6, dtype=bool)[[0, 1, 2, 3, 4, 5, 0]]
    space = LabelSpace([f"l{i}" for i in range(6)], counts=np.array([200, 100, 99, 10, 9, 1]), n_documents=300)
    topk = TopK.from_dense(truth.astype(np.float32), 6, labels=space)
    name = entry.replace("@k", "@1")
    result = evaluate(topk, Corpus([""] * 7, csr_matrix(truth), space), metrics=[name], n_bootstrap=20)
    best = 0.0 if METRICS.load(entry).lower_is_better else 1.0
    assert result.values == {name: pytest.approx(best, abs=1e-12)}
    assert [group.values[name] for group in result.groups.values()] == [
        pytest.approx(best, abs=1e-12),
        pytest.approx(best, abs=1e-12),
        pytest.approx(best, abs=1e-12),
        None,
    ]


@pytest.mark.parametrize("entry", METRICS)
def test_predictions_without_a_hit_have_the_worst_value(entry: str) -> None:
    space = LabelSpace(["a", "b"], counts=np.array([5, 5]), n_documents=10)
    topk = TopK(np.array([[1], [0]], np.int32), np.array([[0.9], [0.8]], np.float32), labels=space)
    corpus = Corpus(["", ""], csr_matrix(np.eye(2, dtype=bool)), space)
    result = evaluate(topk, corpus, metrics=[entry.replace("@k", "@1")], n_bootstrap=0)
    assert list(result.values.values()) == [1.0 if METRICS.load(entry).lower_is_better else 0.0]


@pytest.mark.parametrize("entry", METRICS)
def test_every_metric_is_documented_and_has_its_one_line(entry: str) -> None:
    metric = METRICS.load(entry)
    assert metric.function.__doc__
    assert METRICS[entry].summary


def test_the_order_of_documents_does_not_matter(case: Case, result: Evaluation) -> None:
    order = np.random.default_rng(1).permutation(len(case.topk))
    assert_equal(result, evaluate(case.topk[order], case.corpus.select(order), top_n=2, **PLAIN))


def test_the_numbering_of_labels_does_not_matter(case: Case, result: Evaluation) -> None:
    labels = case.topk.labels
    order = np.random.default_rng(2).permutation(len(labels))
    back = np.argsort(order).astype(np.int32)
    renamed = LabelSpace([labels.names[i] for i in order], counts=labels.counts[order], n_documents=labels.n_documents)
    assert_equal(result, evaluate(case.topk.relabel(back, renamed), case.corpus, top_n=2, **PLAIN))


def test_sparse_and_dense_truth_and_label_sets_agree(case: Case) -> None:
    settings = Settings(**PLAIN)
    dense = Evaluator(case.topk.labels, settings, test_labels=case.corpus.labels)
    dense.update(case.topk, case.corpus.positives.toarray(), case.sets)
    sparse = evaluate(case.topk, case.corpus, label_sets=csr_matrix(case.sets), **PLAIN)
    assert_equal(sparse, dense.result(), exact=True)


def test_stored_zeros_unsorted_columns_and_duplicates_are_read_as_what_they_mean(
    case: Case, result: Evaluation
) -> None:
    positives = case.corpus.positives.tocoo()
    rows = np.concatenate([positives.row, positives.row, [0, 1]])
    columns = np.concatenate([positives.col, positives.col, [0, 0]])
    order = np.lexsort((-columns, rows))
    data = np.concatenate([np.ones(2 * positives.nnz), [0, 0]])[order]
    indptr = np.searchsorted(rows[order], np.arange(len(case.topk) + 1))
    odd = csr_matrix((data, columns[order], indptr), shape=case.corpus.positives.shape)
    copy = odd.copy()
    evaluator = Evaluator(case.topk.labels, Settings(top_n=2, **PLAIN), test_labels=case.corpus.labels)
    assert_equal(result, evaluator.update(case.topk, odd).result(), exact=True)
    assert (odd.data == copy.data).all()
    assert (odd.indices == copy.indices).all()


@pytest.mark.parametrize("sizes", [[1] * 40, [13, 27], [40], [39, 0, 1]])
def test_batches_and_shards_give_exactly_the_whole(case: Case, result: Evaluation, sizes: list[int]) -> None:
    settings = Settings(top_n=2, metrics=NAMES, n_bootstrap=30)
    whole = evaluate(case.topk, case.corpus, top_n=2, metrics=NAMES, n_bootstrap=30)
    batched = Evaluator(case.topk.labels, settings, test_labels=case.corpus.labels)
    merged = Evaluator(case.topk.labels, settings, test_labels=case.corpus.labels)
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        rows = slice(int(end) - size, int(end))
        batched.update(case.topk[rows], case.corpus.positives[rows])
        shard = Evaluator(case.topk.labels, settings, test_labels=case.corpus.labels)
        merged.merge(shard.update(case.topk[rows], case.corpus.positives[rows]))
    for other in (batched.result(), merged.result()):
        assert other.to_dict(labels=True) == whole.to_dict(labels=True)
    assert_equal(result, whole, exact=True)


def test_a_result_in_between_changes_nothing(case: Case) -> None:
    evaluator = Evaluator(case.topk.labels, Settings(top_n=2, **PLAIN), test_labels=case.corpus.labels)
    evaluator.update(case.topk[:15], case.corpus.positives[:15])
    first = evaluator.result().to_dict()
    assert evaluator.result().to_dict() == first
    evaluator.update(case.topk[15:], case.corpus.positives[15:])
    assert evaluator.result().to_dict() == evaluate(case.topk, case.corpus, top_n=2, **PLAIN).to_dict()


def test_a_group_of_all_labels_has_the_values_of_the_whole() -> None:
    case = make_case(seed=9, n=30, n_model=8, k=8, full=True)
    labels = case.topk.labels.with_counts(csr_matrix(np.ones((120, 8), dtype=bool)))
    topk = TopK(case.topk.indices, case.topk.scores, labels=labels)
    result = evaluate(topk, case.corpus, top_n=3, **PLAIN)
    assert result.groups["head"].values == pytest.approx(result.values, abs=1e-12)
    assert result.groups["head"].labels == 8


@pytest.mark.parametrize("entry", ["R@k", "hit@k", "coverage@k"])
def test_what_can_only_grow_with_k_grows(entry: str, case: Case) -> None:
    names = [entry.replace("@k", f"@{k}") for k in range(1, case.topk.k + 1)]
    evaluation = evaluate(case.topk, case.corpus, metrics=names, n_bootstrap=0)
    for values in everything(evaluation).values():
        series = [values[name] for name in names]
        assert series == sorted(series)
    assert len({evaluation.values[name] for name in names}) > 1


def test_documents_without_truth_are_left_out_of_every_metric(case: Case, result: Evaluation) -> None:
    labelled = np.flatnonzero(case.truth.any(axis=1))
    assert 0 < len(labelled) < len(case.topk)
    without = evaluate(case.topk[labelled], case.corpus.select(labelled), top_n=2, **PLAIN)
    assert_equal(result, without, exact=True)
    assert result.basis.documents == len(labelled)
    assert result.basis.documents_without_labels == len(case.topk) - len(labelled)


def test_inputs_stay_as_they_are(case: Case) -> None:
    before = [
        case.topk.indices.copy(),
        case.topk.scores.copy(),
        case.corpus.positives.copy(),
        case.topk.labels.counts.copy(),
    ]
    evaluate(case.topk, case.corpus, metrics=NAMES, n_bootstrap=10)
    assert (case.topk.indices == before[0]).all()
    assert (case.topk.scores == before[1]).all()
    assert (case.corpus.positives != before[2]).nnz == 0
    assert (case.topk.labels.counts == before[3]).all()


def test_the_report_can_be_written_as_json(case: Case) -> None:
    evaluation = evaluate(case.topk, case.corpus, metrics=NAMES, n_bootstrap=10)
    read = json.loads(json.dumps(evaluation.to_dict(labels=True), allow_nan=False))
    assert {name: read[name] for name in evaluation.values} == evaluation.values


def test_the_default_metrics_need_no_more_than_five_labels(case: Case) -> None:
    assert list(evaluate(case.topk.head(5), case.corpus, n_bootstrap=0).values) == list(DEFAULT)
